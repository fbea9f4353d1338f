package mempool

import (
	"errors"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

func TestReplacementFollowsTheRules(t *testing.T) {
	old := func(p *Policy) { p.FullRBF = false }
	for _, c := range []struct {
		name   string
		do     func(w *world) *tx.Tx // what is offered last
		policy func(*Policy)
		reason string
		result Result
	}{
		{"a better fee replaces without a signal", func(w *world) *tx.Tx {
			coin := w.coin(one)
			w.must(w.pay(1000, coin))
			return w.pay(2000, coin)
		}, nil, "", 0},
		{"not without a signal where full replacement is off", func(w *world) *tx.Tx {
			coin := w.coin(one)
			w.must(w.pay(1000, coin))
			return w.pay(2000, coin)
		}, old, "txn-mempool-conflict", MempoolPolicy},
		{"with a signal it is", func(w *world) *tx.Tx {
			coin := w.coin(one)
			w.must(spend{in: []tx.OutPoint{coin}, outs: []int64{one - 1000}, sequence: 0xfffffffd}.tx())
			return w.pay(2000, coin)
		}, old, "", 0},
		{"and TRUC is a signal", func(w *world) *tx.Tx {
			coin := w.coin(one)
			w.must(spend{version: 3, in: []tx.OutPoint{coin}, outs: []int64{one - 1000}}.tx())
			return w.pay(2000, coin)
		}, old, "", 0},
		{"the same feerate, as Core rounds it", func(w *world) *tx.Tx {
			coin := w.coin(one)
			w.must(w.pay(10_000, coin))
			return spend{in: []tx.OutPoint{coin}, outs: []int64{one - 10_000 - 400}, pad: 1}.tx()
		}, nil, "insufficient fee", Reconsiderable},
		{"rule 2: another unconfirmed input", func(w *world) *tx.Tx {
			coin := w.coin(one)
			w.must(w.pay(1000, coin))
			other := w.pay(1000, w.coin(one))
			w.must(other)
			return w.pay(9000, coin, out(other, 0))
		}, nil, "replacement-adds-unconfirmed", MempoolPolicy},
		{"rule 2: an unconfirmed input that a descendant of the conflict had", func(w *world) *tx.Tx {
			coin := w.coin(one)
			first := w.pay(1000, coin)
			w.must(first)
			other := w.pay(1000, w.coin(one))
			w.must(other)
			w.must(w.pay(1000, out(first, 0), out(other, 0)))
			return w.pay(9000, coin, out(other, 0))
		}, nil, "", 0},
		{"rule 3: less than all that goes", func(w *world) *tx.Tx {
			coin := w.coin(one)
			first := w.pay(1000, coin)
			w.must(first)
			w.must(w.pay(50_000, out(first, 0)))
			return w.pay(2000, coin)
		}, nil, "insufficient fee", Reconsiderable},
		{"rule 4: too little for its own way", func(w *world) *tx.Tx {
			coin := w.coin(one)
			w.must(w.pay(1000, coin))
			return w.pay(1000+50, coin)
		}, nil, "insufficient fee", Reconsiderable},
		{"rule 4: just enough", func(w *world) *tx.Tx {
			coin := w.coin(one)
			first := w.pay(1000, coin)
			w.must(first)
			return w.pay(1000+int64(first.VSize()), coin)
		}, nil, "", 0},
		{"rule 5: a hundred", func(w *world) *tx.Tx { return w.replaceMany(100) }, nil, "", 0},
		{"rule 5: a hundred and one", func(w *world) *tx.Tx { return w.replaceMany(101) }, nil, "too many potential replacements", MempoolPolicy},
		{"what it would replace is its own ancestor", func(w *world) *tx.Tx {
			coin := w.coin(one)
			first := w.pay(1000, coin)
			w.must(first)
			return w.pay(50_000, coin, out(first, 0))
		}, nil, "bad-txns-spends-conflicting-tx", Consensus},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, func(p *Policy) {
				if c.policy != nil {
					c.policy(p)
				}
			})
			next := c.do(w)
			before := w.pool.Count()
			v := w.offer(next)
			expect(t, v, c.reason)
			w.pool.check(t)
			if v.Reject != nil {
				if v.Reject.Result != c.result || w.pool.Count() != before {
					t.Fatalf("%s, and the pool went from %d to %d", v.Reject.Result, before, w.pool.Count())
				}
				return
			}
			if w.pool.Count() != before+1-len(v.Replaced) || len(v.Replaced) == 0 {
				t.Fatalf("%d replaced, from %d to %d", len(v.Replaced), before, w.pool.Count())
			}
		})
	}
}

