package mempool

import (
	"slices"

	"github.com/troupe-node/troupe/tx"
)

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
	// Effective is the feerate by which it was judged, in satoshis per kvB, and
	// With are the transactions, by witness id, that it was judged together with.
	Effective int64
	With      []tx.Hash
	// In a package: Entry was here before, which may have another witness. Unknown
	// is a transaction that nothing was found out about.
	Known, Unknown bool
}

// Stale tells whether the attempt must be prepared and checked again: the chain
// has moved, a parent has come or gone since, or it seemed too cheap and is not.
func (p *Pool) Stale(a *Attempt, now int64) bool {
	if a.tip.Node == nil || a.tip.Node != p.tip.Node {
		return true
	}
	if a.members != nil {
		return p.staleMembers(a)
	}
	if !slices.Equal(p.parentsIn(a.Tx), a.parents) {
		return true
	}
	return a.refused == nil && !a.ran && a.checkFees(a.fee+p.deltas[a.Tx.ID()], p.minFee(now)) == nil
}

// Finish decides about an attempt that was checked and is not stale.
func (p *Pool) Finish(a *Attempt, now int64) Verdict {
	w, v := p.judge(a, now)
	if v.Reject != nil {
		return v
	}
	v.Entry = p.admit(w)
	if a.Bypass {
		return v
	}
	p.Expire(now)
	p.TrimToSize()
	if p.index.byID.get(a.Tx.ID()) == nil {
		v.Entry, v.Reject = nil, reject(Reconsiderable, ErrPoolFull, "")
	}
	return v
}

// Test says what Finish would, and changes nothing (testmempoolaccept).
func (p *Pool) Test(a *Attempt, now int64) Verdict {
	_, v := p.judge(a, now)
	return v
}

// work is an attempt as the pool sees it by now: Core's Workspace.
type work struct {
	*Attempt
	modified  int64    // fee with delta
	conflicts []*Entry // that it spends the coins of
	sibling   bool     // one of them is only another child of its parent
	ancestors []*Entry // in the pool
	replaced  []*Entry // everything that has to go for it
}

// judge makes every check of a single transaction, in Core's order.
func (p *Pool) judge(a *Attempt, now int64) (*work, Verdict) {
	w := &work{Attempt: a}
	v := Verdict{Missing: a.missing}
	may := singleRules
	if a.packed {
		may = memberRules
	}
	r := p.preChecks(w, now, may)
	if a.vsize > 0 {
		v.Fee, v.VSize = a.fee, a.vsize
		v.Effective, v.With = perKVB(w.modified, a.vsize), []tx.Hash{a.Tx.WitnessID()}
	}
	if r == nil && len(w.conflicts) > 0 {
		r = p.checkReplacement(w)
	}
	if r == nil {
		r = a.script
	}
	if r == nil && a.MaxRate > 0 && a.fee > feeFor(a.MaxRate, int64(a.Tx.VSize())) {
		r = reject(Unknown, ErrMaxFee, "")
	}
	if v.Reject = r; r == nil {
		v.Replaced = w.replaced
	}
	return w, v
}

// preChecks is Core's PreChecks, from where the pool matters.
func (p *Pool) preChecks(w *work, now int64, may rules) (r *Reject) {
	a := w.Attempt
	if r = p.checkPlace(a.Tx, may); r != nil {
		return r
	}
	if a.refused != nil {
		return a.refused
	}
	w.modified = a.fee + p.deltas[a.Tx.ID()]
	if may.packageFees {
		if r = a.checkRelayFee(w.modified); r != nil {
			return r
		}
	} else if r = a.checkFees(w.modified, p.minFee(now)); r != nil {
		return r
	}
	w.conflicts = p.conflictsOf(a.Tx)
	if w.ancestors, r = p.checkLimits(w, may); r != nil {
		return r
	}
	sibling, r := checkTRUC(w)
	switch {
	case r == nil:
	case sibling != nil && may.sibling:
		w.conflicts, w.sibling = append(w.conflicts, sibling), true
	default:
		return r
	}
	for _, e := range w.ancestors {
		if slices.Contains(w.conflicts, e) {
			return reject(Consensus, ErrSpendsConflict, "%s spends conflicting transaction %s", a.Tx.ID(), e.Tx.ID())
		}
	}
	return nil
}

// admit takes out what is replaced and puts the entry in.
func (p *Pool) admit(w *work) *Entry {
	for _, e := range w.replaced {
		if p.index.byID.get(e.Tx.ID()) == e {
			p.removeAll(RemovedReplaced, e)
		}
	}
	a := w.Attempt
	e := &Entry{
		Tx: a.Tx, Fee: a.fee, VSize: a.vsize, SigOpCost: int64(a.sigOpCost), Time: a.Time,
		Height: a.tip.Node.Height(), Sequence: p.sequence, lock: a.lock, evict: -1, returned: a.Bypass,
		batch: a.Batch, together: Totals{Count: 1, VSize: a.vsize},
	}
	if a.Bypass {
		e.Sequence = 0 // before any child that was here already, as in Core
	}
	p.sequence++
	for i := range a.coins {
		e.SpendsCoinbase = e.SpendsCoinbase || a.coins[i].Coinbase
		if a.coins[i].Height < a.tip.next() {
			e.coinsFrom = max(e.coinsFrom, a.coins[i].Height)
		}
	}
	p.insert(e)
	p.Announce(e)
	return e
}
