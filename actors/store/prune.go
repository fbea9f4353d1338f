package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/tx"
)

// keepBlocks below the tip are never deleted (Core's MIN_BLOCKS_TO_KEEP). The
// machine has the last word; here it keeps the list short.
const keepBlocks = 288

// collectEvery is how long the value log is left alone after a collection.
const collectEvery = 10 * time.Second

// collector gives room back to the disk.
type collector interface {
	Collect(keepOn func() error) (freed int64, err error)
}

// collected comes from the goroutine that collects.
type collected struct {
	freed int64
	took  time.Duration
	err   error
}

var _ = kit.Register[*collected](kit.Message{
	Lane: kit.Control, Role: kit.Return, From: []string{msg.KindStore}, To: []string{msg.KindStore},
	Doc: "from its own goroutine: the room of deleted bodies was given back",
})

// garbage is the state of giving room back.
type garbage struct {
	some bool // bodies were deleted since the last collection began
	busy bool
	next time.Duration
}

// collect gives back the room of deleted bodies beside the writes.
func (s *store) collect(k *kit.Context) {
	c, ok := s.Store.(collector)
	if !ok || !s.garbage.some || s.garbage.busy || k.Mono() < s.garbage.next {
		return
	}
	s.garbage = garbage{busy: true}
	self, env := k.Self(), k.Env()
	k.Go("collect", func(ctx context.Context) {
		start := env.Mono()
		freed, err := c.Collect(ctx.Err)
		if ctx.Err() != nil {
			err = nil // the node stops; the rest is for the next time
		}
		self.Post(&collected{freed: freed, took: env.Mono() - start, err: err})
	})
}

func (s *store) onCollected(k *kit.Context, m *collected) {
	s.garbage.busy, s.garbage.next = false, k.Mono()+collectEvery
	if m.err != nil {
		k.Fail(fmt.Errorf("giving back the room of deleted blocks: %w", m.err))
	}
	s.Log.StoreCollected(m.freed, m.took)
}

// measure looks at what bodies and undo data take, beside everything else.
func (s *store) measure(k *kit.Context, m *msg.MeasureBodies) {
	reply, board := k.ReplyTo(), s.Board
	k.Go("measure", func(context.Context) { reply.Reply(measure(board, m)) })
}

func measure(board *msg.Board, m *msg.MeasureBodies) *msg.BodiesMeasured {
	answer := &msg.BodiesMeasured{Height: m.Height}
	snap, err := board.Store.Snapshot()
	if err != nil {
		answer.Err = err
		return answer
	}
	defer snap.Release()
	sizes := make(map[*chainstate.Node]int64)
	answer.Err = snap.Sizes(func(hash tx.Hash, bytes int64) error {
		answer.Usage.Bytes += bytes
		if n := board.Index.Get(hash); n != nil {
			sizes[n] += bytes
		}
		return nil
	})
	answer.Usage.Blocks = len(sizes)
	if answer.Err == nil && (m.Height > 0 || m.Limit > 0) {
		answer.Old = old(sizes, answer.Usage.Bytes, m, board.Tip().Tip().Height()-keepBlocks)
	}
	return answer
}

// old lists what to delete, lowest first, up to the height ceiling. What was
// deleted before and came back with a collection of the value log is among it.
func old(sizes map[*chainstate.Node]int64, bytes int64, m *msg.MeasureBodies, ceiling int32) []*chainstate.Node {
	var list []*chainstate.Node
	for n := range sizes {
		if n.Height() > 0 && n.Height() <= ceiling {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b *chainstate.Node) int {
		ah, bh := a.Hash(), b.Hash()
		return cmp.Or(cmp.Compare(a.Height(), b.Height()), slices.Compare(ah[:], bh[:]))
	})
	for i, n := range list {
		gone := !n.HasBody() && !n.HasUndo()
		if !gone && n.Height() > m.Height && (m.Limit == 0 || bytes <= m.Limit) {
			return list[:i]
		}
		bytes -= sizes[n]
	}
	return list
}

var _ collector = (*chainstore.Badger)(nil)
