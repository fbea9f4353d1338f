package mempool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/mempool/estimate"
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

// returnedTx is a transaction of a disconnected block.
type returnedTx struct {
	tx    *tx.Tx
	batch uint64
}

// walked brings the blocks between the pool's tip and another.
type walked struct {
	to           *chainstate.Node
	fork         int32
	disconnected []*tx.Block // from the old tip down
	connected    []*tx.Block // from the fork up
	reorg        bool
	err          error
}

// rechecked brings what a reorganisation has made impossible.
type rechecked struct {
	doubts *mempool.Doubts
	moved  bool // the chain was already elsewhere: look again there
	err    error
}

var (
	_ = kit.Register[*walked](kit.Message{Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindMempool}, To: []string{msg.KindMempool},
		Doc: "from its own goroutine: the blocks to a new tip"})
	_ = kit.Register[*rechecked](kit.Message{Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindMempool}, To: []string{msg.KindMempool},
		Doc: "from its own goroutine: what the new chain made impossible"})
)

// moving says that the pool is between two tips: nothing of peers is decided
// about, and nothing published.
func (p *pool) moving() bool { return p.walking || p.fork >= 0 || p.rechecking }

func (p *pool) caughtUp() bool {
	tip := p.pool.Tip()
	return tip.Hash() == p.Board.Tip().Tip().Hash()
}

// landing says that the pool stands on the end of a download whose coins readers do not
// have yet: they come with the commit under way, and until then every transaction would
// seem to spend nothing. While there are better headers that may take long: then they are
// dropped.
func (p *pool) landing() bool {
	tip := p.Board.Tip()
	return !tip.HasCoins() && tip.Tip() == tip.BestHeader() && p.caughtUp()
}

// follow sets out for the published tip. Bodies are read beside the actor; while
// the chain is being downloaded, an empty pool needs none and just moves.
func (p *pool) follow(k *kit.Context) {
	if p.walking || p.rechecking || p.caughtUp() {
		return
	}
	snapshot := p.Board.Tip()
	now := p.pool.Tip()
	from, to := snapshot.Header(now.Hash()), snapshot.Tip()
	fork := chainstate.Fork(from, to)
	if snapshot.InitialDownload() && p.pool.Count() == 0 && p.pool.Orphans().Len() == 0 && fork == from && p.fork < 0 {
		p.pool.SetTip(mempool.NewTip(to, p.Board.Params))
		for h := from.Height(); h < to.Height(); h++ {
			p.estimates.Block(h+1, nil)
		}
		p.dirty = true
		p.resume(k)
		return
	}
	if to.Height() > fork.Height()+maxWalk {
		to = to.At(fork.Height() + maxWalk)
	}
	p.walking = true
	self, board := k.Self(), p.Board
	k.Go("walk", func(context.Context) {
		w := &walked{to: to, fork: fork.Height(), reorg: fork != from}
		w.disconnected, w.connected, w.err = walk(board, from, fork, to)
		self.Post(w)
	})
}

