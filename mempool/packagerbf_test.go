package mempool

import (
	"errors"
	"fmt"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

// paying makes a transaction of exactly 200 virtual bytes with two outputs.
func (w *world) paying(fee int64, in ...tx.OutPoint) *Entry {
	w.t.Helper()
	sum := w.worth(in...) - fee
	s := spend{in: in, outs: []int64{sum / 2, sum - sum/2}}
	return w.must(s.sized(w.t.(*testing.T), 200+60*(len(in)-1)))
}

func TestAConflictMayHaveOneRelative(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(w *world) (conflict *Entry, of *Entry) // whose id the refusal names besides
		want string                                      // with the names of both; empty: no objection
	}{
		{"none", func(w *world) (*Entry, *Entry) { return w.paying(500, w.coin(one)), nil }, ""},
		{"a parent", func(w *world) (*Entry, *Entry) {
			return w.paying(500, out(w.paying(500, w.coin(one)).Tx, 0)), nil
		}, ""},
		{"a child", func(w *world) (*Entry, *Entry) {
			e := w.paying(500, w.coin(one))
			w.paying(500, out(e.Tx, 0))
			return e, nil
		}, ""},
		{"two ancestors", func(w *world) (*Entry, *Entry) {
			first := w.paying(500, w.coin(one))
			return w.paying(500, out(w.paying(500, out(first.Tx, 0)).Tx, 0)), nil
		}, "%s has 2 ancestors, max 1 allowed"},
		{"two descendants", func(w *world) (*Entry, *Entry) {
			e := w.paying(500, w.coin(one))
			w.paying(500, out(e.Tx, 0))
			w.paying(500, out(e.Tx, 1))
			return e, nil
		}, "%s has 2 descendants, max 1 allowed"},
		{"a parent and a child", func(w *world) (*Entry, *Entry) {
			e := w.paying(500, out(w.paying(500, w.coin(one)).Tx, 0))
			w.paying(500, out(e.Tx, 0))
			return e, nil
		}, "%s has both ancestor and descendant, exceeding cluster limit of 2"},
		{"a child with another parent", func(w *world) (*Entry, *Entry) {
			e, other := w.paying(500, w.coin(one)), w.paying(500, w.coin(one))
			return e, w.paying(500, out(e.Tx, 0), out(other.Tx, 0))
		}, "%s is not the only parent of child %s"},
		{"a parent with another child", func(w *world) (*Entry, *Entry) {
			parent := w.paying(500, w.coin(one))
			w.paying(500, out(parent.Tx, 1))
			return w.paying(500, out(parent.Tx, 0)), parent
		}, "%s is not the only child of parent %s"},
	} {
		w := newWorld(t, func(p *Policy) { p.MaxDataCarrier = 1000 })
		conflict, of := c.make(w)
		want := c.want
		switch {
		case of != nil:
			want = fmt.Sprintf(c.want, conflict.Tx.ID(), of.Tx.ID())
		case want != "":
			want = fmt.Sprintf(c.want, conflict.Tx.ID())
		}
		if got := tooConnected([]*Entry{conflict}); got != want {
			t.Errorf("%s: %q, want %q", c.name, got, want)
		}
	}
}

// The feerate diagrams of Core's rbf_tests, with chunks of 200 virtual bytes.
func TestAReplacementMustImproveTheDiagram(t *testing.T) {
	low, high := int64(400), int64(4000)
	alone := func(fee int64) func(w *world) []*Entry {
		return func(w *world) []*Entry { return []*Entry{w.paying(fee, w.coin(one))} }
	}
	// A parent that stays, or goes too, and a child that goes.
	family := func(parent, child int64, both bool) func(w *world) []*Entry {
		return func(w *world) []*Entry {
			p := w.paying(parent, w.coin(one))
			c := w.paying(child, out(p.Tx, 0))
			if both {
				return []*Entry{p}
			}
			return []*Entry{c}
		}
	}
	for _, c := range []struct {
		name        string
		conflicts   func(w *world) []*Entry
		replacement chunk
		ok          bool
	}{
		{"one for one, better", alone(low), chunk{low + 1, 200}, true},
		{"one for one, the same", alone(low), chunk{low, 200}, false},
		{"twice the size at the same rate", alone(low), chunk{2 * low, 400}, true}, // more in the end
		{"twice the size at a worse rate", alone(low), chunk{2*low - 1, 400}, false},
		{"a smaller one at a better rate and less in the end", alone(low), chunk{low - 1, 100}, false},
		{"two for one", func(w *world) []*Entry { return append(alone(low)(w), alone(high)(w)...) }, chunk{low + high + 1, 200}, true},
		{"two for one, not better than the best", func(w *world) []*Entry { return append(alone(low)(w), alone(high)(w)...) }, chunk{low + high + 1, 400}, false},
		{"a cheap child of a dear parent that stays", family(high, low, false), chunk{low + 1, 200}, true},
		{"for the same", family(high, low, false), chunk{low, 200}, false},
		{"larger, at a better rate", family(high, low, false), chunk{2*low + 1, 400}, true},
		{"a dear child that pays for its parent", family(low, high, false), chunk{high + 1, 200}, true},
		{"for the same", family(low, high, false), chunk{high, 200}, true}, // first itself, then the parent: better than both as one
		{"for little more than the rate of both", family(low, high, false), chunk{high, 363}, false},
		{"parent and child, where the child pays", family(low, high, true), chunk{low + high + 1, 400}, true},
		{"for the same", family(low, high, true), chunk{low + high, 400}, false},
		{"parent and child, where the parent pays", family(high, low, true), chunk{low + high + 1, 200}, true},
		{"at the rate of both", family(high, low, true), chunk{low + high + 1, 400}, false},
	} {
		w := newWorld(t, func(p *Policy) { p.MaxDataCarrier = 1000 })
		conflicts := c.conflicts(w)
		why := improvesDiagram(conflicts, w.pool.descendants(conflicts...), c.replacement)
		if (why == "") != c.ok {
			t.Errorf("%s: %q", c.name, why)
		}
	}
}

