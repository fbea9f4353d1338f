package chainstore

import (
	"testing"

	badger "github.com/dgraph-io/badger/v3"
	"github.com/troupe-node/troupe/tx"
)

// filler commits coins that nobody looks at, so that memtables fill, become tables and are merged.
func filler(t *testing.T, b *Badger, from, commits int) {
	t.Helper()
	for i := range commits {
		var coins []CoinChange
		for j := range 300 {
			coin := coinOf(j)
			coins = append(coins, CoinChange{point(100_000 + (from+i)*300 + j), &coin})
		}
		if err := b.Commit(&Commit{Tip: block(from + i), Coins: coins}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.db.Flatten(1); err != nil {
		t.Fatal(err)
	}
}

// raw writes entries under one version as a part of a commit would be.
func raw(t *testing.T, b *Badger, version uint64, put func(txn *badger.Txn)) {
	t.Helper()
	txn := b.db.NewTransactionAt(0, true)
	put(txn)
	if err := txn.CommitAt(version, nil); err != nil {
		t.Fatal(err)
	}
}

func TestCommitWithFewerEntriesThanItsMarkCountsNeverHappened(t *testing.T) {
	for _, c := range []struct {
		what         string
		count        uint64 // in the mark of sequence 2
		prev         uint64 // in the mark of sequence 3
		wantTip      int
		wantRollback bool
	}{
		{"all there", 1, 2, 3, false},
		{"a part of sequence 2 is lost", 2, 2, 1, true},
		{"sequence 2 is whole, sequence 3 follows one that is lost", 1, 9, 2, true},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := scratch(t)
			b := openTest(t, dir, testOptions())
			old, changed := coinOf(1), coinOf(2)
			if err := b.Commit(&Commit{Tip: block(1), Coins: []CoinChange{{point(1), &old}}}); err != nil {
				t.Fatal(err)
			}
			if err := b.Sync(); err != nil {
				t.Fatal(err)
			}
			op, op2 := point(1), point(2)
			raw(t, b, 2, func(txn *badger.Txn) {
				m := mark{state: State{Seq: 2, Tip: block(2)}, prev: 1, count: c.count}
				if txn.Set(appendCoinKey(nil, &op), appendCoin(nil, &changed)) != nil || txn.Set(commitKey, m.encode()) != nil {
					t.Fatal("not written")
				}
			})
			raw(t, b, 3, func(txn *badger.Txn) {
				m := mark{state: State{Seq: 3, Tip: block(3)}, prev: c.prev, count: 1}
				if txn.Set(appendCoinKey(nil, &op2), appendCoin(nil, &changed)) != nil || txn.Set(commitKey, m.encode()) != nil {
					t.Fatal("not written")
				}
			})
			crash(t, b)
			b = openTest(t, dir, testOptions())
			if b.State().Tip != block(c.wantTip) || (b.Recovered().RolledBack > 0) != c.wantRollback {
				t.Fatalf("reopened at %v, recovered %+v", b.State(), b.Recovered())
			}
			if c.wantRollback && b.State().Seq <= 3 {
				t.Fatalf("sequence %d was used before", b.State().Seq)
			}
			snap, err := b.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			defer snap.Release()
			coins, err := snap.Coins([]tx.OutPoint{op, op2})
			if err != nil {
				t.Fatal(err)
			}
			want := old
			if c.wantTip > 1 {
				want = changed
			}
			if coins[0] == nil || !sameCoin(*coins[0], want) || (coins[1] != nil) != (c.wantTip == 3) {
				t.Fatalf("the coins are %+v %+v", coins[0], coins[1])
			}
		})
	}
}

// crash closes the database behind the store's back and frees the directory, as the end of the process would.
func crash(t *testing.T, b *Badger) {
	t.Helper()
	b.closed.Store(true)
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.slots.close(); err != nil {
		t.Fatal(err)
	}
	if err := b.lock.Release(); err != nil {
		t.Fatal(err)
	}
}

func TestOldVersionsStayUntilTheNewOnesAreSynced(t *testing.T) {
	dir := scratch(t)
	d := new(disk)
	b := openTest(t, dir, d.options(dir))
	d.watch(b)
	coin := coinOf(1)
	if err := b.Commit(&Commit{Tip: block(1), Coins: []CoinChange{{point(1), &coin}}}); err != nil {
		t.Fatal(err)
	}
	filler(t, b, 2, 10)
	if err := b.Sync(); err != nil {
		t.Fatal(err)
	}
	synced := b.State()
	// The coin is spent by a commit that loses its mark; its deletion becomes part of a table, is merged, and would take the coin
	// with it. The commits after it count one entry too many, so that they go with it.
	op := point(1)
	raw(t, b, synced.Seq+1, func(txn *badger.Txn) {
		if err := txn.Delete(appendCoinKey(nil, &op)); err != nil {
			t.Fatal(err)
		}
	})
	filler(t, b, 21, 30)
	image := scratch(t)
	d.cutAll(t, photograph(t, dir), image)
	after := openTest(t, image, metaOptions())
	if after.State().Tip != synced.Tip {
		t.Fatalf("reopened at %v, want %v", after.State(), synced)
	}
	snap, err := after.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	if got, err := snap.Coin(point(1)); err != nil || got == nil || !sameCoin(*got, coin) {
		t.Fatalf("the coin that was unspent at the last sync is %v, %v", got, err)
	}
	if n := countCoins(t, after); n != 1+10*300 {
		t.Fatalf("%d coins, want %d", n, 1+10*300)
	}
}

func TestValuesMovedByCollectionSurviveAPowerCut(t *testing.T) {
	dir := scratch(t)
	d := new(disk)
	b := openTest(t, dir, d.options(dir))
	d.watch(b)
	const bodies = 60
	var prune []tx.Hash
	for i := range bodies {
		hash := block(1000 + i)
		if err := putBlock(b, hash, bodyOf(hash, 60_000)); err != nil {
			t.Fatal(err)
		}
		if i%3 > 0 {
			prune = append(prune, hash)
		}
	}
	filler(t, b, 2, 10)
	if err := b.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(&Commit{Prune: prune}); err != nil {
		t.Fatal(err)
	}
	moved := false
	for i := 0; !moved; i++ { // until a merge has met both the bodies and their deletion
		if i == 50 {
			t.Fatal("nothing is ever collected: this test shows nothing")
		}
		filler(t, b, 20+10*i, 10)
		if err := b.Sync(); err != nil {
			t.Fatal(err)
		}
		// Once when the values have moved and nothing of it is synced yet, and once afterwards.
		during := scratch(t)
		watched, once := b.syncPath, false
		b.syncPath = func(path string) error {
			if !once {
				once = true
				d.cutAll(t, photograph(t, dir), during)
			}
			return watched(path)
		}
		var err error
		if moved, err = b.RunGC(0.3); err != nil {
			t.Fatal(err)
		}
		b.syncPath = watched
		if moved {
			everyThirdBody(t, during, bodies)
		}
	}
	image := scratch(t)
	d.cutAll(t, photograph(t, dir), image)
	everyThirdBody(t, image, bodies)
}

func everyThirdBody(t *testing.T, dir string, bodies int) {
	t.Helper()
	after := openTest(t, dir, metaOptions())
	snap, err := after.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	for i := 0; i < bodies; i += 3 {
		if raw, err := snap.Block(block(1000 + i)); err != nil || len(raw) != 60_000 {
			t.Fatalf("body %d: %d bytes, %v", i, len(raw), err)
		}
	}
}
