package mempool

import (
	"container/heap"
	"slices"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

// check adds everything up afresh and compares.
func (p *Pool) check(t testing.TB) {
	t.Helper()
	var totals Totals
	var base, usage int64
	spent := 0
	for i, e := range p.list {
		l := e.Links()
		if e.slot != i || p.index.byID.get(e.Tx.ID()) != e || p.index.byWitnessID.get(e.Tx.WitnessID()) != e {
			t.Fatalf("%s is not where it should be", e.Tx.ID())
		}
		totals.add(e.own())
		base += e.Fee
		usage += e.usage()
		var parents, children []*Entry
		for j := range e.Tx.Inputs {
			op := e.Tx.Inputs[j].PrevOut
			if q := p.index.byID.get(op.Hash); q != nil && !slices.Contains(parents, q) {
				parents = append(parents, q)
			}
			if p.index.spends.get(op) != e {
				t.Fatalf("%s does not spend %s", e.Tx.ID(), op)
			}
			spent++
		}
		for j := range e.Tx.Outputs {
			if c := p.index.spends.get(tx.OutPoint{Hash: e.Tx.ID(), Index: uint32(j)}); c != nil && !slices.Contains(children, c) {
				children = append(children, c)
			}
		}
		if !sameEntries(parents, l.Parents) || !sameEntries(children, l.Children) {
			t.Fatalf("%s has other relatives than it says", e.Tx.ID())
		}
		if up := sumOf(p.ancestors(e)); up != l.Ancestors {
			t.Fatalf("%s: ancestors %+v, noted %+v", e.Tx.ID(), up, l.Ancestors)
		}
		if down := sumOf(p.descendants(e)); down != l.Descendants {
			t.Fatalf("%s: descendants %+v, noted %+v", e.Tx.ID(), down, l.Descendants)
		}
		if l.Delta != p.deltas[e.Tx.ID()] {
			t.Fatalf("%s: delta %d, noted %d", e.Tx.ID(), p.deltas[e.Tx.ID()], l.Delta)
		}
		if p.evict.on && (e.evict < 0 || p.evict.list[e.evict] != e || p.evict.scores[e.evict] != score(e)) {
			t.Fatalf("%s: stale score", e.Tx.ID())
		}
		if p.expiry[e.due] != e {
			t.Fatalf("%s: not due where it says", e.Tx.ID())
		}
	}
	if totals != p.totals || base != p.baseFees || usage != p.usage || len(p.list) != p.totals.Count || len(p.expiry) != len(p.list) {
		t.Fatalf("totals %+v fees %d usage %d, noted %+v %d %d", totals, base, usage, p.totals, p.baseFees, p.usage)
	}
	if n := p.index.byID.len(); n != len(p.list) || p.index.spends.len() != spent {
		t.Fatalf("index has %d entries and %d spent outpoints; want %d and %d", n, p.index.spends.len(), len(p.list), spent)
	}
	if p.evict.on && p.evict.Len() != len(p.list) || !heaped(&p.evict) || !heaped(&p.expiry) {
		t.Fatal("a heap is out of order")
	}
}

func (s *shards[K]) len() (n int) {
	s.each(func(*Entry) { n++ })
	return n
}

func heaped(h heap.Interface) bool {
	for i := 1; i < h.Len(); i++ {
		if h.Less(i, (i-1)/2) {
			return false
		}
	}
	return true
}

func sumOf(list []*Entry) (sum Totals) {
	for _, e := range list {
		sum.add(e.own())
	}
	return sum
}

func sameEntries(a, b []*Entry) bool {
	if len(a) != len(b) {
		return false
	}
	for _, e := range a {
		if !slices.Contains(b, e) {
			return false
		}
	}
	return true
}
