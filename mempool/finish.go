package mempool

import "github.com/troupe-node/troupe/tx"

// Verdict is what became of a transaction.
type Verdict struct {
	Entry    *Entry    // when it is in the pool
	Reject   *Reject   // when it is not
	Missing  []tx.Hash // unknown parents, with MissingInputs
	Replaced []*Entry  // what it took the place of
	// What was found out about it, whatever the outcome, once its coins were
	// known.
	Fee   int64 // satoshis
	VSize int64
}

// Stale tells whether the attempt must be prepared and checked again: the chain
// has moved, or a parent has come or gone since.
func (p *Pool) Stale(a *Attempt) bool {
	if a.tip.Node == nil || a.tip.Hash() != p.tip.Hash() {
		return true
	}
	parents := p.parentsIn(a.Tx)
	if len(parents) != len(a.parents) {
		return true
	}
	for i := range parents {
		if parents[i] != a.parents[i] {
			return true
		}
	}
	return false
}

// Finish decides about an attempt that was checked and is not stale.
func (p *Pool) Finish(a *Attempt, now int64) Verdict {
	v := p.judge(a, now, false)
	if v.Reject != nil {
		return v
	}
	p.admit(a, v.Replaced, &v)
	p.TrimToSize(now)
	if p.index.byID.get(a.Tx.ID()) == nil {
		return Verdict{Reject: reject(Reconsiderable, ErrPoolFull, ""), Fee: v.Fee, VSize: v.VSize}
	}
	return v
}

// Test says what Finish would, and changes nothing (testmempoolaccept).
func (p *Pool) Test(a *Attempt, now int64) Verdict { return p.judge(a, now, true) }

// judge makes every check that needs the pool, in Core's order. A valid verdict
// has the entries to be replaced.
func (p *Pool) judge(a *Attempt, now int64, test bool) Verdict {
	v := Verdict{Fee: a.fee, VSize: a.vsize, Missing: a.missing}
	if r := p.prepare(a.Tx); r != nil {
		v.Reject = r
		return v
	}
	if v.Reject = a.refused; v.Reject != nil {
		return v
	}
	modified := a.fee + p.deltas[a.Tx.ID()]
	if !a.Bypass {
		if v.Reject = checkFee(modified, a.vsize, p.minFee(now), p.policy.MinRelayFee); v.Reject != nil {
			return v
		}
	}
	conflicts := p.conflictsOf(a.Tx)
	var ancestors []*Entry
	if ancestors, v.Reject = p.checkLimits(a, conflicts); v.Reject != nil {
		return v
	}
	if v.Reject = p.checkTRUC(a, ancestors, conflicts); v.Reject != nil {
		return v
	}
	if v.Reject = spendsConflict(ancestors, conflicts); v.Reject != nil {
		return v
	}
	if len(conflicts) > 0 {
		if v.Replaced, v.Reject = p.checkReplacement(a, modified, conflicts); v.Reject != nil {
			return v
		}
	}
	v.Reject = a.script
	return v
}

// conflictsOf lists the entries that spend what t spends, once each.
func (p *Pool) conflictsOf(t *tx.Tx) (list []*Entry) {
	for i := range t.Inputs {
		e := p.index.spends.get(t.Inputs[i].PrevOut)
		if e == nil {
			continue
		}
		known := false
		for _, c := range list {
			known = known || c == e
		}
		if !known {
			list = append(list, e)
		}
	}
	return list
}

// spendsConflict refuses a transaction that depends on what it would replace.
func spendsConflict(ancestors, conflicts []*Entry) *Reject {
	for _, a := range ancestors {
		for _, c := range conflicts {
			if a == c {
				return reject(Consensus, ErrSpendsConflict, "spends conflicting transaction %s", c.Tx.ID())
			}
		}
	}
	return nil
}

// admit takes out what is replaced and puts the entry in.
func (p *Pool) admit(a *Attempt, replaced []*Entry, v *Verdict) {
	for _, e := range replaced {
		if p.index.byID.get(e.Tx.ID()) == e {
			p.removeAll(RemovedReplaced, e)
		}
	}
	e := &Entry{
		Tx: a.Tx, Fee: a.fee, VSize: a.vsize, SigOpCost: int64(a.sigOpCost), Time: a.now,
		Height: a.tip.Node.Height(), Sequence: p.sequence, Lock: a.lock, place: -1,
	}
	p.sequence++
	for i := range a.coins {
		e.SpendsCoinbase = e.SpendsCoinbase || a.coins[i].Coinbase
		if a.coins[i].Height < a.tip.next() {
			e.lockHeight = max(e.lockHeight, a.coins[i].Height)
		}
	}
	p.insert(e)
	next := &LogEntry{Entry: e}
	p.logEnd.next.Store(next)
	p.logEnd = next
	v.Entry = e
}
