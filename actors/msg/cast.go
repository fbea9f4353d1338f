package msg

import (
	"sync"

	"github.com/troupe-node/troupe/actors/kit"
)

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
	KindTxIndex  = "txindex"
	KindNotify   = "notify"
	KindRPC      = "rpc"
	KindObserver = "observer"
	KindOutside  = "outside" // main, HTTP handlers and tests: they wait, actors do not
)

// Cast is who plays whom. Root fills it in as it spawns; an actor that restarts
// keeps its Ref, so nobody needs another. A part that is not played yet, or not
// at all, is a dead Ref.
type Cast struct{ refs sync.Map } // kind -> kit.Ref; written by root alone

// Play says who plays a part.
func (c *Cast) Play(kind string, r kit.Ref) { c.refs.Store(kind, r) }

// Ref is who plays the part of that kind; a dead Ref if nobody does.
func (c *Cast) Ref(kind string) kit.Ref {
	r, _ := c.refs.Load(kind)
	ref, _ := r.(kit.Ref)
	return ref
}

// The parts.
func (c *Cast) Store() kit.Ref    { return c.Ref(KindStore) }
func (c *Cast) Chain() kit.Ref    { return c.Ref(KindChain) }
func (c *Cast) Verify() kit.Ref   { return c.Ref(KindVerify) }
func (c *Cast) Mempool() kit.Ref  { return c.Ref(KindMempool) }
func (c *Cast) TxFetch() kit.Ref  { return c.Ref(KindTxFetch) }
func (c *Cast) Headers() kit.Ref  { return c.Ref(KindHeaders) }
func (c *Cast) Blocks() kit.Ref   { return c.Ref(KindBlocks) }
func (c *Cast) Minter() kit.Ref   { return c.Ref(KindMinter) }
func (c *Cast) Registry() kit.Ref { return c.Ref(KindRegistry) }
func (c *Cast) Listener() kit.Ref { return c.Ref(KindListener) }
func (c *Cast) Dialer() kit.Ref   { return c.Ref(KindDialer) }
func (c *Cast) TxIndex() kit.Ref  { return c.Ref(KindTxIndex) }
func (c *Cast) Notify() kit.Ref   { return c.Ref(KindNotify) }
func (c *Cast) RPC() kit.Ref      { return c.Ref(KindRPC) }
func (c *Cast) Observer() kit.Ref { return c.Ref(KindObserver) }
func (c *Cast) Root() kit.Ref     { return c.Ref(KindRoot) }

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
		To:    []string{KindChain, KindMempool, KindHeaders, KindBlocks, KindMinter, KindRegistry, KindTxFetch, KindTxIndex},
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
