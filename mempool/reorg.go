package mempool

import (
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// BlockConnected takes out what a block confirmed and what it made impossible.
// Blocks come in the order in which they were connected.
func (p *Pool) BlockConnected(b *tx.Block) {
	for _, t := range b.Txs {
		if e := p.index.byID.get(t.ID()); e != nil {
			p.unlink(e)
			p.removed = append(p.removed, Removed{Entry: e, Why: RemovedForBlock})
		}
		if !t.IsCoinbase() {
			if gone := p.conflictsOf(t); len(gone) > 0 {
				p.removeAll(RemovedConflict, gone...)
			}
		}
		delete(p.deltas, t.ID())
	}
	p.rolling.blockSince = true
}

// SetTip moves the pool to another tip, after the blocks up to it were
// connected. When blocks were disconnected on the way, their transactions are
// then to be offered again, in block order and with Bypass, and at last what is
// Impossible removed, all before the next View.
func (p *Pool) SetTip(tip Tip) { p.tip = tip }

// Impossible lists what a reorganisation has made impossible: what is locked
// again, and what spends coins that are gone or immature. It only reads: it may
// run beside readers, but not beside changes.
func (p *Pool) Impossible(coins Coins) (gone []*Entry, err error) {
	for _, e := range p.entries() {
		ok, err := p.stillValid(e, coins)
		if err != nil {
			return nil, err
		}
		if !ok {
			gone = append(gone, e)
		}
	}
	return gone, nil
}

// Remove takes entries out, with all that depends on them.
func (p *Pool) Remove(why Removal, gone ...*Entry) {
	if len(gone) > 0 {
		p.removeAll(why, gone...)
	}
}

// stillValid tells whether an entry may be in the next block after a
// reorganisation: final, unlocked, and its confirmed coins there and mature.
func (p *Pool) stillValid(e *Entry, source Coins) (bool, error) {
	next := p.tip.next()
	if !consensus.IsFinal(e.Tx, next, p.tip.mtp) {
		return false, nil
	}
	coins := make([]consensus.Coin, len(e.Tx.Inputs))
	var ops []tx.OutPoint
	var places []int
	for i := range e.Tx.Inputs {
		op := e.Tx.Inputs[i].PrevOut
		if q := p.index.byID.get(op.Hash); q != nil {
			coins[i] = consensus.Coin{Output: q.Tx.Outputs[op.Index], Height: next}
			continue
		}
		ops, places = append(ops, op), append(places, i)
	}
	found, err := source.Coins(ops)
	if err != nil {
		return false, err
	}
	for j, c := range found {
		if c == nil || c.Coinbase && next-c.Height < consensus.CoinbaseMaturity {
			return false, nil
		}
		coins[places[j]] = *c
	}
	lock := consensus.SequenceLocks(e.Tx, coins, p.tip.Node)
	return lock.Satisfied(next, p.tip.mtp), nil
}
