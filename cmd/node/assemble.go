package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/troupe-node/troupe/actors"
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/listener"
	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/mempool/estimate"
	"github.com/troupe-node/troupe/rpc"
	"github.com/troupe-node/troupe/tx"
)

// storeDir is the store's folder below the chain's.
const storeDir = "store"

// runNode plays a node until ctx ends, RPC says stop, or an actor fails without
// which it must not go on.
func runNode(ctx context.Context, s *session, ready func(readiness) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if err := mendStore(ctx, s); err != nil {
		return err
	}
	a, err := prepare(s)
	if err != nil {
		return err
	}
	if s.Config.RPC.Server {
		if err := a.openDoor(func() { stop(errStopped) }); err != nil {
			return errors.Join(err, a.abandon())
		}
	}
	a.options.Quit = func() { stop(errStopHeight) }
	node, err := a.start()
	if err != nil {
		return err
	}
	if a.door != nil {
		a.door.Ready()
	}
	return a.live(ctx, node, ready)
}

// openDoor lets RPC in. Until the node is ready, callers hear that it is starting.
func (a *assembly) openDoor(stop func()) (err error) {
	if a.door, err = rpc.OpenDoor(&a.Config.RPC, a.Log); err != nil {
		a.door = nil
		code := exitUnexpected
		if errors.Is(err, rpc.ErrAddressInUse) {
			code = exitAddress
		}
		return fail(code, noHTTPServer, err.Error(), "choose another -rpcport or -rpcbind, or -server=0 to do without").because(err)
	}
	a.options.RPC = func(n *actors.Node) (kit.Spec, error) {
		return a.door.Spec(&rpc.Node{
			Board: n.Board, Cast: n.Cast, System: n.System, Config: &a.Config, Log: a.Log,
			Limits: n.TemplateLimits(), Services: n.Services(), UserAgent: n.UserAgent, Started: time.Now(),
			Barrier: n.Barrier, Stop: stop,
		})
	}
	return nil
}

var (
	errStopped    = errors.New("asked to by RPC")
	errStopHeight = errors.New("the height of -stopatheight is reached")
)

// assembly is what a node is put together from.
type assembly struct {
	*session
	options actors.Options
	door    *rpc.Door // nil without RPC
}

// prepare opens what may fail for reasons that a person can mend: parameters,
// sockets, store.
func prepare(s *session) (*assembly, error) {
	c := &s.Config
	params, err := actors.ParamsOf(c)
	if err != nil {
		return nil, fail(exitConfig, "the chain's parameters are wrong", err.Error(), "check the options named")
	}
	a := &assembly{session: s}
	a.options = actors.Options{
		Config: c, Params: params, Env: kit.NewReal(), Log: s.Log,
		UserAgent: c.Network.UserAgent(agentName, build().Version),
		PoolFile:  filepath.Join(c.ChainDir, "mempool.dat"),
		FeesFile:  filepath.Join(c.ChainDir, estimate.FileName),
		Free:      func() (uint64, error) { return chainstore.DiskFree(c.ChainDir) },
	}
	if c.Chain == config.Signet { // there are many, and only their challenges tell them apart
		logs.ConfigNote.Log(s.Log, logs.Detail.Is(fmt.Sprintf("Signet derived magic (message start): %x", params.Magic)))
	}
	if c.Minter.Address != "" {
		if a.options.PayTo, err = address.Decode(c.Minter.Address, string(c.Chain)); err != nil {
			return nil, fail(exitConfig, "-minteraddress="+c.Minter.Address+" is no address of this chain", err.Error(), "use one that begins as "+string(c.Chain)+"'s do")
		}
	}
	if c.Store.Memory > 0 {
		debug.SetMemoryLimit(c.Store.Memory)
	}
	if err := a.listen(); err != nil {
		return nil, err
	}
	return a, a.open()
}

// open opens the store, and closes everything when it cannot.
func (a *assembly) open() (err error) {
	if a.options.Store, err = openStore(a.session, a.options.Params); err != nil {
		a.options.Store = nil
		return errors.Join(err, a.abandon())
	}
	if err := a.checkClock(); err != nil {
		return errors.Join(err, a.abandon())
	}
	return nil
}

