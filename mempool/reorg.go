package mempool

import (
	"math"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// unsure puts an entry in doubt at the next reorganisation, wherever it forks.
const unsure = math.MaxInt32

// BlockConnected takes out what a block confirmed and what it made impossible.
// Blocks come in the order in which they were connected. now is in seconds since
// 1970. It tells how many orphans went, too.
func (p *Pool) BlockConnected(b *tx.Block, now int64) (orphans int) {
	for _, t := range b.Txs {
		id := t.ID()
		if e := p.index.byID.get(id); e != nil {
			for _, c := range e.Links().Children {
				c.coinsFrom = unsure // of this block, which may be disconnected again
			}
			p.unlink(e)
			p.removed = append(p.removed, Removed{Entry: e, Why: RemovedForBlock})
		}
		if !t.IsCoinbase() {
			if gone := p.conflictsOf(t); len(gone) > 0 {
				p.removeAll(RemovedConflict, gone...)
			}
		}
		p.setDelta(id, 0)
	}
	p.confirmed.connect(b)
	p.rolling.block(now)
	return p.orphans.BlockConnected(b)
}

// BlocksDisconnected says that blocks leave the chain on the way to the next tip.
func (p *Pool) BlocksDisconnected() { p.confirmed.disconnect() }

// SetTip moves the pool to another tip, after the blocks up to it were
// connected. When blocks were disconnected on the way, their transactions are
// then to be offered again, in block order and with Bypass, and at last what is
// Impossible removed, all before the next View.
func (p *Pool) SetTip(tip Tip) {
	p.tip = tip
	p.refusals.moved(tip.Hash())
}

// Doubts is what a reorganisation has put in question.
type Doubts struct {
	tip   Tip
	list  []*Entry
	fresh []consensus.LockPoint // of each of them, on the new chain
	from  []int32
	gone  []*Entry
}

// Doubts lists the entries that a reorganisation down to a fork may have made
// impossible: those that spend coins from above it, or immature ones, or are
// locked. Everything else was valid below the fork and still is.
func (p *Pool) Doubts(fork int32) *Doubts {
	d := &Doubts{tip: p.tip}
	for _, e := range p.list {
		free := e.lock == consensus.LockPoint{Height: -1, Time: -1}
		if e.coinsFrom > fork || e.SpendsCoinbase || !free || !consensus.IsFinal(e.Tx, p.tip.next(), p.tip.mtp) {
			d.list = append(d.list, e)
		}
	}
	return d
}

// Len is how many entries are in doubt.
func (d *Doubts) Len() int { return len(d.list) }

// Look finds out which of them are impossible. It only reads, and may run on any
// goroutine while the pool does not change. coins must be those of the pool's tip.
func (d *Doubts) Look(view *View, coins Coins) error {
	for _, e := range d.list {
		ok, err := d.stillValid(e, view, coins)
		if err != nil {
			return err
		}
		if !ok {
			d.gone = append(d.gone, e)
		}
	}
	return nil
}

// Settle takes out what Look found impossible, with all that depends on it, and
// whatever has more unconfirmed ancestors now than the limits allow.
func (p *Pool) Settle(d *Doubts) {
	for i, e := range d.list[:len(d.fresh)] {
		e.lock, e.coinsFrom = d.fresh[i], d.from[i]
	}
	p.removeAll(RemovedReorg, d.gone...)
	var long []*Entry
	for _, e := range p.list {
		if up := e.Links().Ancestors; up.Count > p.policy.AncestorCount || up.VSize > p.policy.AncestorVBytes {
			long = append(long, e)
		}
	}
	p.removeAll(RemovedSizeLimit, long...)
}

// stillValid tells whether an entry may be in the next block after a
// reorganisation: final, unlocked, and its confirmed coins there and mature.
func (d *Doubts) stillValid(e *Entry, view *View, source Coins) (bool, error) {
	next := d.tip.next()
	coins := make([]consensus.Coin, len(e.Tx.Inputs))
	ops := make([]tx.OutPoint, 0, len(coins))
	places := make([]int, 0, len(coins))
	for i := range e.Tx.Inputs {
		op := e.Tx.Inputs[i].PrevOut
		if q := view.ByID(op.Hash); q != nil && outputOf(q.Tx, op.Index) != nil {
			coins[i] = consensus.Coin{Output: q.Tx.Outputs[op.Index], Height: next}
			continue
		}
		ops, places = append(ops, op), append(places, i)
	}
	found, err := source.Coins(ops)
	if err != nil {
		return false, err
	}
	valid, from := true, int32(0)
	for j, c := range found {
		if c == nil || c.Coinbase && next-c.Height < consensus.CoinbaseMaturity {
			valid = false
			continue
		}
		coins[places[j]] = *c
		from = max(from, c.Height)
	}
	var lock consensus.LockPoint
	if valid {
		lock = consensus.SequenceLocks(e.Tx, coins, d.tip.Node)
		valid = lock.Satisfied(next, d.tip.mtp) && consensus.IsFinal(e.Tx, next, d.tip.mtp)
	}
	d.fresh, d.from = append(d.fresh, lock), append(d.from, from)
	return valid, nil
}
