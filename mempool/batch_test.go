package mempool

import (
	"testing"

	"github.com/troupe-node/troupe/tx"
)

// fan makes a parent of n children, which need not be in the pool.
func (w *world) fan(version uint32, n int) (parent *tx.Tx, children []*tx.Tx) {
	outs := make([]int64, n)
	for i := range outs {
		outs[i] = one / int64(n+1)
	}
	parent = spend{version: version, in: []tx.OutPoint{w.coin(one)}, outs: outs}.tx()
	for i := range n {
		children = append(children, spend{version: version, in: []tx.OutPoint{out(parent, i)}, outs: []int64{outs[i] - 2000}}.tx())
	}
	return parent, children
}

func TestWhatComesBackCountsOnlyItsOwnDescendants(t *testing.T) {
	w := newWorld(t)
	parent, children := w.fan(2, 40)
	w.connect(0, append([]*tx.Tx{parent}, children[:20]...)...)
	for _, c := range children[20:] {
		w.must(c)
	}
	w.settle(w.tip.height-1, w.disconnect())
	w.pool.check(t)
	if w.pool.Count() != 41 {
		t.Errorf("%d of 41 are in the pool", w.pool.Count())
	}

	w = newWorld(t)
	parent, children = w.fan(2, 40)
	w.connect(0, append([]*tx.Tx{parent}, children...)...)
	w.settle(w.tip.height-1, w.disconnect())
	w.pool.check(t)
	if w.pool.Count() != 26 { // one for the carve-out
		t.Errorf("%d in the pool, want the parent with 25 of the 40 children that came back with it", w.pool.Count())
	}
}

func TestTRUCRulesDoNotLookBeyondWhatComesBackTogether(t *testing.T) {
	w := newWorld(t)
	parent, children := w.fan(3, 3)
	w.connect(0, parent)
	plain := spend{version: 2, in: []tx.OutPoint{out(parent, 2)}, outs: []int64{one/4 - 3000}}.tx()
	w.must(plain)
	w.connect(0, children[:2]...)
	younger := w.disconnect()
	older := w.disconnect()
	fork := w.tip.height
	w.pool.SetTip(NewTip(w.tip, w.params))
	for _, block := range [][]*tx.Tx{older, younger} { // each for itself
		w.batch++
		for _, c := range block {
			if v := w.submit(c, true); v.Reject != nil {
				t.Fatal(v.Reject)
			}
		}
	}
	w.batch--
	w.settle(fork, nil)
	w.pool.check(t)
	if w.pool.Count() != 4 {
		t.Errorf("%d of 4 are in the pool", w.pool.Count())
	}
}
