package chainstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
	"pgregory.net/rapid"
)

// point is the n-th outpoint of a small universe.
func point(n int) tx.OutPoint {
	var op tx.OutPoint
	binary.LittleEndian.PutUint64(op.Hash[:], uint64(n)*0x9E3779B97F4A7C15)
	binary.LittleEndian.PutUint64(op.Hash[16:], uint64(n))
	op.Index = uint32(n % 5)
	return op
}

func p2wpkh(n int) []byte {
	s := make([]byte, 22)
	s[1] = 20
	binary.LittleEndian.PutUint64(s[2:], uint64(n)*0x9E3779B97F4A7C15)
	return s
}

func coinOf(n int) consensus.Coin {
	return consensus.Coin{Output: tx.Output{Value: int64(n) * 1000, PkScript: p2wpkh(n)}, Height: int32(n % 1000), Coinbase: n%9 == 0}
}

func sameCoin(a, b consensus.Coin) bool {
	return a.Output.Value == b.Output.Value && string(a.Output.PkScript) == string(b.Output.PkScript) && a.Height == b.Height && a.Coinbase == b.Coinbase
}

func block(n int) tx.Hash {
	var h tx.Hash
	binary.BigEndian.PutUint32(h[:], uint32(n))
	h[31] = 1
	return h
}

// cacheModel drives a cache beside a plain map. In the background, one flush at a time is frozen, committed and reported, with
// other operations at every point between.
type cacheModel struct {
	store     Store
	cache     *Cache
	coins     map[tx.OutPoint]consensus.Coin
	layer     *Layer
	committed bool
	tip       int
	fetched   []*Fetched
}

func (m *cacheModel) step(t *rapid.T) {
	op := point(rapid.IntRange(0, 40).Draw(t, "outpoint"))
	coin, has := m.coins[op]
	switch rapid.IntRange(0, 8).Draw(t, "step") {
	case 0, 1:
		next := coinOf(rapid.IntRange(1, 1<<20).Draw(t, "coin"))
		if has && len(m.cache.Missing([]tx.OutPoint{op}, nil)) > 0 {
			return // only the store knows the coin: Add is not for it
		}
		err := m.cache.Add(op, &next.Output, next.Height, next.Coinbase)
		if has != errors.Is(err, ErrCoinExists) {
			t.Fatalf("Add over an unspent coin (%v) answered %v", has, err)
		}
		if !has {
			m.coins[op] = next
		}
	case 2, 3:
		got, ok, err := m.cache.Spend(op)
		if err != nil || ok != has || (ok && !sameCoin(got, coin)) {
			t.Fatalf("Spend = %v %v %v, want %v %v", got, ok, err, coin, has)
		}
		delete(m.coins, op)
	case 4:
		next := coinOf(rapid.IntRange(1, 1<<20).Draw(t, "coin"))
		m.cache.Restore(op, &next)
		m.coins[op] = next
	case 5:
		snap, err := m.store.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		f, err := snap.Fetch(m.cache.Missing([]tx.OutPoint{op, point(rapid.IntRange(0, 40).Draw(t, "other"))}, nil))
		if err != nil {
			t.Fatal(err)
		}
		snap.Release()
		m.fetched = append(m.fetched, f) // inserted some time later
	case 6:
		if n := len(m.fetched); n > 0 {
			i := rapid.IntRange(0, n-1).Draw(t, "fetched")
			m.cache.Insert(m.fetched[i])
		}
	case 7:
		m.flush(t)
	case 8:
		m.cache.evict(rapid.IntRange(1, 5).Draw(t, "evict"))
	}
}

func (m *cacheModel) flush(t *rapid.T) {
	switch {
	case m.layer == nil:
		m.layer = m.cache.Freeze()
	case !m.committed:
		if m.cache.Freeze() != nil {
			t.Fatal("a second layer was frozen before the first was flushed")
		}
		m.tip++
		if err := m.store.Commit(&Commit{Tip: block(m.tip), Layer: m.layer}); err != nil {
			t.Fatal(err)
		}
		m.committed = true
	default:
		m.cache.Flushed()
		m.layer, m.committed = nil, false
	}
}

func (m *cacheModel) check(t *rapid.T) {
	for i := 0; i <= 40; i++ {
		want, has := m.coins[point(i)]
		got, ok, err := m.cache.Get(point(i))
		if err != nil || ok != has || (ok && !sameCoin(got, want)) {
			t.Fatalf("coin %d is %v %v %v, want %v %v", i, got, ok, err, want, has)
		}
	}
	live := 0
	for _, tab := range []*table{m.cache.active, m.cache.frozen, m.cache.drained, m.cache.clean} {
		if tab == nil {
			continue
		}
		n := 0
		for i := range tab.shards {
			n += tab.shards[i].n
			for _, slot := range tab.shards[i].slots {
				if slot != 0 {
					live += recordClass(m.cache.arena.record(ref(slot)).valLen()) * 8
				}
			}
		}
		if n != tab.n {
			t.Fatalf("a table counts %d entries and has %d", tab.n, n)
		}
	}
	if live != m.cache.arena.live {
		t.Fatalf("the tables hold %d bytes of records, the arena counts %d in use: something leaked", live, m.cache.arena.live)
	}
}