// replaceMany fills the pool with n transactions in families of twenty or less,
// and returns one that conflicts with the head of each.
func (w *world) replaceMany(n int) *tx.Tx {
	var coins []tx.OutPoint
	for n > 0 {
		coin := w.coin(one)
		size := min(n, 20)
		w.chain(size, coin)
		coins = append(coins, coin)
		n -= size
	}
	return w.pay(10_000_000, coins...)
}

func TestReplacementTextsAreCores(t *testing.T) {
	w := newWorld(t)
	coin := w.coin(one)
	w.must(w.pay(1000, coin))
	next := w.pay(1050, coin)
	v := w.offer(next)
	want := "insufficient fee, rejecting replacement " + next.ID().String() + ", not enough additional fees to relay; 0.0000005 < 0.00000096"
	if v.Reject.Error() != want {
		t.Fatalf("%q; want %q", v.Reject.Error(), want)
	}
	next = w.pay(900, coin)
	want = "insufficient fee, rejecting replacement " + next.ID().String() + "; new feerate 0.00009375 BTC/kvB <= old feerate 0.00010416 BTC/kvB"
	if v = w.offer(next); v.Reject.Error() != want {
		t.Fatalf("%q; want %q", v.Reject.Error(), want)
	}
	var coins []tx.OutPoint
	for range 5 {
		coins = append(coins, w.coin(one))
		w.chain(25, coins[len(coins)-1])
	}
	next = w.pay(one, coins...)
	want = "too many potential replacements, rejecting replacement " + next.ID().String() + "; too many potential replacements (125 > 100)\n"
	if v = w.offer(next); v.Reject.Error() != want {
		t.Fatalf("%q; want %q", v.Reject.Error(), want)
	}
}

func TestChainsHaveLimits(t *testing.T) {
	t.Run("twenty-five in a row, and a small one more beside the first", func(t *testing.T) {
		w := newWorld(t)
		first := spend{in: []tx.OutPoint{w.coin(one)}, outs: []int64{one / 2, one/2 - 1000}}.tx()
		w.must(first)
		list := w.chain(24, out(first, 0))
		v := w.offer(w.pay(1000, out(list[23], 0)))
		if !errors.Is(v.Reject, ErrTooLongChain) {
			t.Fatalf("%+v", v.Reject)
		}
		w.must(w.pay(1000, out(first, 1))) // the carve-out
		w.pool.check(t)
	})
	t.Run("a member of a package gets no carve-out", func(t *testing.T) {
		w := newWorld(t)
		first := spend{in: []tx.OutPoint{w.coin(one)}, outs: []int64{one / 2, one/2 - 1000}}.tx()
		w.must(first)
		w.chain(24, out(first, 0))
		small := w.pay(1000, out(first, 1))
		child := spend{in: []tx.OutPoint{out(small, 0)}, outs: []int64{small.Outputs[0].Value - 1000}}.tx()
		if v := w.pack(small, child); !errors.Is(v.Reject, ErrPackageFailed) || !errors.Is(v.Txs[0].Reject, ErrTooLongChain) {
			t.Fatalf("%v: %v", v.Reject, v.Txs[0].Reject)
		}
		w.must(small)
	})
	t.Run("the carve-out is for one, and for small ones", func(t *testing.T) {
		w := newWorld(t)
		first := spend{in: []tx.OutPoint{w.coin(one)}, outs: []int64{one / 4, one / 4, one / 4, one/4 - 1000}}.tx()
		w.must(first)
		w.chain(24, out(first, 0))
		w.must(w.pay(1000, out(first, 1)))
		v := w.offer(w.pay(1000, out(first, 2)))
		if !errors.Is(v.Reject, ErrTooLongChain) || v.Reject.Debug != "too many descendants for tx "+first.ID().String()+" [limit: 25]" {
			t.Fatalf("%+v", v.Reject)
		}
	})
	t.Run("size", func(t *testing.T) {
		w := newWorld(t, func(p *Policy) { p.MaxDataCarrier = 100_000 })
		a := spend{in: []tx.OutPoint{w.coin(one)}, outs: []int64{one - 60_000}, pad: 50_000}.tx()
		w.must(a)
		v := w.offer(spend{in: []tx.OutPoint{out(a, 0)}, outs: []int64{one - 200_000}, pad: 51_000}.tx())
		if !errors.Is(v.Reject, ErrTooLongChain) {
			t.Fatalf("%+v", v.Reject)
		}
	})
	t.Run("a replacement takes the place of what it replaces", func(t *testing.T) {
		w := newWorld(t)
		list := w.chain(25, w.coin(one))
		w.must(w.pay(5000, out(list[23], 0)))
		w.pool.check(t)
	})
}

