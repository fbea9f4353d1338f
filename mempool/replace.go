package mempool

import "github.com/troupe-node/troupe/tx"

// checkReplacement applies BIP125 as Core 28 does to a single transaction, and
// notes everything that would have to go.
func (p *Pool) checkReplacement(w *work) *Reject {
	suffix := ""
	if w.sibling {
		suffix = " (including sibling eviction)"
	}
	deny := func(result Result, kind Reason, format string, args ...any) *Reject {
		r := reject(result, kind, format, args...)
		r.Text = kind.Error() + suffix
		return r
	}
	id := w.Tx.ID()
	// The feerate must be better than that of each direct conflict.
	rate := perKVB(w.modified, w.vsize)
	for _, c := range w.conflicts {
		if old := perKVB(c.ModifiedFee(), c.VSize); rate <= old {
			return deny(Reconsiderable, ErrInsufficientFee,
				"rejecting replacement %s; new feerate %s <= old feerate %s", id, feerate(rate), feerate(old))
		}
	}
	if count := descendantsAtMost(w.conflicts); count > maxReplacements { // rule 5
		return deny(MempoolPolicy, ErrTooManyReplaced,
			"rejecting replacement %s; too many potential replacements (%d > %d)\n", id, count, maxReplacements)
	}
	all := p.descendants(w.conflicts...)
	if i := p.addsUnconfirmed(w.Attempt, all); i >= 0 { // rule 2
		return deny(MempoolPolicy, ErrAddsUnconfirmed, "replacement %s adds unconfirmed input, idx %d", id, i)
	}
	if why := p.paysFor(w.modified, w.vsize, feesOf(all), id); why != "" {
		return deny(Reconsiderable, ErrInsufficientFee, "%s", why)
	}
	w.replaced = all
	return nil
}

// descendantsAtMost counts what depends on the entries, some perhaps twice, and
// stops when there are too many to replace.
func descendantsAtMost(entries []*Entry) (count int) {
	for _, c := range entries {
		if count += c.Links().Descendants.Count; count > maxReplacements {
			break
		}
	}
	return count
}

func feesOf(entries []*Entry) (sum int64) {
	for _, e := range entries {
		sum += e.ModifiedFee()
	}
	return sum
}

// paysFor is rules 3 and 4: more in all than what goes, by what relaying it
// costs. It returns what is wrong in Core's words, or nothing.
func (p *Pool) paysFor(fee, vsize, old int64, id tx.Hash) string {
	if fee < old {
		return text("rejecting replacement %s, less fees than conflicting txs; %s < %s", id, btc(fee), btc(old))
	}
	if need := feeFor(p.policy.IncrementalFee, vsize); fee-old < need {
		return text("rejecting replacement %s, not enough additional fees to relay; %s < %s", id, btc(fee-old), btc(need))
	}
	return ""
}

// addsUnconfirmed is rule 2: every unconfirmed parent must be one of what goes.
// It returns the first input that breaks it, or -1.
func (p *Pool) addsUnconfirmed(a *Attempt, all []*Entry) int {
	if len(a.parents) == 0 {
		return -1
	}
	known := map[tx.Hash]bool{}
	for _, c := range all {
		for i := range c.Tx.Inputs {
			known[c.Tx.Inputs[i].PrevOut.Hash] = true
		}
	}
	for i := range a.Tx.Inputs {
		if from := a.Tx.Inputs[i].PrevOut.Hash; !known[from] && p.index.byID.get(from) != nil {
			return i
		}
	}
	return -1
}