func TestAPackageMayReplaceAHundred(t *testing.T) {
	for _, n := range []int{100, 101} {
		w := newWorld(t)
		var coins []tx.OutPoint
		for range n {
			coins = append(coins, w.coin(one))
			w.must(w.pay(500, coins[len(coins)-1]))
		}
		// The parent alone is too cheap.
		parent, child := w.familyOf(2, 10_000, 200_000, coins...)
		v := w.pool.FinishPackage(w.prepared(parent, child), w.now, 0)
		switch {
		case n == 100 && (v.Reject != nil || w.pool.Count() != 2):
			t.Errorf("%d: %v, %d left", n, v.Reject, w.pool.Count())
		case n == 101 && (v.Reject == nil || v.Reject.Reason() != "package RBF failed: too many potential replacements"):
			t.Errorf("%d: %v", n, v.Reject)
		}
	}
}

func TestAPackageAsGoodAsItsParentReplacesNothing(t *testing.T) {
	for more := range 2 {
		w := newWorld(t, func(p *Policy) { p.MaxDataCarrier = 1000 })
		coin := w.coin(one)
		w.paying(1000, coin)
		parent := spend{in: []tx.OutPoint{coin}, outs: []int64{one - 1050}}.sized(t, 150)
		child := spend{in: []tx.OutPoint{out(parent, 0)}, outs: []int64{one - 2100 - int64(more)}}.sized(t, 150)
		v := w.pack(parent, child)
		want := ""
		if more == 0 {
			want = "package RBF failed: package feerate is less than or equal to parent feerate"
		}
		if got := v.Reject; (got == nil) != (want == "") || got != nil && got.Reason() != want {
			t.Errorf("%d sat more: %v %v", more, got, v.Txs)
		}
	}
}

func TestPackagesStayWithinTheirWeight(t *testing.T) {
	for more, want := range []error{ErrPackageConflict, ErrPackageSize} { // both spend the same: that is seen later
		if r := checkPackage([]*tx.Tx{heavy(201_996), heavy(202_004 + more)}); r == nil || !errors.Is(r, want) {
			t.Errorf("%d above 404,000: %v", more, r)
		}
	}
}

func TestPackagesCountParentsOfAllMembers(t *testing.T) {
	for limit, want := range map[int]string{4: "", 3: "too many unconfirmed parents [limit: 3]"} {
		w := newWorld(t, func(p *Policy) { p.AncestorCount = limit })
		a, b := w.pay(500, w.coin(one)), w.pay(500, w.coin(one))
		w.must(a)
		w.must(b)
		v := w.pool.TestPackage(w.prepared(w.pay(500, out(a, 0)), w.pay(500, out(b, 0))), w.now)
		if got := v.Reject; (got == nil) != (want == "") || got != nil && got.Debug != want {
			t.Errorf("limit %d: %+v", limit, got)
		}
	}
}

func TestVersion3InPackagesHasItsRelativesInThePoolCounted(t *testing.T) {
	w := newWorld(t, func(p *Policy) { p.MaxDataCarrier = 10_000 })
	v3 := func(outs int64, in ...tx.OutPoint) spend { return spend{version: 3, in: in, outs: []int64{outs}} }
	held := v3(one/2, w.coin(one)).tx()
	w.must(held)
	fresh := v3(one/2, w.coin(one)).tx()
	both := v3(one/2, out(held, 0), out(fresh, 0)).tx()
	v := w.pool.TestPackage(w.prepared(fresh, both), w.now)
	if want := "tx " + named(both) + " would have too many ancestors"; v.Reject == nil || v.Reject.Debug != want {
		t.Errorf("%+v, want %s", v.Reject, want)
	}
	lonely := v3(one/4, out(held, 0)).tx()
	if v := w.pool.TestPackage(w.prepared(lonely, w.pay(500, w.coin(one))), w.now); v.Reject != nil {
		t.Errorf("the only child of a parent in the pool: %+v", v.Reject)
	}
	for vsize, ok := range map[int]bool{1000: true, 1001: false} {
		child := v3(one/4, out(fresh, 0)).sized(t, vsize)
		if v := w.pool.TestPackage(w.prepared(fresh, child), w.now); (v.Reject == nil) != ok {
			t.Errorf("a child of %d: %+v", vsize, v.Reject)
		}
	}
}
