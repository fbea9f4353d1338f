package mempool

// chainLimits are how long chains of unconfirmed transactions may be.
type chainLimits struct {
	ancestors, descendants   int
	ancestorVB, descendantVB int64
}

func (p *Policy) chainLimits() chainLimits {
	return chainLimits{p.AncestorCount, p.DescendantCount, p.AncestorVBytes, p.DescendantVBytes}
}

// checkLimits returns the attempt's ancestors in the pool, or the limit that it
// would break. One conflict frees its own place in the chain first, and a small
// transaction may be one more than allowed if it has one parent (Core's CPFP
// carve-out, for the anchors of Lightning).
func (p *Pool) checkLimits(a *Attempt, conflicts []*Entry) ([]*Entry, *Reject) {
	limits := p.policy.chainLimits()
	if len(conflicts) == 1 {
		limits.descendants++
		limits.descendantVB += conflicts[0].Links().Descendants.VSize
	}
	ancestors, why := p.ancestorsWithin(a, limits)
	if why == nil {
		return ancestors, nil
	}
	if a.vsize > extraDescendantVBytes || a.Tx.Version == trucVersion {
		return nil, why
	}
	carveOut := chainLimits{
		ancestors: 2, ancestorVB: limits.ancestorVB,
		descendants: limits.descendants + 1, descendantVB: limits.descendantVB + extraDescendantVBytes,
	}
	if ancestors, again := p.ancestorsWithin(a, carveOut); again == nil {
		return ancestors, nil
	}
	return nil, why
}

// ancestorsWithin is Core's CalculateMemPoolAncestors.
func (p *Pool) ancestorsWithin(a *Attempt, limits chainLimits) ([]*Entry, *Reject) {
	parents := p.parentsIn(a.Tx)
	if len(parents)+1 > limits.ancestors {
		return nil, reject(MempoolPolicy, ErrTooLongChain, "too many unconfirmed parents [limit: %d]", limits.ancestors)
	}
	var list []*Entry
	var why *Reject
	size := a.vsize
	p.walk(parents, parentsOf, func(e *Entry) {
		list = append(list, e)
		size += e.VSize
		down := e.Links().Descendants
		switch {
		case why != nil:
		case down.VSize+a.vsize > limits.descendantVB:
			why = reject(MempoolPolicy, ErrTooLongChain, "exceeds descendant size limit for tx %s [limit: %d]", e.Tx.ID(), limits.descendantVB)
		case down.Count+1 > limits.descendants:
			why = reject(MempoolPolicy, ErrTooLongChain, "too many descendants for tx %s [limit: %d]", e.Tx.ID(), limits.descendants)
		case size > limits.ancestorVB:
			why = reject(MempoolPolicy, ErrTooLongChain, "exceeds ancestor size limit [limit: %d]", limits.ancestorVB)
		case len(list)+1 > limits.ancestors:
			why = reject(MempoolPolicy, ErrTooLongChain, "too many unconfirmed ancestors [limit: %d]", limits.ancestors)
		}
	})
	return list, why
}