const blocksFromFuture = "The block database contains a block which appears to be from the future. This may be due to your computer's date and time being set incorrectly. Only rebuild the block database if you are sure that your computer's date and time are correct."

// checkClock refuses to start on a chain whose tip no node would take at this time
// (Core's VerifyLoadedChainstate): most often it is the clock that is wrong, and with
// it we would take no new block, and blame whoever sends one.
func (a *assembly) checkClock() error {
	snap, err := a.options.Store.Snapshot()
	if err != nil {
		return fail(exitUnexpected, "the chain store cannot be read", "", "").because(err)
	}
	defer snap.Release()
	raw, err := snap.Block(snap.Tip())
	if errors.Is(err, chainstore.ErrNotFound) {
		return nil // a new store
	}
	if err != nil {
		return fail(exitCorrupt, "the chain store is damaged", "", "").because(err)
	}
	b, err := tx.ParseBlock(raw)
	if err != nil {
		return fail(exitCorrupt, "the chain store is damaged", "", "").because(err)
	}
	now := time.Now()
	if t := a.Config.Process.MockTime; t > 0 {
		now = time.Unix(t, 0)
	}
	if ahead := int64(b.Header.Time) - now.Unix(); ahead > consensus.MaxFutureBlockTime {
		return fail(exitUnexpected, blocksFromFuture, fmt.Sprintf("the tip is of %s, and the clock says %s",
			time.Unix(int64(b.Header.Time), 0).UTC().Format(time.DateTime), now.UTC().Format(time.DateTime)),
			"Please restart with -reindex or -reindex-chainstate to recover.")
	}
	return nil
}

// storeOptions are what the chain's database is opened with.
func storeOptions(s *session, params *consensus.Params) chainstore.Options {
	memory := chainstore.DefaultMemory
	if s.Config.Chain == config.Regtest {
		memory = chainstore.SmallMemory
	}
	return chainstore.Options{
		Network: string(s.Config.Chain), Magic: params.Magic, CreatedBy: build().line(), Memory: memory,
		Log: func(level chainstore.LogLevel, text string) {
			event := logs.StoreNote
			if level >= chainstore.LogWarning {
				event = logs.StoreWarn
			}
			event.Log(s.Log, logs.Detail.Is(strings.TrimSpace(text)))
		},
	}
}

// leastRoom, in bytes, is what a node must find on the disk to start: the database maps its
// files into memory, and a write to a mapped file for which there is no room kills the process.
const leastRoom = 64 << 20

// openStore opens the chain's database and says what to do when it cannot.
func openStore(s *session, params *consensus.Params) (*chainstore.Badger, error) {
	start := time.Now()
	if free, err := chainstore.DiskFree(s.Config.ChainDir); err == nil && free < leastRoom {
		return nil, fail(exitDisk, "the disk of "+s.Config.ChainDir+" is full",
			fmt.Sprintf("%d MiB are free, and a node needs %d to start", free>>20, leastRoom>>20), "make room, or put -datadir on another disk")
	}
	dir := storePath(s)
	store, err := chainstore.Open(dir, storeOptions(s, params))
	switch {
	case errors.Is(err, chainstore.ErrFormat), errors.Is(err, chainstore.ErrNetwork):
		return nil, fail(exitFormat, "the chain store cannot be used", err.Error(), "").because(err)
	case errors.Is(err, chainstore.ErrCorrupt):
		return nil, fail(exitCorrupt, "the chain store is damaged", err.Error(), "").because(err)
	case err != nil:
		return nil, fail(exitUnexpected, "the chain store cannot be opened", err.Error(), "check the path and its permissions").because(err)
	}
	state := store.State()
	logs.StoreOpened.Log(s.Log, logs.Path.Is(dir), logs.Seq.Is(int64(state.Seq)), logs.Hash.Is(state.Tip), logs.TookMS.Is(time.Since(start)))
	return store, nil
}