// walk reads the bodies on the way. What a block held that is gone (pruned) is
// simply not known to the pool.
func walk(board *msg.Board, from, fork, to *chainstate.Node) (down, up []*tx.Block, err error) {
	snapshot := board.Tip()
	for !snapshot.Acquire() {
		snapshot = board.Tip()
	}
	defer snapshot.Release()
	size := 0
	for n := from; n != fork && size < maxReturned; n = n.Prev() {
		b, err := snapshot.Block(n)
		if errors.Is(err, chainstore.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		size += b.Size()
		down = append(down, b)
	}
	for h := fork.Height() + 1; h <= to.Height(); h++ {
		b, err := snapshot.Block(to.At(h))
		if errors.Is(err, chainstore.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		up = append(up, b)
	}
	return down, up, nil
}

// arrive applies the blocks: what was confirmed goes, and what was confirmed no
// longer is offered again once the pool stands on the published tip.
func (p *pool) arrive(k *kit.Context, w *walked) {
	if w.err != nil {
		k.Fail(fmt.Errorf("following the chain to %s: %w", w.to.Hash(), w.err))
	}
	p.walking = false
	if w.reorg {
		p.pool.BlocksDisconnected()
		if p.fork < 0 || w.fork < p.fork {
			p.fork = w.fork
		}
		var back []returnedTx
		p.batch++
		for _, b := range slices.Backward(w.disconnected) {
			for _, t := range b.Txs[1:] {
				back = append(back, returnedTx{t, p.batch})
			}
			if len(w.connected) == 0 { // invalidateblock: each for itself, as in Core
				p.batch++
			}
		}
		p.returned = append(back, p.returned...)
	}
	height := w.to.Height() - int32(len(w.connected))
	confirmed := map[tx.Hash]bool{}
	for _, b := range w.connected {
		height++
		p.connect(k, b, height)
		for _, t := range b.Txs {
			confirmed[t.ID()] = true
		}
	}
	p.returned = slices.DeleteFunc(p.returned, func(r returnedTx) bool { return confirmed[r.tx.ID()] })
	p.pool.SetTip(mempool.NewTip(w.to, p.Board.Params))
	p.dirty = true
	if !p.caughtUp() {
		p.follow(k)
		return
	}
	if p.fork < 0 {
		p.resume(k)
		return
	}
	for _, r := range p.returned {
		p.push(&submission{queue: unblocked, peer: unblocked, tx: r.tx, bypass: true, batch: r.batch})
	}
	p.returned = nil
	p.finishInOrder(k, unblocked)
	p.pump(k)
	p.recheck(k)
}

// connect takes out what a block confirmed, and teaches the estimator.
func (p *pool) connect(k *kit.Context, b *tx.Block, height int32) {
	if n := p.pool.BlockConnected(b, k.Now().Unix()); n > 0 {
		p.Log.OrphanNote("Erased %d orphan transaction(s) included or conflicted by block", n)
	}
	var confirmed []estimate.Confirmation
	for _, r := range p.pool.Drain() {
		if r.Why == mempool.RemovedForBlock {
			confirmed = append(confirmed, estimate.Confirmation{ID: r.Entry.Tx.ID(), PerKVB: r.Entry.FeePerKVB()})
		} else {
			p.estimates.Removed(r.Entry.Tx.ID())
		}
	}
	learned := p.estimates.Block(height, confirmed)
	p.Log.FeesLearned(height, learned, len(confirmed), p.estimates.Longest())
}

// recheck looks, once all returned transactions are decided about, for what has
// become impossible.
func (p *pool) recheck(k *kit.Context) {
	if p.fork < 0 || p.walking || p.rechecking || !p.queues.empty(unblocked) {
		return
	}
	if !p.caughtUp() {
		p.follow(k)
		return
	}
	if p.landing() {
		return
	}
	p.rechecking = true
	tip := p.pool.Tip()
	self, board, on := k.Self(), p.Board, tip.Hash()
	doubts, view := p.pool.Doubts(p.fork), p.pool.View(k.Now().Unix())
	k.Go("recheck", func(context.Context) {
		r := &rechecked{doubts: doubts}
		snapshot := board.Tip()
		for !snapshot.Acquire() {
			snapshot = board.Tip()
		}
		defer snapshot.Release()
		if r.moved = snapshot.CoinsTip().Hash() != on; !r.moved {
			r.err = doubts.Look(view, snapshot)
		}
		self.Post(r)
	})
}

// settle ends a reorganisation: one view for all of it.
func (p *pool) settle(k *kit.Context, r *rechecked) {
	if r.err != nil {
		k.Fail(fmt.Errorf("looking for transactions that a reorganisation made impossible: %w", r.err))
	}
	p.rechecking = false
	if r.moved {
		p.follow(k) // or, if the coins are far behind the tip, when the clock ticks
		return
	}
	p.pool.Settle(r.doubts)
	p.pool.TrimToSize()
	p.fork = -1
	p.drain()
	p.dirty = true
	p.resume(k)
}

// resume goes on with what waited for the pool to arrive.
func (p *pool) resume(k *kit.Context) {
	p.follow(k)
	if p.moving() {
		p.finishInOrder(k, unblocked)
		p.pump(k)
		p.recheck(k)
		return
	}
	for _, queue := range slices.Sorted(maps.Keys(p.queues.peers)) {
		p.finishInOrder(k, queue)
	}
	p.goOn(k)
}
