package mempool

import "slices"

// chainLimits are how long chains of unconfirmed transactions may be.
type chainLimits struct {
	ancestors, descendants   int
	ancestorVB, descendantVB int64
	batch                    uint64 // unless 0, only descendants of this batch count
}

func (p *Policy) chainLimits() chainLimits {
	return chainLimits{
		ancestors: p.AncestorCount, descendants: p.DescendantCount, ancestorVB: p.AncestorVBytes, descendantVB: p.DescendantVBytes,
	}
}

// checkLimits returns the attempt's ancestors in the pool, or the limit that it
// would break. One conflict frees its own place in the chain first, and a small
// transaction may be one more than allowed if it has one parent (Core's CPFP
// carve-out, for the anchors of Lightning).
func (p *Pool) checkLimits(w *work, may rules) ([]*Entry, *Reject) {
	limits := p.policy.chainLimits()
	limits.batch = w.Batch
	if len(w.conflicts) == 1 && may.carveOut {
		limits.descendants++
		limits.descendantVB += w.conflicts[0].Links().Descendants.VSize
	}
	ancestors, why := p.ancestorsWithin(w.parents, w.vsize, 1, limits)
	if why == nil {
		return ancestors, nil
	}
	if !may.carveOut || w.vsize > extraDescendantVBytes || w.Tx.Version == trucVersion {
		return nil, why
	}
	carveOut := chainLimits{
		ancestors: 2, ancestorVB: limits.ancestorVB, batch: limits.batch,
		descendants: limits.descendants + 1, descendantVB: limits.descendantVB + extraDescendantVBytes,
	}
	if ancestors, again := p.ancestorsWithin(w.parents, w.vsize, 1, carveOut); again == nil {
		return ancestors, nil
	}
	return nil, why
}

// ancestorsWithin is Core's CalculateAncestorsAndCheckLimits for something that
// is count transactions and vsize large. It stops at the first limit.
func (p *Pool) ancestorsWithin(parents []*Entry, vsize int64, count int, limits chainLimits) ([]*Entry, *Reject) {
	if len(parents) == 0 {
		return nil, nil
	}
	tooLong := func(format string, args ...any) ([]*Entry, *Reject) {
		return nil, reject(MempoolPolicy, ErrTooLongChain, format, args...)
	}
	if len(parents)+count > limits.ancestors {
		return tooLong("too many unconfirmed parents [limit: %d]", limits.ancestors)
	}
	p.walks++
	list := slices.Clone(parents)
	for _, e := range parents {
		e.mark = p.walks
	}
	size := vsize
	for i := 0; i < len(list); i++ {
		e := list[i]
		links := e.Links()
		down := links.Descendants
		if limits.batch != 0 {
			down = e.batchOf(limits.batch)
		}
		size += e.VSize
		switch {
		case down.VSize+vsize > limits.descendantVB:
			return tooLong("exceeds descendant size limit for tx %s [limit: %d]", e.Tx.ID(), limits.descendantVB)
		case down.Count+count > limits.descendants:
			return tooLong("too many descendants for tx %s [limit: %d]", e.Tx.ID(), limits.descendants)
		case size > limits.ancestorVB:
			return tooLong("exceeds ancestor size limit [limit: %d]", limits.ancestorVB)
		}
		for _, q := range links.Parents {
			if q.mark != p.walks {
				q.mark = p.walks
				list = append(list, q)
			}
			if len(list)+count > limits.ancestors {
				return tooLong("too many unconfirmed ancestors [limit: %d]", limits.ancestors)
			}
		}
	}
	return list, nil
}

// batchOf is the entry with those of its descendants that came back to the pool
// together with it in the batch.
func (e *Entry) batchOf(batch uint64) Totals {
	if e.batch != batch {
		return Totals{}
	}
	return e.together
}