func TestTRUCKeepsFamiliesSmall(t *testing.T) {
	truc := func(w *world, fee int64, pad int, in ...tx.OutPoint) *tx.Tx {
		return spend{version: 3, in: in, outs: []int64{(w.worth(in...) - fee) / 2, (w.worth(in...) - fee) / 2}, pad: pad}.tx()
	}
	roomy := func(p *Policy) { p.MaxDataCarrier = 100_000 }
	for _, c := range []struct {
		name   string
		do     func(w *world) *tx.Tx
		reason string
	}{
		{"a child", func(w *world) *tx.Tx {
			p := truc(w, 1000, 0, w.coin(one))
			w.must(p)
			return truc(w, 1000, 0, out(p, 0))
		}, ""},
		{"a grandchild", func(w *world) *tx.Tx {
			p := truc(w, 1000, 0, w.coin(one))
			w.must(p)
			q := truc(w, 1000, 0, out(p, 0))
			w.must(q)
			return truc(w, 1000, 0, out(q, 0))
		}, "TRUC-violation"},
		{"two parents", func(w *world) *tx.Tx {
			p, q := truc(w, 1000, 0, w.coin(one)), truc(w, 1000, 0, w.coin(one))
			w.must(p)
			w.must(q)
			return truc(w, 1000, 0, out(p, 0), out(q, 0))
		}, "TRUC-violation"},
		{"a parent of another version", func(w *world) *tx.Tx {
			p := w.pay(1000, w.coin(one))
			w.must(p)
			return truc(w, 1000, 0, out(p, 0))
		}, "TRUC-violation"},
		{"a child of another version", func(w *world) *tx.Tx {
			p := truc(w, 1000, 0, w.coin(one))
			w.must(p)
			return w.pay(1000, out(p, 0))
		}, "TRUC-violation"},
		{"too large", func(w *world) *tx.Tx { return truc(w, 100_000, 10_000, w.coin(one)) }, "TRUC-violation"},
		{"large enough", func(w *world) *tx.Tx { return truc(w, 100_000, 9_500, w.coin(one)) }, ""},
		{"too large a child", func(w *world) *tx.Tx {
			p := truc(w, 1000, 0, w.coin(one))
			w.must(p)
			return truc(w, 100_000, 1000, out(p, 0))
		}, "TRUC-violation"},
		{"a second child that pays for the first", func(w *world) *tx.Tx {
			p := truc(w, 1000, 0, w.coin(one))
			w.must(p)
			w.must(truc(w, 1000, 0, out(p, 0)))
			return truc(w, 9000, 0, out(p, 1))
		}, ""},
		{"a second child that does not", func(w *world) *tx.Tx {
			p := truc(w, 1000, 0, w.coin(one))
			w.must(p)
			w.must(truc(w, 1000, 0, out(p, 0)))
			return truc(w, 1010, 0, out(p, 1))
		}, "insufficient fee (including sibling eviction)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, roomy)
			next := c.do(w)
			before := w.pool.Count()
			v := w.offer(next)
			expect(t, v, c.reason)
			w.pool.check(t)
			if c.name == "a second child that pays for the first" && (len(v.Replaced) != 1 || w.pool.Count() != before) {
				t.Fatalf("%d replaced, %d entries", len(v.Replaced), w.pool.Count())
			}
		})
	}
}
