package mempool

import (
	"errors"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

func (w *world) prepared(txs ...*tx.Tx) *Attempt {
	w.t.Helper()
	a, r := w.pool.PreparePackage(txs, w.now)
	if r != nil {
		w.t.Fatal(r)
	}
	if err := a.Check(w, nil); err != nil {
		w.t.Fatal(err)
	}
	if w.pool.Stale(a, w.now) {
		w.t.Fatal("stale at once")
	}
	return a
}

func (w *world) pack(txs ...*tx.Tx) *PackageVerdict {
	w.t.Helper()
	v := w.pool.FinishPackage(w.prepared(txs...), w.now, 0)
	w.pool.check(w.t)
	return v
}

// familyOf makes a parent with two outputs and a child of the first, which need
// not be in the pool.
func (w *world) familyOf(version uint32, parentFee, childFee int64, coins ...tx.OutPoint) (parent, child *tx.Tx) {
	sum := w.worth(coins...)
	parent = spend{version: version, in: coins, outs: []int64{sum/2 - parentFee, sum / 2}}.tx()
	child = spend{version: version, in: []tx.OutPoint{out(parent, 0)}, outs: []int64{sum/2 - parentFee - childFee}}.tx()
	return parent, child
}

func TestListsThatAreNoPackages(t *testing.T) {
	w := newWorld(t)
	parent, child := w.familyOf(2, 1000, 1000, w.coin(one))
	rival := spend{in: []tx.OutPoint{parent.Inputs[0].PrevOut}, outs: []int64{one / 3}}.tx()
	var many []*tx.Tx
	for range 26 {
		many = append(many, w.pay(1000, w.coin(one)))
	}
	var heavy []*tx.Tx
	for range 3 {
		heavy = append(heavy, spend{in: []tx.OutPoint{w.coin(one)}, outs: []int64{5000}, pad: 50_000}.tx())
	}
	for _, c := range []struct {
		name string
		list []*tx.Tx
		want error
	}{
		{"too many", many, ErrPackageCount},
		{"as many as may be", many[:25], nil},
		{"too heavy", heavy, ErrPackageSize},
		{"twice the same", []*tx.Tx{parent, parent}, ErrPackageDuplicates},
		{"child first", []*tx.Tx{child, parent}, ErrPackageOrder},
		{"rivals", []*tx.Tx{parent, rival}, ErrPackageConflict},
		{"a family", []*tx.Tx{parent, child}, nil},
	} {
		if r := checkPackage(c.list); (r == nil) != (c.want == nil) || r != nil && !errors.Is(r, c.want) {
			t.Errorf("%s: %v", c.name, r)
		}
	}
	other := w.pay(1000, w.coin(one))
	if ChildWithParents([]*tx.Tx{other, child}) || !ChildWithParents([]*tx.Tx{parent, child}) || ChildWithParents([]*tx.Tx{child}) {
		t.Error("wrong about children")
	}
	both := spend{in: []tx.OutPoint{out(parent, 1), out(child, 0)}, outs: []int64{5000}}.tx()
	if list := []*tx.Tx{parent, child, both}; !ChildWithParents(list) || ChildWithParentsTree(list) {
		t.Error("a parent that depends on another makes no tree")
	}
}

func TestAChildPaysForItsParent(t *testing.T) {
	t.Run("of any version, above the relay minimum, when the pool asks for more", func(t *testing.T) {
		w := newWorld(t)
		w.pool.rolling.raise(5000)
		parent, child := w.familyOf(2, 300, 3000, w.coin(one))
		if v := w.offer(parent); v.Reject == nil || v.Reject.Result != Reconsiderable {
			t.Fatalf("%+v", v.Reject)
		}
		v := w.pack(parent, child)
		if v.Reject != nil || v.Txs[0].Entry == nil || v.Txs[1].Entry == nil {
			t.Fatalf("%v: %v %v", v.Reject, v.Txs[0].Reject, v.Txs[1].Reject)
		}
		size := v.Txs[0].VSize + v.Txs[1].VSize
		if v.Txs[0].Effective != 3300*1000/size || len(v.Txs[1].With) != 2 {
			t.Fatalf("%+v", v.Txs)
		}
	})
	t.Run("but not with a child that is refused for itself", func(t *testing.T) {
		w := newWorld(t)
		w.pool.rolling.raise(5000)
		parent, child := w.familyOf(2, 300, 3000, w.coin(one))
		bad := tx.New(child.Version, []tx.Input{{PrevOut: child.Inputs[0].PrevOut, Sequence: consensus.SequenceFinal, Witness: [][]byte{{script.OP_RETURN}}}}, child.Outputs, 0)
		v := w.pack(parent, bad)
		if v.Reject == nil || v.Txs[0].Reject == nil || v.Txs[0].Reject.Result != Reconsiderable || v.Txs[1].Reject == nil || w.pool.Count() != 0 {
			t.Fatalf("%v: %+v", v.Reject, v.Txs)
		}
	})
	t.Run("not below the relay minimum", func(t *testing.T) {
		w := newWorld(t)
		parent, child := w.familyOf(2, 0, 3000, w.coin(one))
		v := w.pack(parent, child)
		if !errors.Is(v.Reject, ErrPackageFailed) || !errors.Is(v.Txs[0].Reject, ErrMinRelayNotMet) || v.Txs[1].Reject.Result != MissingInputs {
			t.Fatalf("%v: %v %v", v.Reject, v.Txs[0].Reject, v.Txs[1].Reject)
		}
	})
	t.Run("even for nothing, if both are TRUC", func(t *testing.T) {
		w := newWorld(t)
		parent, child := w.familyOf(3, 0, 3000, w.coin(one))
		if v := w.pack(parent, child); v.Reject != nil || w.pool.Count() != 2 {
			t.Fatalf("%v: %v %v", v.Reject, v.Txs[0].Reject, v.Txs[1].Reject)
		}
	})
	t.Run("but enough", func(t *testing.T) {
		w := newWorld(t)
		parent, child := w.familyOf(3, 0, 100, w.coin(one))
		v := w.pack(parent, child)
		if !errors.Is(v.Reject, ErrPackageFailed) || !errors.Is(v.Txs[1].Reject, ErrMinRelayNotMet) || w.pool.Count() != 0 {
			t.Fatalf("%v: %v %v", v.Reject, v.Txs[0].Reject, v.Txs[1].Reject)
		}
	})
	t.Run("and not too much for its owner", func(t *testing.T) {
		w := newWorld(t)
		parent, child := w.familyOf(2, 1000, 90_000, w.coin(one))
		v := w.pool.FinishPackage(w.prepared(parent, child), w.now, 100_000)
		if !errors.Is(v.Reject, ErrPackageFailed) || v.Txs[1].Reject.Reason() != "max feerate exceeded" || w.pool.Count() != 1 {
			t.Fatalf("%v: %v", v.Reject, v.Txs[1].Reject)
		}
	})
}

func TestWhatIsInAlreadyStaysOutOfThePackage(t *testing.T) {
	w := newWorld(t)
	parent, child := w.familyOf(2, 1000, 1000, w.coin(one))
	w.must(parent)
	v := w.pack(parent, child)
	if v.Reject != nil || !v.Txs[0].Known || v.Txs[1].Known || v.Txs[1].Entry == nil {
		t.Fatalf("%v: %+v", v.Reject, v.Txs)
	}
	if v = w.pack(parent, child); v.Reject != nil || !v.Txs[1].Known {
		t.Fatalf("%v: %+v", v.Reject, v.Txs)
	}
}

func TestAPackageNeedsAllUnconfirmedParents(t *testing.T) {
	w := newWorld(t)
	here := w.pay(1000, w.coin(one))
	w.must(here)
	parent := w.pay(1000, w.coin(one))
	child := spend{in: []tx.OutPoint{out(parent, 0), out(here, 0)}, outs: []int64{one}}.tx()
	if v := w.pack(parent, child); !errors.Is(v.Reject, ErrPackageParents) {
		t.Fatalf("%v", v.Reject)
	}
	if v := w.pack(parent, w.pay(1000, w.coin(one))); !errors.Is(v.Reject, ErrPackageShape) {
		t.Fatalf("%v", v.Reject)
	}
	absent := spend{in: []tx.OutPoint{out(parent, 0), {Hash: tx.Hash{8}}}, outs: []int64{one / 2}}.tx()
	if v := w.pack(parent, absent); !errors.Is(v.Reject, ErrPackageParents) {
		t.Fatalf("%v", v.Reject)
	}
}

func TestPackagesReplaceOnlyForTheBetter(t *testing.T) {
	for _, c := range []struct {
		name      string
		old       int64 // fee of what is replaced
		parent    int64
		child     int64
		prepare   func(w *world, old *tx.Tx)
		reason    string
		remaining int
	}{
		{"better in every way", 1000, 300, 5000, nil, "", 2},
		{"too little for the way", 1000, 150, 900, nil, "package RBF failed: insufficient anti-DoS fees", 1},
		{"a child that only pays for itself", 100, 950, 400, nil, "", 2},
		{"a worse feerate", 30_000, 300, 31_000, nil, "package RBF failed: insufficient feerate: does not improve feerate diagram", 1},
		{"a conflict with too many relatives", 1000, 300, 9000, func(w *world, old *tx.Tx) { w.chain(2, out(old, 0)) },
			"package RBF failed: %s has 2 descendants, max 1 allowed", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			coin := w.coin(one)
			old := w.pay(c.old, coin)
			w.must(old)
			if c.prepare != nil {
				c.prepare(w, old)
			}
			parent, child := w.familyOf(2, c.parent, c.child, coin)
			v := w.pack(parent, child)
			want := strings.ReplaceAll(c.reason, "%s", old.ID().String())
			switch {
			case c.reason == "" && v.Reject != nil:
				t.Fatalf("%v: %v %v", v.Reject, v.Txs[0].Reject, v.Txs[1].Reject)
			case c.reason != "" && (v.Reject == nil || v.Reject.Reason() != want):
				t.Fatalf("%v; want %s", v.Reject, want)
			}
			if w.pool.Count() != c.remaining {
				t.Fatalf("%d left", w.pool.Count())
			}
			if c.reason == "" && len(v.Txs[0].Replaced)+len(v.Txs[1].Replaced) != 1 {
				t.Fatal("replaced without saying so")
			}
		})
	}
}

