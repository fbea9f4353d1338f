package mempool

import (
	"cmp"
	"slices"

	"github.com/troupe-node/troupe/mining"
)

// Candidates are the pool's transactions at one moment, for a template. Taking
// them is quick; Build does the work, on any goroutine.
type Candidates struct{ list []pick }

type pick struct {
	e *Entry
	l *Links // of that moment
}

// Candidates notes what a block on the tip may hold.
func (p *Pool) Candidates() Candidates {
	list := make([]pick, len(p.list))
	for i, e := range p.list {
		list[i] = pick{e, e.links.Load()}
	}
	return Candidates{list}
}

// Len is the number of transactions.
func (c Candidates) Len() int { return len(c.list) }

// sorted puts parents before children: an ancestor has fewer ancestors than its
// descendants have.
func (c Candidates) sorted() []pick {
	list := slices.Clone(c.list)
	slices.SortFunc(list, func(a, b pick) int {
		if d := cmp.Compare(a.l.Ancestors.Count, b.l.Ancestors.Count); d != 0 {
			return d
		}
		return cmp.Compare(a.e.Sequence, b.e.Sequence)
	})
	return list
}

// Build lists them as mining takes them.
func (c Candidates) Build() []mining.Candidate {
	list := c.sorted()
	place := map[*Entry]int32{}
	out := make([]mining.Candidate, len(list))
	for i, x := range list {
		if len(x.l.Children) > 0 {
			place[x.e] = int32(i)
		}
		out[i] = mining.Candidate{
			Tx: x.e.Tx, Fee: x.e.Fee + x.l.Delta, Pays: x.e.Fee, VSize: x.e.VSize, SigOpCost: x.e.SigOpCost,
		}
		for _, q := range x.l.Parents {
			out[i].Parents = append(out[i].Parents, place[q])
		}
	}
	return out
}
