package mempool

import (
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

func TestTheLeastWorthyFamilyGoesFirst(t *testing.T) {
	w := newWorld(t)
	cheap := w.pay(1000, w.coin(one))
	poor := w.pay(500, w.coin(one))
	w.must(cheap)
	w.must(poor)
	rich := w.pay(90_000, out(poor, 0)) // pays for its parent
	w.must(rich)
	w.pool.policy.MaxBytes = w.pool.usage - 1
	w.pool.TrimToSize()
	w.pool.check(t)
	if w.pool.Count() != 2 || w.pool.ByID(cheap.ID()) != nil {
		t.Fatal("another one went")
	}
	view := w.pool.View(w.now)
	if min := view.MinFeePerKVB(); min != 1000*1000/int64(cheap.VSize())+1000 {
		t.Fatalf("the minimum rose to %d", min)
	}
	if v := w.offer(w.pay(150, w.coin(one))); !errors.Is(v.Reject, ErrMinFeeNotMet) || v.Reject.Result != Reconsiderable {
		t.Fatalf("%+v", v.Reject)
	}
	w.connect(0) // from now on it falls
	w.now += rollingHalfLife
	half := w.pool.View(w.now).MinFeePerKVB()
	if half >= view.MinFeePerKVB() || half < view.MinFeePerKVB()/2-1 {
		t.Fatalf("%d after half of its life, from %d", half, view.MinFeePerKVB())
	}
	w.now += 10 * rollingHalfLife
	if min := w.pool.View(w.now).MinFeePerKVB(); min != 1000 {
		t.Fatalf("%d in the end", min)
	}
}

func TestATransactionThatIsTheLeastWorthyIsRefused(t *testing.T) {
	w := newWorld(t)
	w.must(w.pay(9000, w.coin(one)))
	w.pool.policy.MaxBytes = w.pool.usage
	v := w.offer(w.pay(1000, w.coin(one)))
	if !errors.Is(v.Reject, ErrPoolFull) || v.Reject.Result != Reconsiderable || v.Entry != nil {
		t.Fatalf("%+v", v)
	}
	w.must(w.pay(10_500, w.coin(one)))
	w.pool.check(t)
	if w.pool.Count() != 1 {
		t.Fatal(w.pool.Count())
	}
}

func TestOldTransactionsExpireWithTheirChildren(t *testing.T) {
	w := newWorld(t)
	w.chain(3, w.coin(one))
	w.now += w.pool.policy.ExpirySeconds
	w.must(w.pay(1000, w.coin(one)))
	if w.pool.Count() != 4 {
		t.Fatal("too early")
	}
	w.now++
	w.must(w.pay(1000, w.coin(one))) // any newcomer is the occasion
	w.pool.check(t)
	if w.pool.Count() != 2 {
		t.Fatal(w.pool.Count())
	}
}

func TestTheOrphanageIsBoundedAndForgets(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	o := NewOrphanage(100)
	var list []*tx.Tx
	for i := range 1000 {
		t := spend{in: []tx.OutPoint{{Hash: tx.Hash{1, byte(i), byte(i >> 8)}}, {Hash: tx.Hash{2}, Index: uint32(i)}}, outs: []int64{1000}}.tx()
		list = append(list, t)
		o.Add(t, int64(i%7), int64(i), rng)
	}
	if o.Len() != 100 || len(o.byOutPoint) != 200 {
		t.Fatal(o.Len(), len(o.byOutPoint))
	}
	if fresh, evicted := o.Add(list[0], 1, 1, rng); fresh && evicted != 1 || o.Len() != 100 {
		t.Fatal("it took somebody's place, or its own", fresh, evicted)
	}
	before := o.Len()
	if gone := o.Keep(func(peer int64) bool { return peer != 3 }); len(gone) != 1 || gone[3] != before-o.Len() {
		t.Fatal(gone)
	}
	for _, orphan := range o.list {
		if orphan.Peer == 3 {
			t.Fatal("kept")
		}
	}
	last := o.list[0]
	if n := o.BlockConnected(tx.NewBlock(tx.Header{}, []*tx.Tx{last.Tx})); n != 1 || o.Has(last.Tx.WitnessID()) {
		t.Fatal("confirmed and kept")
	}
	o.Expire(1000 + orphanExpirySecs)
	if o.Len() != 0 || len(o.byOutPoint) != 0 || len(o.byWitnessID) != 0 {
		t.Fatal(o.Len())
	}
	heavy := spend{in: []tx.OutPoint{{}}, outs: []int64{1}, pad: 100_001}.tx()
	if fresh, _ := o.Add(heavy, 1, 1, rng); fresh {
		t.Fatal("too heavy")
	}
}

func TestReadersSeeWhatWasAcceptedAndRemembered(t *testing.T) {
	w := newWorld(t)
	log := w.pool.View(w.now).LogEnd()
	coin := w.coin(one)
	first := w.must(w.pay(1000, coin))
	second := w.must(w.pay(9000, coin))
	if log.Next().Entry != first || log.Next().Next().Entry != second || log.Next().Next().Next() != nil {
		t.Fatal("the log is another")
	}
	v := w.pool.View(w.now)
	if r := v.Recent(); len(r) != 1 || r[0] != first.Tx {
		t.Fatal("the replaced one is not remembered")
	}
	third := w.must(w.pay(1000, out(second.Tx, 0)))
	if a, d := v.Ancestors(third), v.Descendants(second); len(a) != 1 || a[0] != second || len(d) != 1 || d[0] != third {
		t.Fatal(a, d)
	}
	next := New(w.pool.policy, w.pool.tip)
	next.Continue(w.pool.View(w.now))
	if next.View(w.now).LogEnd().Entry != third || next.Sequence() != w.pool.Sequence() {
		t.Fatal("the log broke off")
	}
}

func TestReadersNeedNoOwner(t *testing.T) {
	w := newWorld(t)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	views := make(chan *View, 1)
	views <- w.pool.View(w.now)
	for range 3 {
		readers.Go(func() {
			v := <-views
			views <- v
			cursor := v.LogEnd()
			for {
				select {
				case <-stop:
					return
				default:
				}
				for next := cursor.Next(); next != nil; next = next.Next() {
					cursor = next
					v.Ancestors(next.Entry)
					v.ByWitnessID(next.Entry.Tx.WitnessID())
				}
				for _, e := range v.Entries() {
					v.Descendants(e)
					_ = e.ModifiedFee() + int64(e.AncestorCount())
				}
				v.Recent()
			}
		})
	}
	for range 30 {
		coin := w.coin(one)
		list := w.chain(5, coin)
		w.pool.Prioritise(list[1].ID(), 5)
		candidates, saved := w.pool.Candidates(), w.pool.Save()
		readers.Go(func() {
			candidates.Build()
			saved.Dump()
		})
		w.must(w.pay(90_000, out(list[2], 0)))
		w.connect(0, list[0])
		w.pool.Prioritise(list[1].ID(), -5)
	}
	close(stop)
	readers.Wait()
	w.pool.check(t)
}

func TestAReturnedParentMakesTooLongAChainShorter(t *testing.T) {
	w := newWorld(t)
	early := w.pay(1000, w.coin(one))
	w.must(early)
	w.connect(0, early)
	w.chain(25, out(early, 0)) // as long as may be, on a confirmed coin
	fork := w.tip.height - 1
	w.settle(fork, w.disconnect())
	w.pool.check(t)
	if w.pool.Count() != 25 || w.pool.ByID(early.ID()) == nil {
		t.Fatalf("%d left", w.pool.Count())
	}
}

func TestMemoryIsAccountedWithinATenth(t *testing.T) {
	for _, c := range []struct {
		name string
		fill func(w *world, n int)
		n    int
	}{
		{"independent payments", func(w *world, n int) { w.fill(n, 1, 2) }, 50_000},
		{"wide ones", func(w *world, n int) { w.fill(n, 1, 100) }, 3000},
		{"those of many inputs", func(w *world, n int) { w.fill(n, 50, 1) }, 3000},
		{"chains", func(w *world, n int) {
			for range n / 25 {
				w.chain(25, w.coin(one))
			}
		}, 20_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			before := liveHeap()
			c.fill(w, c.n)
			w.coins = nil
			measured := liveHeap() - before
			t.Logf("said %d, measured %d bytes an entry", w.pool.usage/int64(c.n), measured/int64(c.n))
			if said := w.pool.usage; said < measured*90/100 || said > measured*110/100 {
				t.Errorf("said %d bytes, measured %d: %.3f; %d and %d an entry", said, measured, float64(said)/float64(measured), said/int64(c.n), measured/int64(c.n))
			}
			runtime.KeepAlive(w)
		})
	}
}