func TestTestingAPackageChangesNothing(t *testing.T) {
	w := newWorld(t)
	parent, child := w.familyOf(2, 1000, 1000, w.coin(one))
	v := w.pool.TestPackage(w.prepared(parent, child), w.now)
	if v.Reject != nil || v.Txs[0].VSize == 0 || v.Txs[1].Fee != 1000 || w.pool.Count() != 0 {
		t.Fatalf("%v %+v", v.Reject, v.Txs)
	}
	bad := spend{in: []tx.OutPoint{out(parent, 0)}, outs: []int64{one}}.tx()
	last := w.pay(1000, w.coin(one))
	v = w.pool.TestPackage(w.prepared(parent, bad, last), w.now)
	if !errors.Is(v.Reject, ErrPackageFailed) || !v.Txs[0].Unknown || v.Txs[1].Reject == nil || !v.Txs[2].Unknown {
		t.Fatalf("%v %+v", v.Reject, v.Txs)
	}
	rival := spend{in: []tx.OutPoint{parent.Inputs[0].PrevOut}, outs: []int64{one / 4}}.tx()
	w.must(rival)
	v = w.pool.TestPackage(w.prepared(parent, child), w.now)
	if v.Txs[0].Reject == nil || v.Txs[0].Reject.Reason() != "bip125-replacement-disallowed" {
		t.Fatalf("%v %+v", v.Reject, v.Txs[0])
	}
}

