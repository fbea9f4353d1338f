package chainstore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// maxOutputs is about what one valid block can create: a million weight-scaled bytes of nine-byte outputs.
const maxOutputs = 111_000

func outputsOf(hash tx.Hash, n int) []CoinChange {
	coin := &consensus.Coin{Output: tx.Output{Value: 1, PkScript: []byte{}}, Height: 7}
	changes := make([]CoinChange, n)
	for i := range changes {
		changes[i] = CoinChange{tx.OutPoint{Hash: hash, Index: uint32(i)}, coin}
	}
	return changes
}

func countCoins(t testing.TB, s Store) (n int) {
	t.Helper()
	snap, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	if err := snap.EachCoin(func(tx.OutPoint, *consensus.Coin) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBlockOf111000OutputsIsOneCommit(t *testing.T) {
	dir := scratch(t)
	o := testOptions() // 3 MiB memtables: far too small for such a block in one transaction
	var parts atomic.Int64
	var b *Badger
	o.Failpoint = func(point string) {
		if point != "commit-part" {
			return
		}
		// Between the parts of it, readers see none of it.
		if parts.Add(1)%5 == 0 && b.State().Seq == 1 {
			if n := countCoins(t, b); n != 1 {
				t.Errorf("a reader saw %d coins of a commit half written", n)
			}
		}
	}
	b = openTest(t, dir, o)
	coin := coinOf(1)
	if err := b.Commit(&Commit{Tip: block(1), Coins: []CoinChange{{point(1), &coin}}}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := b.Commit(&Commit{Base: block(1), Tip: block(2), Coins: outputsOf(block(2), maxOutputs)}); err != nil {
		t.Fatal(err)
	}
	t.Logf("committed in %v and %d parts", time.Since(start), parts.Load())
	if parts.Load() < 10 {
		t.Errorf("the commit took %d parts only", parts.Load())
	}
	if n := countCoins(t, b); n != maxOutputs+1 {
		t.Fatalf("%d coins stored, want %d", n, maxOutputs+1)
	}
	// And taken back, as a reorganisation would; then across a restart.
	back := outputsOf(block(2), maxOutputs)
	for i := range back {
		back[i].Coin = nil
	}
	if err := b.Commit(&Commit{Base: block(2), Tip: block(1), Coins: back}); err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(&Commit{Base: block(2), Tip: block(1), Coins: back}); !errors.Is(err, ErrNotTip) {
		t.Fatalf("undo data was applied twice: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = openTest(t, dir, testOptions())
	if n := countCoins(t, b); n != 1 || b.State().Tip != block(1) {
		t.Fatalf("after the restart %d coins at %s", n, b.State().Tip)
	}
}

func TestThousandSnapshotsNeverSeeATornState(t *testing.T) {
	b := openTest(t, scratch(t), metaOptions())
	// Every commit moves value between coins; the total never changes.
	const coins, total = 200, 200_000
	c := &Commit{Tip: block(1)}
	values := make([]int64, coins)
	for i := range values {
		values[i] = total / coins
		c.Coins = append(c.Coins, CoinChange{point(i), &consensus.Coin{Output: tx.Output{Value: values[i]}}})
	}
	if err := b.Commit(c); err != nil {
		t.Fatal(err)
	}
	ops := make([]tx.OutPoint, coins)
	for i := range ops {
		ops[i] = point(i)
	}
	var reads atomic.Int64
	check := func(s *Snapshot) error {
		got, err := s.Coins(ops)
		if err != nil {
			return err
		}
		sum := int64(0)
		for _, coin := range got {
			sum += coin.Output.Value
		}
		reads.Add(coins)
		if sum != total {
			return fmt.Errorf("snapshot of sequence %d adds up to %d", s.Seq(), sum)
		}
		return nil
	}
	stop := make(chan struct{})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				s, err := b.Snapshot()
				if err == nil {
					err = check(s)
					s.Release()
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(1, 1))
	var held []*Snapshot
	for n := 2; len(held) < 1000; n++ {
		c := &Commit{Tip: block(n)}
		for range 20 {
			i, j := rng.IntN(coins), rng.IntN(coins)
			values[i]--
			values[j]++
			for _, k := range []int{i, j} {
				c.Coins = append(c.Coins, CoinChange{point(k), &consensus.Coin{Output: tx.Output{Value: values[k]}}})
			}
		}
		if err := b.Commit(c); err != nil {
			t.Fatal(err)
		}
		if n%50 == 0 {
			if err := b.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			s, err := b.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, s)
		}
	}
	close(stop)
	group.Wait()
	if err := b.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Flatten(1); err != nil { // what nobody reads goes, what a snapshot reads stays
		t.Fatal(err)
	}
	for _, s := range held {
		if err := check(s); err != nil {
			t.Fatal(err)
		}
		s.Release()
		s.Release() // once more is no harm
	}
	if u, err := b.Usage(); err != nil || u.Snapshots != 0 {
		t.Fatalf("%d snapshots open, %v", u.Snapshots, err)
	}
	t.Logf("%d coins read through snapshots", reads.Load())
}

func TestSnapshotHeldTooLongExpiresWithItsOwnError(t *testing.T) {
	now := time.Unix(0, 0)
	limit := func(o *MemoryOptions) { o.SnapshotLimit, o.Now = time.Minute, func() time.Time { return now } }
	var mo MemoryOptions
	limit(&mo)
	o := metaOptions()
	o.SnapshotLimit, o.Now = mo.SnapshotLimit, mo.Now
	for name, s := range map[string]Store{"memory": NewMemoryWith(mo), "disk": openTest(t, scratch(t), o)} {
		t.Run(name, func(t *testing.T) {
			coin := coinOf(1)
			commit := func(n int) {
				if err := s.Commit(&Commit{Tip: block(n), Coins: []CoinChange{{point(1), &coin}}}); err != nil {
					t.Fatal(err)
				}
			}
			commit(1)
			old, err := s.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(time.Hour)
			if got, err := old.Coin(point(1)); got == nil || err != nil {
				t.Fatal("a snapshot of the present state holds nothing back and must not expire", err)
			}
			commit(2)
			if _, err := old.Coin(point(1)); !errors.Is(err, ErrSnapshotExpired) {
				t.Fatalf("reading an expired snapshot gives %v", err)
			}
			young, err := s.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(time.Second)
			commit(3)
			if _, err := young.Coins([]tx.OutPoint{point(1)}); err != nil {
				t.Fatal(err)
			}
			old.Release()
			young.Release()
			// A cache survives the expiry of the snapshot it reads through.
			cache := NewCache(s, 0)
			for i := range 3 {
				now = now.Add(time.Hour)
				if err := s.Commit(&Commit{Records: []Record{{Key: []byte{byte(i)}, Value: []byte{1}}}}); err != nil {
					t.Fatal(err)
				}
				if _, _, err := cache.Get(point(100 + i)); err != nil {
					t.Fatal(err)
				}
			}
			cache.Close()
		})
	}
}

func TestBlocksAreReadableAtOnceAndUntilPruned(t *testing.T) {
	for name, s := range map[string]Store{"memory": NewMemory(), "disk": openTest(t, scratch(t), metaOptions())} {
		t.Run(name, func(t *testing.T) {
			snap, err := s.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			defer snap.Release()
			for i := range 50 {
				if err := putBlock(s, block(i), bodyOf(block(i), 50_000)); err != nil {
					t.Fatal(err)
				}
				if raw, err := snap.Block(block(i)); err != nil || len(raw) != 50_000 {
					t.Fatalf("block %d just put: %d bytes, %v", i, len(raw), err)
				}
			}
			if err := s.Commit(&Commit{Prune: []tx.Hash{block(3)}}); err != nil {
				t.Fatal(err)
			}
			if _, err := snap.Block(block(3)); !errors.Is(err, ErrNotFound) {
				t.Fatalf("a pruned block answers %v", err)
			}
			if _, err := snap.Block(block(4)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func BenchmarkHeadersLoad(b *testing.B) {
	const n = 200_000
	s := openTest(b, scratch(b), Options{Network: "main", Magic: testMagic})
	for at := 0; at < n; at += 2000 {
		c := &Commit{}
		for i := at; i < at+2000; i++ {
			c.Headers = append(c.Headers, HeaderRecord{Header: tx.Header{Version: 4, Nonce: uint32(i)}, Height: int32(i), Order: uint64(i), TxCount: 2000})
		}
		if err := s.Commit(c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		got := 0
		if err := s.Headers(func(HeaderRecord) error { got++; return nil }); err != nil || got != n {
			b.Fatal(got, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/header")
}

func BenchmarkCommitOfABlockAtTheTip(b *testing.B) {
	s := openTest(b, scratch(b), Options{Network: "main", Magic: testMagic})
	cache := NewCache(s, 256<<20)
	next, height := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		height++
		hash := block(height)
		if err := putBlock(s, hash, make([]byte, 1_500_000)); err != nil {
			b.Fatal(err)
		}
		for i := range 5000 { // 2,000 transactions: 5,000 outputs, as many of older blocks spent
			coin := coinOf(next + i)
			if err := cache.Add(point(next+i), &coin.Output, int32(height), false); err != nil {
				b.Fatal(err)
			}
			if next > 50_000 {
				if _, ok, err := cache.Spend(point(next + i - 50_000)); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		}
		next += 5000
		if err := s.Commit(&Commit{Tip: hash, Layer: cache.Freeze(), Undo: []BlockUndo{{hash, make([]byte, 200_000)}}}); err != nil {
			b.Fatal(err)
		}
		cache.Flushed()
	}
}

func BenchmarkFlushOfAMillionCoins(b *testing.B) {
	for b.Loop() {
		s := openTest(b, b.TempDir(), Options{Network: "main", Magic: testMagic})
		cache := filledCache(b, 1_000_000)
		start := time.Now()
		if err := s.Commit(&Commit{Tip: block(1), Layer: cache.Freeze()}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(start).Nanoseconds())/1e6, "ns/coin")
		start = time.Now()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "s-close")
	}
}

func BenchmarkCoinReadFromDisk(b *testing.B) {
	const n = 300_000
	dir := scratch(b)
	s := openTest(b, dir, Options{Network: "main", Magic: testMagic})
	if err := s.Commit(&Commit{Tip: block(1), Layer: filledCache(b, n).Freeze()}); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	s = openTest(b, dir, Options{Network: "main", Magic: testMagic})
	snap, err := s.Snapshot()
	if err != nil {
		b.Fatal(err)
	}
	defer snap.Release()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if coin, err := snap.Coin(point(i * 7919 % n)); coin == nil || err != nil {
			b.Fatal(err)
		}
	}
}
