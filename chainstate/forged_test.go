package chainstate

import (
	"sort"
	"testing"
	"time"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
)

var usualMix = forge.Mix{70, 15, 15}

// forged is a chain with ripe coins, as blocks.
func forged(tb testing.TB, seed string, coins int) (*forge.Forge, *forge.Chain, []*tx.Block) {
	tb.Helper()
	f, err := forge.New(seed, regtest(tb))
	if err != nil {
		tb.Fatal(err)
	}
	c := f.Chain(usualMix)
	var blocks []*tx.Block
	for b := range c.Empty(102) {
		blocks = append(blocks, b)
	}
	for b := range c.Setup(coins) {
		blocks = append(blocks, b)
	}
	return f, c, blocks
}

func TestABlockOf111000OutputsConnectsAndIsTakenBack(t *testing.T) {
	f, c, blocks := forged(t, "wide", 1)
	r := newRig(t, f.Params(), Options{})
	r.quiet = true
	r.addAll(blocks)
	before, tip := r.coinHash(), r.published.Tip()
	coin, _ := c.Coin()
	planned := []forge.Spend{f.Wide(coin, forge.MaxOutputs)}
	other := c.Fork(1)
	wide := c.Mint(planned, forge.SignAll(planned))
	r.add(wide, Submission{Requested: true})
	if r.published.Tip().Hash() != wide.Hash() {
		t.Fatalf("not connected: %+v", r.verdicts[len(r.verdicts)-1])
	}
	after := r.coinHash()
	snap, err := r.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	coins := 0
	if err := snap.EachCoin(count(&coins)); err != nil || coins < forge.MaxOutputs {
		t.Fatalf("%d coins (%v)", coins, err)
	}
	snap.Release()
	if err := r.m.Invalidate(wide.Hash()); err != nil {
		t.Fatal(err)
	}
	r.run()
	if r.published.Tip() != tip || r.coinHash() != before {
		t.Fatal("taking the block back did not restore the coins")
	}
	if err := r.m.Reconsider(wide.Hash()); err != nil {
		t.Fatal(err)
	}
	r.run()
	if r.coinHash() != after {
		t.Fatal("connecting it again gave other coins")
	}
	for b := range other.Empty(2) { // and away with it in a reorganisation
		r.add(b, Submission{Requested: true})
	}
	if r.published.Tip().Hash() != other.Tip() {
		t.Fatal("the longer branch did not win")
	}
}

