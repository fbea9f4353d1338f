// Package chain is the actor that owns the chain: header tree, tip, coins and
// their undoing.
//
// It is a shell around [chainstate.Machine], which decides everything: the actor
// hands in headers, blocks, results and the time, and carries out what the
// machine asks for. Scripts go to verify, writes and reads ahead to store, and
// what readers may see to the board, in that order: a verdict never leaves
// before the view that shows it.
//
// A failure here ends the process. Start reading at [Spec], then effects.go.
package chain

import (
	"fmt"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/tx"
)

// Deps is what the actor is made of.
type Deps struct {
	Board   *msg.Board
	Cast    *msg.Cast
	Options chainstate.Options
	Log     Log
	// PruneTarget is how many bytes bodies and undo data may take; 0: delete them
	// only on command.
	PruneTarget int64
	// Opened is told the first view, or why there is none, before any message.
	Opened func(*chainstate.Snapshot, error)
}

// Log is told what people want to know of the chain.
type Log interface {
	// TipMoved is called once for each block that was disconnected and then for
	// each that was connected, in order, and once at the end with what was
	// published.
	TipMoved(from, to *chainstate.Node, disconnected, connected int, snapshot *chainstate.Snapshot)
	// BlockRefused is told of every block that broke a rule, with Core's words.
	BlockRefused(v *chainstate.Verdict)
}

// patience is how long chain waits for store and verify before it takes their
// silence for a failure. The longest write is a flush of the whole cache.
const patience = 10 * time.Minute

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	var lanes kit.Lanes
	lanes[kit.Block] = kit.Limits{Messages: 1024, Bytes: 256 << 20}
	lanes[kit.Headers] = kit.Limits{Messages: 256, Bytes: 64 << 20}
	return kit.Spec{
		Kind: msg.KindChain, Name: msg.KindChain, Mailbox: lanes, Policy: kit.Fatal, Drain: true,
		New: func() kit.Actor {
			return &chain{Deps: d, waiting: map[uint64]submitter{}, pruner: pruner{target: d.PruneTarget}}
		},
	}
}

type chain struct {
	Deps
	machine *chainstate.Machine

	waiting  map[uint64]submitter // who submitted a block, by origin
	held     []held               // verdicts that wait for what their blocks completed
	origin   uint64               // last one given
	idle     []kit.ReplyTo        // who waits for the machine to have nothing to do
	flushes  []flush              // who waits for coins to be written
	pruner   pruner
	draining bool
	resuming bool // a resume is queued
}

// submitter waits for the verdict about a block. With the block a chain of blocks
// that were here before may become complete: the answer waits until that is
// decided about, too.
type submitter struct {
	reply     kit.ReplyTo
	completes *chainstate.Node
}

type held struct {
	submitter
	verdict chainstate.Verdict
}

// flush waits until the store holds the coins of a view.
type flush struct {
	reply kit.ReplyTo
	seq   uint64
}

// resume is the timer-like message by which chain goes on with work that it cut
// short for others to have their turn.
type resume struct{}

var _ = kit.Register[*resume](kit.Message{
	Lane: kit.Local, Full: kit.Conflate, Role: kit.Tick, From: []string{msg.KindChain}, To: []string{msg.KindChain},
	Doc: "go on with a long reorganisation",
})

// Receive handles one message.
func (c *chain) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		c.open(k)
		return
	case *msg.AddHeaders:
		last, err := c.machine.AddHeaders(k.Now().Unix(), m.Headers)
		if err != nil {
			c.Log.BlockRefused(&chainstate.Verdict{Hash: refused(m.Headers, last), Outcome: chainstate.Refused, Err: err})
		}
		c.effects(k)
		k.Reply(&msg.HeadersAdded{Last: last, Err: err})
		return
	case *msg.AddBlock:
		c.addBlock(k, m)
	case *msg.BlockChecked:
		c.machine.Verified(m.Job.ID, m.Err)
	case *msg.Written:
		c.machine.Committed(m.Write.ID)
		c.pruner.written(m.Write)
		if index := c.Cast.TxIndex(); m.Write.Tip() != nil && !index.IsZero() {
			k.Send(index, &msg.TipChanged{}) // it follows what is committed
		}
	case *msg.Loaded:
		c.machine.Loaded(m.Load)
	case *msg.ChainCommand:
		c.command(k, m)
	case *msg.FlushCoins:
		c.flushes = append(c.flushes, flush{k.ReplyTo(), c.Board.Tip().Seq()})
		c.machine.Flush()
	case *msg.PruneChain:
		c.order(k, m)
	case *msg.BodiesMeasured:
		c.measured(k, m)
	case *msg.Barrier:
		c.idle = append(c.idle, k.ReplyTo())
	case *resume:
		c.resuming = false
		c.machine.Continue()
	case msg.Tick:
		c.machine.Tick(k.Now().Unix())
		c.prune(k)
	case kit.Timeout:
		if !c.draining {
			k.Fail(fmt.Errorf("%s to %s: %w", m.Request, m.To, m.Err))
		}
		return
	case kit.Draining:
		c.draining = true
	case kit.Stopped:
		if c.machine != nil {
			c.machine.Close()
		}
		return
	}
	c.effects(k)
}

func (c *chain) open(k *kit.Context) {
	machine, err := chainstate.Open(c.Board.Params, c.Board.Store, k.Now().Unix(), c.Options)
	if err != nil {
		c.Opened(nil, err)
		k.Stop(nil) // main says it better than a stack would
		return
	}
	c.machine = machine
	c.Board.Index = machine.Index()
	c.effects(k)
	c.Opened(c.Board.Tip(), nil)
	c.measure(k)
	k.Every(100*time.Millisecond, msg.Tick{})
}

func (c *chain) addBlock(k *kit.Context, m *msg.AddBlock) {
	c.origin++
	c.waiting[c.origin] = submitter{reply: k.ReplyTo(), completes: c.machine.Completes(m.Block.Hash())}
	c.machine.AddBlock(k.Now().Unix(), m.Block, chainstate.Submission{
		Origin: c.origin, Checked: m.Checked, Requested: m.Requested,
	})
}

// command carries out an operator's order; the answer waits until the
// reorganisation that follows is over.
func (c *chain) command(k *kit.Context, m *msg.ChainCommand) {
	var err error
	switch m.What {
	case msg.InvalidateBlock:
		err = c.machine.Invalidate(m.Hash)
	case msg.ReconsiderBlock:
		err = c.machine.Reconsider(m.Hash)
	case msg.PreciousBlock:
		err = c.machine.Precious(m.Hash)
	}
	if err != nil {
		k.Reply(&msg.Done{Err: err})
		return
	}
	c.idle = append(c.idle, k.ReplyTo())
}

// refused is the first of some headers that was not taken, when last was the last
// one that was.
func refused(headers []tx.Header, last *chainstate.Node) tx.Hash {
	for i := range headers {
		if last == nil || headers[i].Prev == last.Hash() {
			return headers[i].Hash()
		}
	}
	return tx.Hash{}
}
