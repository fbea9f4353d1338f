package msg

import "github.com/troupe-node/troupe/actors/kit"

// The kinds of actors, as logs, `troupe status --actors` and the work graph name
// them.
const (
	KindRoot     = "root"
	KindStore    = "store"
	KindChain    = "chain"
	KindVerify   = "verify"
	KindMempool  = "mempool"
	KindTxFetch  = "txfetch"
	KindHeaders  = "headers"
	KindBlocks   = "blocks"
	KindMinter   = "minter"
	KindRegistry = "registry"
	KindListener = "listener"
	KindDialer   = "dialer"
	KindConn     = "conn"
	KindRPC      = "rpc"
	KindObserver = "observer"
	KindOutside  = "outside" // main, HTTP handlers and tests: they wait, actors do not
)

// Cast is who plays whom. Root hands it to every actor in Wire once all are
// spawned; an actor that restarts keeps its Ref, so nobody needs another.
type Cast struct {
	Store, Chain, Verify, Mempool, TxFetch, Headers, Blocks kit.Ref
	Minter, Registry, Listener, Dialer, RPC, Observer       kit.Ref
}

// Barrier asks an actor to answer Done once everything that it was sent before
// has had its effect, the answers of others included.
// Sender: outside (syncwithvalidationinterfacequeue, tests). Answer: *Done.
type Barrier struct{}

// Done is the plain answer to a call: Err is nil when it was carried out.
type Done struct{ Err error }

// Tick is the timer on which an actor looks at the node's clock for what has
// come due.
type Tick struct{}

var (
	_ = kit.Register[*Barrier](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work,
		From:  []string{KindOutside},
		To:    []string{KindChain, KindMempool, KindHeaders, KindBlocks, KindMinter, KindRegistry, KindTxFetch},
		Reply: "*Done; silence means that the actor is stuck or gone",
		Doc:   "answer when everything sent before has had its effect",
	})
	_ = kit.Register[*Done](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{"every"}, To: []string{"every"},
		Doc: "the call was carried out, or why not",
	})
	_ = kit.Register[Tick](kit.Message{
		Lane: kit.Control, Role: kit.Tick, From: []string{"every"}, To: []string{"every"},
		Doc: "look at the clock",
	})
)
