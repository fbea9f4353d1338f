// Package txindex is the actor behind -txindex: it keeps where each transaction of
// the chain is.
//
// It follows the chain as far as that is committed, block after block, from
// wherever the index ends: after a start, a crash or a reorganisation alike. Blocks are
// read and their entries made in a goroutine, a slice of bounded size at a time, and
// store commits them together with the new position. Readers use the view on the
// board and snapshots, never a message.
//
// It never decides about the chain and never writes. Start reading at [Spec].
package txindex

import (
	"context"
	"fmt"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/chainstore/txindex"
)

// Deps is what the actor is made of.
type Deps struct {
	Board *msg.Board
	Cast  *msg.Cast
	Log   Log
}

// Log is told what people want to know of the index.
type Log interface {
	// IndexProgress is called every ten seconds while the index catches up.
	IndexProgress(name string, height, of int32)
	// IndexSynced is called when it has reached the tip for the first time.
	IndexSynced(name string, height int32, took time.Duration)
}

const (
	name = "txindex"
	// patience is how long store may take: it may be in the middle of a flush.
	patience = 10 * time.Minute
	// progressEvery is how often the log hears of a long way.
	progressEvery = 10 * time.Second
)

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	return kit.Spec{
		Kind: msg.KindTxIndex, Name: msg.KindTxIndex,
		// An index that cannot go on is not left behind silently.
		Policy: kit.Restart(3, time.Minute, time.Second, kit.Fatal),
		New:    func() kit.Actor { return &index{Deps: d} },
	}
}

type index struct {
	Deps
	best     *chainstate.Node // up to here it is committed; nil: not read yet
	next     *chainstate.Node // up to here when store has answered
	busy     bool
	synced   bool
	since    time.Duration
	told     time.Duration
	barriers []kit.ReplyTo
}

// sliced brings the entries of the next blocks.
type sliced struct {
	from, to *chainstate.Node // equal when there is nothing to do
	records  []chainstore.Record
	err      error
}

var _ = kit.Register[*sliced](kit.Message{
	Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindTxIndex}, To: []string{msg.KindTxIndex},
	Doc: "from its own goroutine: entries of the next blocks",
})

// Receive handles one message.
func (x *index) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		x.since, x.told = k.Mono(), k.Mono()
		k.Every(100*time.Millisecond, msg.Tick{})
		x.step(k)
	case *msg.TipChanged, msg.Tick:
		x.step(k)
	case *sliced:
		x.onSlice(k, m)
	case *msg.RecordsWritten:
		x.busy = false
		x.moved(x.next)
		x.step(k)
	case *msg.Barrier:
		x.barriers = append(x.barriers, k.ReplyTo())
		if !x.synced { // nobody waits for an index that is being built, as in Core
			x.answer()
		}
		x.step(k)
	case kit.Timeout:
		k.Fail(fmt.Errorf("store does not write: %w", m.Err))
	}
}

// step makes the next slice, if there is one and none is under way.
func (x *index) step(k *kit.Context) {
	if x.busy {
		return
	}
	if c := committed(x.Board); x.best != nil && c != nil && x.best.Descends(c) {
		x.settle(k) // at the tip, or above one that went back
		return
	}
	x.busy = true
	self, board, from := k.Self(), x.Board, x.best
	k.Go("slice", func(ctx context.Context) {
		if s := slice(ctx, board, from); s != nil {
			self.Post(s)
		}
	})
}

func (x *index) onSlice(k *kit.Context, s *sliced) {
	if s.err != nil {
		k.Fail(fmt.Errorf("indexing transactions: %w", s.err))
	}
	if x.best == nil {
		x.moved(s.from)
	}
	if s.to == s.from {
		x.busy = false
		x.settle(k)
		return
	}
	x.next = s.to
	bytes := 0
	for i := range s.records {
		bytes += 64 + len(s.records[i].Key) + len(s.records[i].Value)
	}
	switch _, result := k.Call(x.Cast.Store(), &msg.WriteRecords{Records: s.records, Bytes: bytes}, patience); result {
	case kit.Ok:
	case kit.Dead:
		k.Stop(nil) // the node is stopping
	default:
		x.busy = false // the next tick tries again
	}
	if now := k.Mono(); !x.synced && now-x.told >= progressEvery {
		x.told = now
		x.Log.IndexProgress(name, x.best.Height(), x.Board.Tip().Tip().Height())
	}
}

// moved publishes how far the index is.
func (x *index) moved(to *chainstate.Node) {
	x.best = to
	x.Board.PublishTxIndex(msg.NewTxIndex(x.Board, to, x.synced))
}

// settle is for when nothing is left to do. Whoever waits for the index waits for the
// published tip, which the store may not have yet.
func (x *index) settle(k *kit.Context) {
	if !x.synced && x.best == x.Board.Tip().Tip() {
		x.synced = true
		x.moved(x.best)
		x.Log.IndexSynced(name, x.best.Height(), k.Mono()-x.since)
	}
	if !x.synced || x.Board.Store.State().Tip == x.Board.Tip().Tip().Hash() {
		x.answer()
	}
}

func (x *index) answer() {
	for _, r := range x.barriers {
		r.Reply(&msg.Done{})
	}
	x.barriers = nil
}

// committed is the last block whose body is sure to be in the store.
func committed(b *msg.Board) *chainstate.Node { return b.Index.Get(b.Store.State().Tip) }

// What a slice takes at most.
const (
	sliceBlocks = 500
	sliceTxs    = 8_000
)

// slice reads the next blocks after from, and makes their entries. A nil from
// asks for where the index ends. It returns nil when the actor has ended.
func slice(ctx context.Context, board *msg.Board, from *chainstate.Node) *sliced {
	snap, err := board.Store.Snapshot()
	if err != nil {
		return &sliced{err: err}
	}
	defer snap.Release()
	if from == nil {
		if from, err = readPosition(board, snap); err != nil {
			return &sliced{err: err}
		}
	}
	s := &sliced{from: from, to: from}
	tip := board.Index.Get(snap.Tip())
	if tip == nil || from.Descends(tip) {
		return s // the chain went back, or is being built anew: it will come by here or branch off
	}
	// Entries of blocks that left the chain stay: they point to where the
	// transaction is not, and are not found.
	for h := chainstate.Fork(from, tip).Height() + 1; h <= tip.Height() && int(h-from.Height()) <= sliceBlocks && len(s.records) < sliceTxs; h++ {
		if ctx.Err() != nil {
			return nil
		}
		n := tip.At(h)
		b, err := chainstate.ReadBlock(snap, n)
		if err != nil {
			return &sliced{err: fmt.Errorf("block %s at height %d: %w", n.Hash(), h, err)}
		}
		s.records = txindex.Append(s.records, b, h)
		s.to = n
	}
	s.records = append(s.records, txindex.Position(s.to.Hash()))
	return s
}

// readPosition is where the index ends; genesis, whose coinbase is no
// transaction that anybody could spend, when there is none for this chain.
func readPosition(board *msg.Board, snap *chainstore.Snapshot) (*chainstate.Node, error) {
	hash, ok, err := txindex.ReadPosition(snap)
	if err != nil {
		return nil, err
	}
	if n := board.Index.Get(hash); ok && n != nil {
		return n, nil
	}
	return board.Index.Get(board.Params.GenesisHash), nil
}