func TestCacheAnswersLikeAMapThroughFlushesAtAnyPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := NewMemory()
		m := &cacheModel{store: store, cache: NewCache(store, 0), coins: map[tx.OutPoint]consensus.Coin{}}
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			m.step(t)
		}
		m.check(t)
		// Whatever is pending reaches the store, and the store then says the same without the cache.
		for m.layer != nil {
			m.flush(t)
		}
		for range 3 {
			m.flush(t)
		}
		m.check(t)
		snap, err := store.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = snap.EachCoin(func(op tx.OutPoint, coin *consensus.Coin) error {
			n++
			if want, has := m.coins[op]; !has || !sameCoin(*coin, want) {
				return fmt.Errorf("stored coin %s is %v, want %v %v", op, coin, want, has)
			}
			return nil
		})
		if err != nil || n != len(m.coins) {
			t.Fatalf("%d coins stored, want %d: %v", n, len(m.coins), err)
		}
	})
}

func TestCoinMadeAndSpentBetweenTwoFlushesNeverReachesTheStore(t *testing.T) {
	cache := NewCache(NewMemory(), 0)
	for i := range 1000 {
		coin := coinOf(i)
		if err := cache.Add(point(i), &coin.Output, 1, false); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 900 {
		if _, ok, err := cache.Spend(point(i)); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if layer := cache.Freeze(); layer.Len() != 100 {
		t.Fatalf("the flush writes %d entries, want the 100 unspent coins", layer.Len())
	}
	if cache.Stats().Avoided != 900 {
		t.Fatalf("%d coins never written, want 900", cache.Stats().Avoided)
	}
}

func TestCacheStaysNearItsLimitWhileCleanCoinsPassThrough(t *testing.T) {
	store := NewMemory()
	const coins, batch = 200_000, 10_000
	for at := 0; at < coins; at += batch {
		c := &Commit{Tip: block(at)}
		for i := range batch {
			coin := coinOf(at + i)
			c.Coins = append(c.Coins, CoinChange{point(at + i), &coin})
		}
		if err := store.Commit(c); err != nil {
			t.Fatal(err)
		}
	}
	cache := NewCache(store, MinCacheBytes)
	defer cache.Close()
	for i := range coins {
		if got, ok, err := cache.Get(point(i)); !ok || err != nil || !sameCoin(got, coinOf(i)) {
			t.Fatalf("coin %d: %v %v %v", i, got, ok, err)
		}
	}
	if cache.Stats().Evicted == 0 || cache.Bytes() > MinCacheBytes+chunkBytes {
		t.Fatalf("%d bytes held under a limit of %d, %d evicted", cache.Bytes(), MinCacheBytes, cache.Stats().Evicted)
	}
	if cache.ShouldFlush() {
		t.Fatal("a cache without changes asks for a flush")
	}
}

func BenchmarkCacheAdd(b *testing.B) {
	cache := NewCache(NewMemory(), 1<<30)
	out := tx.Output{Value: 123456789, PkScript: p2wpkh(77)}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := cache.Add(point(i), &out, 800_000, false); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cache.Bytes())/float64(cache.Dirty()), "B/coin")
}

func filledCache(b *testing.B, n int) *Cache {
	cache := NewCache(NewMemory(), 2<<30)
	for i := range n {
		coin := coinOf(i)
		if err := cache.Add(point(i), &coin.Output, coin.Height, coin.Coinbase); err != nil {
			b.Fatal(err)
		}
	}
	return cache
}

func BenchmarkCacheGet(b *testing.B) {
	const n = 1 << 20
	cache := filledCache(b, n)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, ok, _ := cache.Get(point(i * 7919 % n)); !ok {
			b.Fatal("lost a coin")
		}
	}
}

func BenchmarkCacheSpendAndAdd(b *testing.B) {
	const n = 1 << 20
	cache := filledCache(b, n)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		op := point(i * 7919 % n)
		coin, ok, _ := cache.Spend(op)
		if !ok {
			b.Fatal("lost a coin")
		}
		if err := cache.Add(op, &coin.Output, coin.Height, coin.Coinbase); err != nil {
			b.Fatal(err)
		}
	}
}
