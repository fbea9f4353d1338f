package flood

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/lab/peer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// Kind is what is pushed.
type Kind string

// The kinds.
const (
	Txs    Kind = "tx"
	Blocks Kind = "blocks"
)

// Options say what to push, and where.
type Options struct {
	Kind        Kind
	Target      string // address and port in numbers, of this machine
	Connections int
	Count       int    // transactions or blocks
	Rate        int    // of them a second, all connections together; 0: as fast as it goes
	Seed        uint64 // of everything that is forged
	PerBlock    int    // transactions of each block
	Shape       Shape  // Txs: what they look like
	// Greedy, above one, is how many times what each of the others offers the first
	// connection does.
	Greedy int
	// Mined is how many blocks of transactions that the pool has arrive while others
	// pour in (Txs), and as many before, while all is quiet.
	Mined int

	// PoolSize tells how many transactions wait in the node, if there is a way to ask.
	PoolSize func(context.Context) (int, error)
	// Forged, if set, is shown the transactions of a flood.
	Forged func([]*tx.Tx)
	// Started and Ended, if set, are called around the flood itself, when the node is
	// prepared and everything is forged.
	Started, Ended func()
	// Progress is told now and then, from one goroutine.
	Progress func(State)
}

// Stage is what a flood is busy with.
type Stage string

// The stages, in order.
const (
	Forging   Stage = "forging"
	Preparing Stage = "preparing the node's chain"
	Pushing   Stage = "pushing"
	Settling  Stage = "waiting for the last"
)

// State is how far a flood is.
type State struct {
	Stage    Stage
	Done, Of int64 // things worked off by the node
	Sent     int64
}

// flood is one of them under way.
type flood struct {
	Options
	params *consensus.Params
	forge  *forge.Forge
	count  counters
	accept *latencies // from sending to the pong behind
	pings  *latencies // of the quiet connection
	shares *shares    // of the connections
	mined  *Mined     // blocks in a flood of transactions
	beside sync.WaitGroup
	probe  *probe // of the node's process, nil when it cannot be found
}

// Run floods a node and says how it fared.
func Run(ctx context.Context, o Options) (*Result, error) {
	if err := peer.CheckLocal(o.Target); err != nil {
		return nil, fmt.Errorf("a flood is refused: %w", err)
	}
	if o.Connections < 1 || o.Count < 1 {
		return nil, fmt.Errorf("%d over %d connections is no flood", o.Count, o.Connections)
	}
	if o.Mined > 0 && o.Shape != Payments || o.Greedy > 1 && o.Connections < 3 {
		return nil, errors.New("blocks need independent payments, and greed somebody to be compared with and the others")
	}
	p, err := consensus.ParamsFor("regtest")
	if err != nil {
		return nil, err
	}
	f := &flood{Options: o, params: p, accept: newLatencies(), pings: newLatencies()}
	if f.forge, err = forge.New(fmt.Sprintf("flood %d", o.Seed), p); err != nil {
		return nil, err
	}
	f.probe = findProcess(o.Target)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := f.tellProgress()
	defer stop()
	switch o.Kind {
	case Txs:
		return f.txs(ctx)
	case Blocks:
		return f.blocks(ctx)
	}
	return nil, fmt.Errorf("there is no flood of %q", o.Kind)
}

// progressEvery is how often progress is told.
const progressEvery = 100 * time.Millisecond

func (f *flood) tellProgress() (stop func()) {
	if f.Progress == nil {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				f.Progress(f.count.state(int64(f.Count)))
			case <-quit:
				f.Progress(f.count.state(int64(f.Count)))
				return
			}
		}
	}()
	return func() { close(quit); <-done }
}

// hello is how connection i presents itself.
func (f *flood) hello(i int, height int32, relay bool) peer.Hello {
	return peer.Hello{
		Magic: wire.Magic(f.params.Magic), Services: wire.NodeNetwork | wire.NodeWitness, UserAgent: "/troupe-lab:flood/",
		Height: height, Relay: relay, WTxIDs: true, Nonce: f.Seed<<16 ^ uint64(i)<<1 ^ uint64(time.Now().UnixNano()),
	}
}

// errClosed says that the node hung up.
var errClosed = errors.New("the node closed a connection of the flood (see its log for the reason)")
