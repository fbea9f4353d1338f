package actors

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"time"

	"github.com/troupe-node/troupe/actors/conn"
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/listener"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/actors/observer"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// Options say which node to play.
type Options struct {
	Config    *config.Config
	Params    *consensus.Params
	Store     chainstore.Store // open; the node closes it
	Env       kit.Env          // nil: the machine
	Log       *logs.Logger     // nil: silent
	UserAgent string
	PayTo     []byte // output script that the minter's rule pays to
	// Listeners are the sockets for peers, opened already, with their addresses.
	Listeners []net.Listener
	Addresses []listener.Address
	// PoolFile is where the pool is kept over a restart; empty keeps nothing.
	PoolFile string
	// FeesFile is where fee estimates are; empty keeps none.
	FeesFile string
	// Free tells the free bytes of the disk; nil where there is none.
	Free func() (uint64, error)
	// Quit asks for an ordered stop and returns at once; needed with -stopatheight.
	Quit func()
	// RPC makes the rpc actor; nil for a node without.
	RPC func(*Node) (kit.Spec, error)
}

// Node is a running node.
type Node struct {
	Options
	Board  *msg.Board
	Cast   *msg.Cast
	System *kit.System
	Ledger *kit.Ledger
	Heavy  *kit.Ledger // of messages that take far more memory than they have bytes
	Cache  *script.SigCache
	IDs    *msg.PeerIDs

	log  *observer.Log
	root kit.Ref
}

// Limits of what may be on its way from the peers through the actors: everything,
// and a reserve for the blocks and headers that we asked for.
var ledgerLimits = kit.LedgerLimits{
	General: kit.Credit{Messages: 1 << 17, Bytes: 128 << 20},
	Reserve: kit.Credit{Messages: 1 << 12, Bytes: 64 << 20},
}

// heavyLimits is what messages may take together that are far larger in memory than
// on the wire: two of the heaviest.
var heavyLimits = kit.LedgerLimits{General: kit.Credit{Messages: 1 << 12, Bytes: 256 << 20}}

// startPatience is how long loading the header tree may take.
const startPatience = 10 * time.Minute

// Start plays a node and returns when it answers everything. When it fails,
// nothing is left running, and the store is closed.
func Start(o Options) (*Node, error) {
	if o.Env == nil {
		o.Env = kit.NewReal()
	}
	n := &Node{Options: o, Board: &msg.Board{Params: o.Params, Store: o.Store, Upload: msg.NewUpload(o.Config.Network.UploadTarget)}, Cast: &msg.Cast{}, IDs: &msg.PeerIDs{}}
	n.log = &observer.Log{L: o.Log, Now: o.Env.Now}
	if t := o.Config.Process.MockTime; t > 0 {
		o.Env.SetMock(time.Unix(t, 0))
	}
	n.System = kit.NewSystem(o.Env, n.log.Listener())
	n.Ledger, n.Heavy = kit.NewLedger(o.Env, ledgerLimits), kit.NewLedger(o.Env, heavyLimits)
	n.Cache = script.NewSigCache(int(o.Config.Store.SigCache), secret())
	n.root = n.System.Spawn(rootSpec(n))
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	if _, err := n.System.Ask(ctx, n.root, &ready{}); err != nil {
		n.Stop(context.Background())
		return nil, fmt.Errorf("starting the node: %w", err)
	}
	return n, nil
}

// secret is a random salt. In a simulation nothing that is traced depends on it.
func secret() (s [32]byte) {
	rand.Read(s[:]) // never fails
	return s
}

// phases are the steps of the shutdown: nobody new, connections, who asks, the
// pool, the chain with its last commit, and at last the store.
var phases = []kit.Phase{
	{Name: "callers", Kinds: []string{msg.KindListener, msg.KindDialer}, Deadline: 2 * time.Second},
	{Name: "connections", Kinds: []string{msg.KindConn}, Deadline: 5 * time.Second},
	{Name: "fetchers", Kinds: []string{msg.KindHeaders, msg.KindBlocks, msg.KindTxFetch, msg.KindMinter}, Deadline: 5 * time.Second},
	{Name: "rpc", Kinds: []string{msg.KindRPC}, Deadline: 10 * time.Second},
	{Name: "pool", Kinds: []string{msg.KindMempool}, Deadline: 30 * time.Second},
	{Name: "chain", Kinds: []string{msg.KindChain}, Deadline: 10 * time.Minute},
	{Name: "indexes", Kinds: []string{msg.KindTxIndex}, Deadline: 10 * time.Second},
	{Name: "notify", Kinds: []string{msg.KindNotify}, Deadline: 5 * time.Second},
	{Name: "registry", Kinds: []string{msg.KindRegistry}, Deadline: 5 * time.Second},
	{Name: "workers", Kinds: []string{msg.KindVerify}, Deadline: 5 * time.Second},
	{Name: "store", Kinds: []string{msg.KindStore}, Deadline: time.Minute},
	{Name: "observer", Kinds: []string{msg.KindObserver}, Deadline: time.Second},
}

// Stop ends the node phase by phase, and says who was late and what was lost. It
// is called once.
func (n *Node) Stop(ctx context.Context) kit.StopReport { return n.System.Stop(ctx, phases...) }

// Fatal delivers the failure that ends the process, if one comes.
func (n *Node) Fatal() <-chan error { return n.System.Fatal() }

// Services are what we offer to peers.
func (n *Node) Services() wire.Services {
	s := wire.NodeWitness | wire.NodeNetworkLimited
	if !n.Config.Store.Prune {
		s |= wire.NodeNetwork
	}
	return s
}

// barrierOrder is the way of an effect through the cast.
var barrierOrder = []string{msg.KindHeaders, msg.KindBlocks, msg.KindChain, msg.KindTxFetch, msg.KindMempool, msg.KindMinter, msg.KindRegistry, msg.KindTxIndex}

// Barrier waits until everything that was sent to the cast before has had its
// effect (syncwithvalidationinterfacequeue).
func (n *Node) Barrier(ctx context.Context) error {
	for _, kind := range barrierOrder {
		if n.Cast.Ref(kind).IsZero() {
			continue // not played in this node
		}
		if _, err := n.System.Ask(ctx, n.Cast.Ref(kind), &msg.Barrier{}); err != nil {
			return fmt.Errorf("waiting for %s: %w", kind, err)
		}
	}
	return nil
}

// own are the addresses that others can reach us at. Names are left out: peers want
// numbers.
func (n *Node) own() (list []netaddr.AddrPort) {
	c := &n.Config.Network
	for _, e := range c.ExternalIP {
		if a, err := netaddr.Parse(e.Host); err == nil && c.Listen && a.IsRoutable() {
			list = append(list, netaddr.AddrPort{Addr: a, Port: e.Port})
		}
	}
	return list
}

// connNode is what all connections share.
func (n *Node) connNode() *conn.Node {
	c := &n.Config.Network
	return &conn.Node{
		Board: n.Board, Cast: n.Cast, Ledger: n.Ledger, Heavy: n.Heavy, Log: n.log,
		Magic: wire.Magic(n.Params.Magic), Services: n.Services(), UserAgent: n.UserAgent,
		BlocksOnly: n.Config.Mempool.BlocksOnly, Nonces: conn.NewNonces(secret()),
		Own: n.own(), HandshakeTimeout: c.PeerTimeout, MinRelayFee: int64(n.Config.Mempool.MinRelayFee),
	}
}
