package mempool

import (
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/mining"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// signed makes n independent signed payments, one P2WPKH input and two outputs
// each, as they come from a peer, and the coins they spend.
func signed(b *testing.B, w *world, n int) []*tx.Tx {
	f, err := forge.New("bench", w.params)
	if err != nil {
		b.Fatal(err)
	}
	list := make([]*tx.Tx, n)
	for i := range list {
		key := f.Key(uint64(i))
		op := w.coinOf(one, key.Script(forge.P2WPKH), 1, false)
		plan := f.Payment(forge.Coin{OutPoint: op, Value: one, Key: key, Kind: forge.P2WPKH}, uint64(i))
		if list[i], err = tx.Parse(plan.Sign().Bytes()); err != nil {
			b.Fatal(err)
		}
	}
	return list
}

// What the pool adds to the signature check: the whole way of a transaction, a
// view published for each. Compare BenchmarkScriptsAlone.
func BenchmarkAdmission(b *testing.B) {
	w := newWorld(b)
	list := signed(b, w, 4096)
	cache := script.NewSigCache(32<<20, [32]byte{1})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(list) == 0 {
			b.StopTimer()
			w.pool = New(w.pool.policy, w.pool.tip)
			cache = script.NewSigCache(32<<20, [32]byte{1})
			b.StartTimer()
		}
		a, r := w.pool.Prepare(list[i%len(list)], w.now, false)
		if r != nil {
			b.Fatal(r)
		}
		if err := a.Check(w, cache); err != nil {
			b.Fatal(err)
		}
		if w.pool.Stale(a, w.now) {
			b.Fatal("stale")
		}
		if v := w.pool.Finish(a, w.now); v.Reject != nil {
			b.Fatal(v.Reject)
		}
		w.pool.View(w.now)
	}
}

func BenchmarkScriptsAlone(b *testing.B) {
	w := newWorld(b)
	list := signed(b, w, 4096)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		t := list[i%len(list)]
		spent := []tx.Output{w.coins[t.Inputs[0].PrevOut].Output}
		if err := script.NewTxContext(t, spent).Verify(0, script.StandardFlags, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// A pool of a hundred thousand: what the owner spends on handing it out, and what
// somebody else then spends on the template.
func BenchmarkCandidatesOfAFullPool(b *testing.B) {
	w := newWorld(b)
	w.fill(100_000, 1, 2)
	b.Run("handing out", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w.pool.Candidates()
		}
	})
	b.Run("template", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			job := mining.Job{Params: w.params, Prev: w.tip, Now: w.now, PayTo: anyoneCan}
			job.Choose(w.pool.Candidates().Build(), mining.DefaultLimits())
			mining.Assemble(job)
		}
	})
	b.Run("saving", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w.pool.Save().Dump().Encode(1)
		}
	})
}

// A pool at its limit under better-paying newcomers.
func BenchmarkAdmissionIntoAFullPool(b *testing.B) {
	w := newWorld(b)
	w.fill(100_000, 1, 2)
	w.pool.policy.MaxBytes = w.pool.usage
	var list []*tx.Tx
	fee := int64(1_000_000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%4096 == 0 {
			b.StopTimer()
			list = list[:0]
			for range 4096 {
				fee += 10
				list = append(list, w.pay(fee, w.coin(one)))
			}
			b.StartTimer()
		}
		if v := w.offer(list[i%4096]); v.Reject != nil {
			b.Fatal(v.Reject)
		}
	}
}

// The worst that policy allows, one message at a time.
func BenchmarkHardCases(b *testing.B) {
	b.Run("the end of a chain of 25", func(b *testing.B) {
		w := newWorld(b)
		list := w.chain(24, w.coin(one))
		last := w.pay(1000, out(list[23], 0))
		b.ReportAllocs()
		for b.Loop() {
			e := w.must(last)
			w.pool.removeAll(RemovedReorg, e)
		}
	})
	b.Run("replacing a hundred", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			w := newWorld(b)
			t := w.replaceMany(100)
			b.StartTimer()
			if v := w.offer(t); len(v.Replaced) != 100 {
				b.Fatal(v.Reject)
			}
		}
	})
	b.Run("a replacement refused", func(b *testing.B) {
		w := newWorld(b)
		coin := w.coin(one)
		list := w.chain(25, coin)
		t := w.pay(1200, coin)
		_ = list
		b.ReportAllocs()
		for b.Loop() {
			if v := w.offer(t); v.Reject == nil {
				b.Fatal("accepted")
			}
		}
	})
	b.Run("a thousand parents", func(b *testing.B) {
		w := newWorld(b)
		var ins []tx.OutPoint
		for range 1000 {
			p := w.pay(1000, w.coin(one))
			w.must(p)
			ins = append(ins, out(p, 0))
		}
		t := spend{in: ins, outs: []int64{one}}.tx()
		b.ReportAllocs()
		for b.Loop() {
			if v := w.offer(t); v.Reject == nil {
				b.Fatal("accepted")
			}
		}
	})
	b.Run("a block of two thousand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			w := newWorld(b)
			var txs []*tx.Tx
			for range 80 {
				txs = append(txs, w.chain(25, w.coin(one))...)
			}
			block := tx.NewBlock(tx.Header{}, append([]*tx.Tx{{Inputs: []tx.Input{{PrevOut: tx.OutPoint{Index: tx.NullIndex}}}}}, txs...))
			b.StartTimer()
			w.pool.BlockConnected(block, w.now)
			if w.pool.Count() != 0 {
				b.Fatal(w.pool.Count())
			}
		}
	})
}

var _ consensus.CoinSource = coinsOf{}