// listen opens the sockets for peers. An address that was asked for by name must
// be had; of the default ones, one is enough.
func (a *assembly) listen() error {
	c := &a.Config.Network
	if !c.Listen {
		return nil
	}
	var last error
	open := func(addr string, p config.Permission, onion, must bool) error {
		l, err := net.Listen(listener.Network(addr), addr)
		if err != nil {
			last = err
			logs.ListenFailed.Log(a.Log, logs.Listen.Is(addr), logs.Err.Is(err))
			if must {
				fix := "another node may be running: choose another -port or -bind"
				if errors.Is(err, syscall.EADDRNOTAVAIL) {
					fix = "the address is not this computer's: choose another -bind"
				}
				return fail(exitAddress, fmt.Sprintf("Unable to bind to %s on this computer.", addr), err.Error(), fix).because(err)
			}
			return nil
		}
		a.options.Listeners = append(a.options.Listeners, l)
		a.options.Addresses = append(a.options.Addresses, listener.Address{Addr: l.Addr().String(), Permissions: p, Onion: onion})
		return nil
	}
	for _, b := range c.Bind {
		if err := open(b.Addr.String(), 0, b.Onion, c.BindGiven); err != nil {
			return errors.Join(err, a.abandon())
		}
	}
	for _, w := range c.WhiteBind {
		if err := open(w.Addr.String(), w.Permissions, false, true); err != nil {
			return errors.Join(err, a.abandon())
		}
	}
	if len(a.options.Listeners) == 0 && last != nil {
		return fail(exitAddress, "Failed to listen on any port.", last.Error(), "use -listen=0 if you want this").because(last)
	}
	return nil
}

// abandon closes what was opened for a node that will not be.
func (a *assembly) abandon() error {
	var errs []error
	for _, l := range a.options.Listeners {
		errs = append(errs, l.Close())
	}
	if a.door != nil {
		errs = append(errs, a.door.Close())
	}
	if a.options.Store != nil {
		errs = append(errs, a.options.Store.Close())
	}
	return errors.Join(errs...)
}

func (a *assembly) start() (*actors.Node, error) {
	node, err := actors.Start(a.options)
	if err == nil {
		return node, nil
	}
	if errors.Is(err, chainstore.ErrCorrupt) {
		return nil, fail(exitCorrupt, "the chain store is damaged", err.Error(), "").because(err)
	}
	return nil, fail(exitUnexpected, "the node cannot start", err.Error(), "").because(err)
}

// live waits for the end, and brings it about in order.
func (a *assembly) live(ctx context.Context, node *actors.Node, ready func(readiness) error) (err error) {
	r := readiness{Height: node.Board.Tip().Tip().Height()}
	for _, l := range a.options.Listeners {
		r.P2P = append(r.P2P, l.Addr().String())
	}
	if a.door != nil {
		for _, addr := range a.door.Addresses() {
			r.RPC = append(r.RPC, "http://"+addr)
		}
	}
	beside := a.beside(ctx, node)
	defer beside()
	started := make(chan error, 1)
	go func() { started <- ready(r) }()
	for running := true; running; {
		select {
		case err = <-started:
			started = nil
			running = err == nil
		case <-ctx.Done():
			running = false
		case failure := <-node.Fatal():
			logs.NodeFailed.Log(a.Log, logs.Err.Is(failure), logs.Code.Is(exitFatalActor))
			err = fail(exitFatalActor, "an actor failed without which the node must not go on", failure.Error(), "start again; if it happens again, report the log").because(failure)
			running = false
		}
	}
	if started != nil {
		defer func() { <-started }() // it sees RPC go away, and ends
	}
	a.tellOfStop()
	return errors.Join(err, a.end(node))
}

// end stops the cast and reports who was late and what was lost.
func (a *assembly) end(node *actors.Node) error {
	report := node.Stop(context.Background())
	for _, late := range report.Late {
		logs.NodeLate.Log(a.Log, logs.Stage.Is("stop"), logs.Actor.Is(late), logs.TookMS.Is(report.Took))
	}
	return nil
}