func TestDiagrams(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b []chunk
		want bool
	}{
		{"the same", []chunk{{950, 300}}, []chunk{{950, 300}}, false},
		{"the same in two pieces", []chunk{{950, 300}}, []chunk{{475, 150}, {475, 150}}, false},
		{"more for the same size", []chunk{{951, 300}}, []chunk{{950, 300}}, true},
		{"more for a larger size, at a worse rate", []chunk{{1000, 900}}, []chunk{{950, 300}}, false},
		{"more, and nowhere less", []chunk{{1000, 300}, {1, 600}}, []chunk{{950, 300}}, true},
		{"less in the end", []chunk{{900, 100}}, []chunk{{800, 100}, {200, 100}}, false},
	} {
		if got := diagramAbove(c.a, c.b); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestTRUCPackages(t *testing.T) {
	w := newWorld(t)
	parent, child := w.familyOf(3, 0, 3000, w.coin(one))
	second := spend{version: 3, in: []tx.OutPoint{out(parent, 1)}, outs: []int64{one/2 - 3000}}.tx()
	v := w.pool.TestPackage(w.prepared(parent, child, second), w.now)
	if v.Reject == nil {
		t.Fatal("two children")
	}
	w2 := newWorld(t)
	parent, child = w2.familyOf(3, 1000, 3000, w2.coin(one))
	grandchild := spend{version: 3, in: []tx.OutPoint{out(child, 0)}, outs: []int64{one/2 - 9000}}.tx()
	if v = w2.pool.TestPackage(w2.prepared(parent, child, grandchild), w2.now); !errors.Is(v.Reject, ErrTRUC) || !strings.Contains(v.Reject.Debug, "too many ancestors") {
		t.Fatalf("%v", v.Reject)
	}
	mixed := spend{version: 2, in: []tx.OutPoint{out(parent, 0)}, outs: []int64{one/2 - 9000}}.tx()
	if v = w2.pool.TestPackage(w2.prepared(parent, mixed), w2.now); !errors.Is(v.Reject, ErrTRUC) || !strings.HasPrefix(v.Reject.Debug, "non-version=3 tx ") {
		t.Fatalf("%v", v.Reject)
	}
}

func TestAMemberLosesWhatAnotherReplaces(t *testing.T) {
	w := newWorld(t)
	coin := w.coin(one)
	old := w.pay(1000, coin)
	w.must(old)
	w.pool.rolling.raise(5000)
	cheap := w.pay(200, out(old, 0)) // cannot stand alone
	rival := w.pay(50_000, coin)     // takes away what cheap spends
	child := spend{in: []tx.OutPoint{out(cheap, 0), out(rival, 0)}, outs: []int64{one}}.tx()
	v := w.pack(cheap, rival, child)
	if !errors.Is(v.Reject, ErrPackageFailed) || v.Txs[0].Reject == nil || v.Txs[0].Reject.Reason() != "bad-txns-inputs-missingorspent" {
		t.Fatalf("%v: %v", v.Reject, v.Txs[0].Reject)
	}
	if v.Txs[1].Entry == nil || w.pool.Count() != 1 {
		t.Fatalf("%v, %d in the pool", v.Txs[1].Reject, w.pool.Count())
	}
}
