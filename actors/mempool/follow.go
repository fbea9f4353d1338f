package mempool

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
)

const (
	// maxWalk is how many blocks the pool follows at once: their bodies are in
	// memory meanwhile.
	maxWalk = 16
	// maxReturned is how many bytes of transactions of disconnected blocks are
	// offered again (Core's MAX_DISCONNECTED_TX_POOL_BYTES); the youngest first.
	maxReturned = 20_000_000
)

// move is the pool's way to another tip.
type move struct {
	to        *chainstate.Node
	reorg     bool
	rechecked bool
}

// walked brings the blocks between the pool's tip and another.
type walked struct {
	to           *chainstate.Node
	disconnected []*tx.Block // from the old tip down
	connected    []*tx.Block // from the fork up
	err          error
}

// rechecked brings what a reorganisation has made impossible.
type rechecked struct {
	gone  []*mempool.Entry
	moved bool // the chain was already elsewhere: look again there
	err   error
}

var (
	_ = kit.Register[*walked](kit.Message{Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindMempool}, To: []string{msg.KindMempool},
		Doc: "from its own goroutine: the blocks to a new tip"})
	_ = kit.Register[*rechecked](kit.Message{Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindMempool}, To: []string{msg.KindMempool},
		Doc: "from its own goroutine: what the new chain made impossible"})
)

// follow sets out for the published tip. Bodies are read beside the actor; an
// empty pool needs none and just moves.
func (p *pool) follow(k *kit.Context) {
	if p.move != nil || p.caughtUp() {
		return
	}
	snapshot := p.Board.Tip()
	now := p.pool.Tip()
	from, to := snapshot.Header(now.Hash()), snapshot.Tip()
	fork := chainstate.Fork(from, to)
	if p.pool.View(0).Count() == 0 && p.orphans.Len() == 0 && fork == from {
		p.owed = false
		p.pool.SetTip(mempool.NewTip(to, p.Board.Params))
		p.publish(k)
		p.pump(k)
		return
	}
	if to.Height() > fork.Height()+maxWalk {
		to = to.At(fork.Height() + maxWalk)
	}
	p.move = &move{to: to, reorg: fork != from || p.owed}
	self, board := k.Self(), p.Board
	k.Go("walk", func(context.Context) {
		w := &walked{to: to}
		w.disconnected, w.connected, w.err = walk(board, from, fork, to)
		self.Post(w)
	})
}

// walk reads the bodies on the way. A body that is gone (pruned) ends the part
// of the way that it is on: what it held is simply not known to the pool.
func walk(board *msg.Board, from, fork, to *chainstate.Node) (down, up []*tx.Block, err error) {
	snapshot := board.Tip()
	for !snapshot.Acquire() {
		snapshot = board.Tip()
	}
	defer snapshot.Release()
	size := 0
	for n := from; n != fork && size < maxReturned; n = n.Prev() {
		b, err := snapshot.Block(n)
		if err != nil {
			return nil, nil, err
		}
		size += b.Size()
		down = append(down, b)
	}
	for h := fork.Height() + 1; h <= to.Height(); h++ {
		b, err := snapshot.Block(to.At(h))
		if err != nil {
			return nil, nil, err
		}
		up = append(up, b)
	}
	return down, up, nil
}

// arrive applies the blocks: what was confirmed goes, and what was confirmed no
// longer is offered again.
func (p *pool) arrive(k *kit.Context, w *walked) {
	if w.err != nil {
		k.Fail(fmt.Errorf("following the chain to %s: %w", w.to.Hash(), w.err))
	}
	confirmed := map[tx.Hash]bool{}
	for _, b := range w.connected {
		p.pool.BlockConnected(b)
		p.orphans.BlockConnected(b)
		for _, t := range b.Txs {
			confirmed[t.ID()] = len(w.disconnected) > 0
		}
	}
	p.pool.SetTip(mempool.NewTip(w.to, p.Board.Params))
	if !p.move.reorg {
		p.arrived(k)
		return
	}
	for i := len(w.disconnected) - 1; i >= 0; i-- {
		for _, t := range w.disconnected[i].Txs[1:] {
			if !confirmed[t.ID()] {
				p.queues.push(&submission{tx: t, peer: unblocked, bypass: true})
			}
		}
	}
	p.pump(k)
	p.recheck(k)
}

// recheck looks, once all returned transactions are decided about, for what has
// become impossible.
func (p *pool) recheck(k *kit.Context) {
	if p.move == nil || !p.move.reorg || p.move.rechecked || !p.queues.empty(unblocked) {
		return
	}
	p.move.rechecked = true
	self, board, pool, on := k.Self(), p.Board, p.pool, p.move.to
	k.Go("recheck", func(context.Context) {
		r := &rechecked{}
		snapshot := board.Tip()
		for !snapshot.Acquire() {
			snapshot = board.Tip()
		}
		defer snapshot.Release()
		if r.moved = snapshot.CoinsTip() != on; !r.moved {
			r.gone, r.err = pool.Impossible(snapshot)
		}
		self.Post(r)
	})
}

func (p *pool) settle(k *kit.Context, r *rechecked) {
	if r.err != nil {
		k.Fail(fmt.Errorf("looking for transactions that a reorganisation made impossible: %w", r.err))
	}
	p.pool.Remove(mempool.RemovedReorg, r.gone...)
	p.owed = r.moved
	p.arrived(k)
}

// arrived ends a move: one view for all of it.
func (p *pool) arrived(k *kit.Context) {
	reorg := p.move.reorg
	p.move = nil
	p.pool.Drain()
	if reorg {
		p.pool.TrimToSize(k.Now().Unix())
	}
	if p.caughtUp() || !reorg {
		p.publish(k)
	}
	p.follow(k)
	if p.move == nil {
		for _, peer := range slices.Sorted(maps.Keys(p.queues.peers)) {
			p.finishInOrder(k, peer)
		}
		p.pump(k)
	}
}
