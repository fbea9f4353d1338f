package mempool

import (
	"cmp"
	"math/big"
	"slices"
)

// checkReplacement lets a parent and its child replace what they conflict with,
// if both together are better in every respect (Core's PackageMempoolChecks).
func (s *subpackage) checkReplacement() *Reject {
	deny := func(why, debug string) *Reject {
		r := reject(MempoolPolicy, ErrPackageRBF, "")
		r.Text, r.Debug = ErrPackageRBF.Error()+": "+why, debug
		return r
	}
	var conflicts []*Entry
	for _, w := range s.list {
		for _, c := range w.conflicts {
			if !slices.Contains(conflicts, c) {
				conflicts = append(conflicts, c)
			}
		}
	}
	if len(conflicts) == 0 {
		return nil
	}
	if len(s.list) != 2 || !ChildWithParents(s.txs) {
		return deny("package must be 1-parent-1-child", "")
	}
	parent, child := s.list[0], s.list[1]
	if len(parent.ancestors)+len(child.ancestors) > 0 {
		return deny("new transaction cannot have mempool ancestors", "")
	}
	id := child.Tx.ID()
	if count := descendantsAtMost(conflicts); count > maxReplacements {
		return deny("too many potential replacements", text("rejecting replacement %s; too many potential replacements (%d > %d)\n", id, count, maxReplacements))
	}
	all := s.pool.descendants(conflicts...)
	if why := s.pool.paysFor(s.modified, s.vsize, feesOf(all), id); why != "" {
		return deny("insufficient anti-DoS fees", why)
	}
	whole, first := perKVB(s.modified, s.vsize), perKVB(parent.modified, parent.vsize)
	if whole <= first {
		return deny("package feerate is less than or equal to parent feerate",
			text("package feerate %s <= parent feerate is %s", feerate(whole), feerate(first)))
	}
	if why := improvesDiagram(conflicts, all, chunk{s.modified, s.vsize}); why != "" {
		return deny(why, "")
	}
	parent.replaced = all
	return nil
}

// chunk is a fee and the virtual size that it pays for.
type chunk struct{ fee, vsize int64 }

// betterThan compares feerates, exactly.
func (c chunk) betterThan(o chunk) bool { return c.fee*o.vsize > o.fee*c.vsize }

// improvesDiagram asks whether miners earn more at every block size with the
// replacement than without (Core's ImprovesFeerateDiagram). It can tell only if
// what is replaced has at most one relative.
func improvesDiagram(conflicts, all []*Entry, replacement chunk) string {
	if why := tooConnected(conflicts); why != "" {
		return why
	}
	var before []chunk
	for _, e := range all {
		l := e.Links()
		if l.Descendants.Count > 1 {
			continue // its descendant stands for both
		}
		own := chunk{e.ModifiedFee(), e.VSize}
		if l.Ancestors.Count == 1 {
			before = append(before, own)
			continue
		}
		both := chunk{l.Ancestors.Fees, l.Ancestors.VSize}
		if own.betterThan(both) {
			before = append(before, both)
		} else {
			before = append(before, chunk{both.fee - own.fee, both.vsize - own.vsize}, own)
		}
	}
	after := []chunk{replacement}
	for _, c := range conflicts {
		if parents := c.Links().Parents; len(parents) > 0 && !slices.Contains(all, parents[0]) {
			after = append(after, chunk{parents[0].ModifiedFee(), parents[0].VSize})
		}
	}
	if !diagramAbove(after, before) {
		return "insufficient feerate: does not improve feerate diagram"
	}
	return ""
}

// tooConnected names a conflict with more than one relative (Core's
// CheckConflictTopology).
func tooConnected(conflicts []*Entry) string {
	for _, c := range conflicts {
		l := c.Links()
		up, down, id := l.Ancestors.Count, l.Descendants.Count, c.Tx.ID()
		switch {
		case up > 2:
			return text("%s has %d ancestors, max 1 allowed", id, up-1)
		case down > 2:
			return text("%s has %d descendants, max 1 allowed", id, down-1)
		case up > 1 && down > 1:
			return text("%s has both ancestor and descendant, exceeding cluster limit of 2", id)
		case down > 1 && l.Children[0].Links().Ancestors.Count > 2:
			return text("%s is not the only parent of child %s", id, l.Children[0].Tx.ID())
		case up > 1 && l.Parents[0].Links().Descendants.Count > 2:
			return text("%s is not the only child of parent %s", id, l.Parents[0].Tx.ID())
		}
	}
	return ""
}

// diagramAbove tells whether the fees that a miner gets out of the chunks a, best
// first, are nowhere less than those out of b, and somewhere more (Core's
// CompareChunks). Both curves are straight between their points and flat at
// their ends, so that looking at every point of either is enough.
func diagramAbove(a, b []chunk) bool {
	above := false
	for _, at := range append(points(a), points(b)...) {
		d := feesAt(a, at).Cmp(feesAt(b, at))
		if d < 0 {
			return false
		}
		above = above || d > 0
	}
	return above
}

// points sorts chunks by feerate and returns the sizes where the curve bends.
func points(list []chunk) (at []int64) {
	slices.SortStableFunc(list, func(x, y chunk) int { return cmp.Compare(y.fee*x.vsize, x.fee*y.vsize) })
	size := int64(0)
	for _, c := range list {
		size += c.vsize
		at = append(at, size)
	}
	return at
}

// feesAt is the curve's value at a size.
func feesAt(sorted []chunk, size int64) *big.Rat {
	sum := int64(0)
	for _, c := range sorted {
		if c.vsize >= size {
			part := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(c.fee), big.NewInt(size)), big.NewInt(c.vsize))
			return part.Add(part, new(big.Rat).SetInt64(sum))
		}
		size -= c.vsize
		sum += c.fee
	}
	return new(big.Rat).SetInt64(sum)
}
