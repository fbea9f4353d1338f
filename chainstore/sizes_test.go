package chainstore

import (
	"errors"
	"sync"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

func TestSizesTellEachBodyAndUndoOnce(t *testing.T) {
	for name, s := range map[string]Store{"badger": openTest(t, scratch(t), testOptions()), "memory": NewMemory()} {
		t.Run(name, func(t *testing.T) {
			want := map[tx.Hash]int64{}
			for i, size := range []int{300, 5_000, 70_000} { // beside its key, and in the value log
				hash := block(i + 1)
				if err := putBlock(s, hash, bodyOf(hash, size)); err != nil {
					t.Fatal(err)
				}
				undo := (&Undo{Txs: [][]consensus.Coin{{coinOf(1)}}}).Encode(hash)
				if err := putUndo(s, hash, undo); err != nil {
					t.Fatal(err)
				}
				want[hash] = int64(size + len(undo))
			}
			gone := block(2)
			if err := s.Commit(&Commit{Prune: []tx.Hash{gone}}); err != nil {
				t.Fatal(err)
			}
			delete(want, gone)
			snap, err := s.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			defer snap.Release()
			got := map[tx.Hash]int64{}
			if err := snap.Sizes(func(h tx.Hash, n int64) error { got[h] += n; return nil }); err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) {
				t.Fatalf("%d blocks, want %d", len(got), len(want))
			}
			for h, n := range want {
				if d := got[h] - n; d < -10 || d > 10 { // the length of an entry's head is estimated
					t.Errorf("%s: %d bytes, want %d", h, got[h], n)
				}
			}
			snap.Release()
			if err := snap.Sizes(func(tx.Hash, int64) error { return nil }); !errors.Is(err, ErrClosed) {
				t.Errorf("a released snapshot answers %v", err)
			}
		})
	}
}

// A pruned download: bodies and coins come, old bodies go. What the value log takes must stay near to what is left in it.
func TestTheRoomOfPrunedBodiesComesBack(t *testing.T) {
	o := testOptions()
	o.tiny = true
	b := openTest(t, scratch(t), o)
	const (
		blocks  = 400
		keep    = 20
		size    = 100_000
		file    = 1 << 20
		ceiling = keep*size + 6*file
	)
	var most, natural int64
	for i := 1; i <= blocks; i++ {
		hash := block(i)
		if err := putBlock(b, hash, bodyOf(hash, size)); err != nil {
			t.Fatal(err)
		}
		c := &Commit{Tip: hash, Coins: outputsOf(hash, 300)}
		if i > keep {
			c.Prune = []tx.Hash{block(i - keep)}
		}
		for hash, height := range stored(t, b) { // collection brings some back: they are pruned again
			if height <= i-keep {
				c.Prune = append(c.Prune, hash)
			}
		}
		if err := b.Commit(c); err != nil {
			t.Fatal(err)
		}
		if i%10 > 0 {
			continue
		}
		if err := b.Sync(); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Collect(nil); err != nil {
			t.Fatal(err)
		}
		u, err := b.Usage()
		if err != nil {
			t.Fatal(err)
		}
		if i == blocks && (u.Coins == 0 || u.Coins >= u.Tables) {
			t.Errorf("coins take %d bytes of %d in tables", u.Coins, u.Tables)
		}
		most = max(most, u.ValueLog)
		natural = u.ValueLog
	}
	t.Logf("%d MiB went through; at most %.1f MiB were taken, at the end %.1f, of which %.1f are needed",
		blocks*size>>20, float64(most)/(1<<20), float64(natural)/(1<<20), keep*size/float64(1<<20))
	if most > ceiling {
		t.Errorf("the value log took up to %d bytes; needed were %d", most, keep*size)
	}
	snap, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	for i := blocks - keep + 1; i <= blocks; i++ {
		if raw, err := snap.Block(block(i)); err != nil || len(raw) != size {
			t.Fatalf("body %d: %d bytes, %v", i, len(raw), err)
		}
	}
}

// stored lists the blocks that have a body, by the number that block was given.
func stored(t testing.TB, b *Badger) map[tx.Hash]int {
	t.Helper()
	snap, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	numbers := make(map[tx.Hash]int)
	if err := snap.Sizes(func(h tx.Hash, _ int64) error { numbers[h] = blockNumbers()[h]; return nil }); err != nil {
		t.Fatal(err)
	}
	return numbers
}

var blockNumbers = sync.OnceValue(func() map[tx.Hash]int {
	numbers := make(map[tx.Hash]int)
	for i := range 1000 {
		numbers[block(i)] = i
	}
	return numbers
})