// The ordinary limit, and a third more than it holds: what pays worse is thrown out.
func TestAFullPoolTakesTheMemoryThatItMay(t *testing.T) {
	if os.Getenv("TROUPE_LONG") == "" {
		t.Skip("fills 300 MB; TROUPE_LONG=1 runs it")
	}
	w := newWorld(t)
	before := liveHeap()
	const n = 350_000
	for range n / 1000 {
		w.fill(1000, 1, 2)
		w.pool.TrimToSize()
		w.pool.Drain()
	}
	w.coins = nil
	measured, limit := liveHeap()-before, w.pool.policy.MaxBytes
	t.Logf("%d of %d kept; limit %d, said %d, measured %d", w.pool.Count(), n, limit, w.pool.usage, measured)
	if w.pool.usage > limit || w.pool.usage < limit*99/100 || w.pool.Count() == n {
		t.Error("the pool is not at its limit")
	}
	if measured > limit*110/100 || measured < limit*90/100 {
		t.Error("the limit and the heap are further apart than a tenth")
	}
	runtime.KeepAlive(w)
}

// liveHeap is how much of the heap is in use.
func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// fill admits transactions as they come from peers, without looking at coins.
func (w *world) fill(n, inputs, outputs int) {
	for range n {
		s := spend{outs: make([]int64, outputs)}
		for i := range s.outs {
			s.outs[i] = 1000
		}
		for range inputs {
			s.in = append(s.in, w.coin(one))
		}
		clear(w.coins)
		t, err := tx.Parse(s.tx().Bytes())
		if err != nil {
			w.t.Fatal(err)
		}
		a := w.pool.attempt(t, w.now, false)
		a.fee, a.vsize, a.ran = 5000+int64(w.serial), int64(t.VSize()), true
		w.pool.admit(&work{Attempt: a, modified: a.fee})
	}
}