func TestAForgedChainEndsAtTheSameCoinsWhateverTheBounds(t *testing.T) {
	f, c, blocks := forged(t, "bounds", 600)
	for b, err := range c.Blocks(900, 90) {
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	hashes := map[string]bool{}
	for _, o := range []Options{{}, {AheadBlocks: 1}, {LoadAbove: 1, BodyBytes: 1}, {StepCoins: 1, LayerBytes: 1}, {LoadAbove: -1, CacheBytes: chainstore.MinCacheBytes}} {
		r := newRig(t, f.Params(), o)
		r.quiet = true
		r.addAll(blocks)
		if r.published.Tip().Hash() != c.Tip() {
			t.Fatalf("options %+v: ended at %d of %d: %v", o, r.published.Tip().Height(), c.Height(), r.err)
		}
		hashes[r.coinHash()] = true
	}
	if len(hashes) != 1 {
		t.Fatalf("coins differ: %v", hashes)
	}
}

func TestAReorganisationOfFullBlocksIsCutIntoShortCalls(t *testing.T) {
	f, c, blocks := forged(t, "reorg", 1500)
	other := c.Fork(1)
	grow := func(c *forge.Chain, n int) (bs []*tx.Block) {
		for b, err := range c.Blocks(1000*n, 1000) {
			if err != nil {
				t.Fatal(err)
			}
			bs = append(bs, b)
		}
		return bs
	}
	r := newRig(t, f.Params(), Options{StepCoins: 2000})
	r.quiet = true
	r.addAll(append(blocks, grow(c, 4)...))
	branch := grow(other, 5)
	for _, b := range branch[:4] {
		r.add(b, Submission{Requested: true})
	}
	r.tipChanges = nil
	more, most := 0, 0
	r.m.AddBlock(r.now, branch[4], Submission{Requested: true})
	for range 1000 {
		rd := r.m.Ready()
		r.observe(&rd)
		if rd.More {
			before := r.m.stepID
			r.m.Continue()
			more++
			most = max(most, int(r.m.stepID-before))
		}
		for _, j := range rd.Jobs {
			r.m.Verified(j.ID, j.Run(nil))
		}
		for _, w := range rd.Writes {
			if err := w.Run(r.store); err != nil {
				t.Fatal(err)
			}
			r.m.Committed(w.ID)
		}
		for _, l := range rd.Loads {
			l.Run(r.store)
			r.m.Loaded(l)
		}
	}
	if r.published.Tip().Hash() != other.Tip() || len(r.tipChanges) != 1 {
		t.Fatalf("ended at %s after %d tip changes (%v)", r.tip(), len(r.tipChanges), r.err)
	}
	if more < 5 || most > 1 {
		t.Fatalf("%d continuations, up to %d blocks in one", more, most)
	}
}

// BenchmarkConnect2000 is the machine's part of connecting a block of 2,000
// mixed transactions: everything between AddBlock and the verdict but the
// scripts and the store, with the block already checked by a worker. It
// reports the longest single call.
func BenchmarkConnect2000(b *testing.B) {
	f, c, blocks := forged(b, "bench", 3000)
	r := newRig(b, f.Params(), Options{})
	r.quiet = true
	r.addAll(blocks)
	var calls []time.Duration
	timed := func(call func()) {
		start := time.Now()
		b.StartTimer()
		call()
		b.StopTimer()
		calls = append(calls, time.Since(start))
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.StopTimer()
	inputs := 0
	for range b.N {
		var block *tx.Block
		for bl, err := range c.Blocks(2000, 2000) {
			if err != nil {
				b.Fatal(err)
			}
			block = bl
		}
		for _, t := range block.Txs[1:] {
			inputs += len(t.Inputs)
		}
		timed(func() { r.m.AddBlock(r.now, block, Submission{Checked: true, Requested: true}) })
		for r.published.Tip().Hash() != block.Hash() {
			rd := r.m.Ready()
			r.observe(&rd)
			for _, j := range rd.Jobs {
				timed(func() { r.m.Verified(j.ID, nil) })
			}
			for _, l := range rd.Loads {
				l.Run(r.store)
				timed(func() { r.m.Loaded(l) })
			}
			for _, w := range rd.Writes {
				if err := w.Run(r.store); err != nil {
					b.Fatal(err)
				}
				timed(func() { r.m.Committed(w.ID) })
			}
			if rd.More {
				timed(r.m.Continue)
			}
			if rd.Err != nil {
				b.Fatal(rd.Err)
			}
		}
	}
	sort.Slice(calls, func(i, j int) bool { return calls[i] < calls[j] })
	b.ReportMetric(float64(calls[len(calls)-1].Microseconds())/1000, "ms-longest-call")
	b.ReportMetric(float64(calls[len(calls)*99/100].Microseconds())/1000, "ms-p99-call")
	b.ReportMetric(float64(inputs)/float64(b.N), "inputs/op")
}

// BenchmarkAddHeaders is a message of 2,000 headers.
func BenchmarkAddHeaders(b *testing.B) {
	p := regtest(b)
	mk := newMaker(b, p)
	headers := make([]tx.Header, 2000)
	for i, bl := range mk.chain("a", "genesis", len(headers)) {
		headers[i] = bl.Header
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		m, err := Open(p, chainstore.NewMemory(), testNow, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if _, err := m.AddHeaders(testNow, headers); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		m.Close()
		b.StartTimer()
	}
}
