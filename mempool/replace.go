package mempool

// checkReplacement applies BIP125 as Core 28 does, and returns everything that
// would have to go: the conflicts and what depends on them.
func (p *Pool) checkReplacement(a *Attempt, fee int64, conflicts []*Entry) ([]*Entry, *Reject) {
	// The feerate must be better than that of each direct conflict.
	for _, c := range conflicts {
		if fee*c.VSize <= c.ModifiedFee()*a.vsize {
			return nil, reject(Reconsiderable, ErrInsufficientFee,
				"rejecting replacement %s; new feerate %s <= old feerate %s", a.Tx.ID(), feerate(fee, a.vsize), feerate(c.ModifiedFee(), c.VSize))
		}
	}
	count := 0
	for _, c := range conflicts { // rule 5
		if count += c.Links().Descendants.Count; count > maxReplacements {
			return nil, reject(MempoolPolicy, ErrTooManyReplaced,
				"rejecting replacement %s; too many potential replacements (%d > %d)", a.Tx.ID(), count, maxReplacements)
		}
	}
	if r := addsUnconfirmed(a, conflicts); r != nil {
		return nil, r
	}
	gone := p.descendants(conflicts...)
	paid := int64(0)
	for _, e := range gone {
		paid += e.ModifiedFee()
	}
	if fee < paid { // rule 3
		return nil, reject(Reconsiderable, ErrInsufficientFee,
			"rejecting replacement %s, less fees than conflicting txs; %s < %s", a.Tx.ID(), btc(fee), btc(paid))
	}
	if need := feeFor(p.policy.IncrementalFee, a.vsize); fee-paid < need { // rule 4
		return nil, reject(Reconsiderable, ErrInsufficientFee,
			"rejecting replacement %s, not enough additional fees to relay; %s < %s", a.Tx.ID(), btc(fee-paid), btc(need))
	}
	return gone, nil
}

// addsUnconfirmed is rule 2: every unconfirmed parent must be one of a conflict.
func addsUnconfirmed(a *Attempt, conflicts []*Entry) *Reject {
	for i := range a.Tx.Inputs {
		from := a.Tx.Inputs[i].PrevOut.Hash
		if !spendsAny(a.parents, from) {
			continue
		}
		known := false
		for _, c := range conflicts {
			for j := range c.Tx.Inputs {
				known = known || c.Tx.Inputs[j].PrevOut.Hash == from
			}
		}
		if !known {
			return reject(MempoolPolicy, ErrAddsUnconfirmed, "replacement %s adds unconfirmed input, idx %d", a.Tx.ID(), i)
		}
	}
	return nil
}
