package chainstore

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// A reader in the middle of the coins keeps the memtable it began with, and with it that memtable's log on disk. Coins of it that are
// spent, written and merged away meanwhile must not come back when the process dies and the log is replayed.
func TestCoinsDoNotComeBackFromALogThatAReaderKept(t *testing.T) {
	dir := scratch(t)
	b := openTest(t, dir, metaOptions())
	n := 0
	commit := func(coins []CoinChange) {
		n++
		if err := b.Commit(&Commit{Tip: block(n), Coins: coins}); err != nil {
			t.Fatal(err)
		}
	}
	change := func(made bool) (coins []CoinChange) {
		for i := range 500 {
			c := CoinChange{OutPoint: point(i)}
			if made {
				coin := coinOf(i)
				c.Coin = &coin
			}
			coins = append(coins, c)
		}
		return coins
	}
	commit(change(true))
	snap, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	reading, done := make(chan struct{}), make(chan struct{})
	finished := make(chan error)
	go func() {
		first := true
		finished <- snap.EachCoin(func(tx.OutPoint, *consensus.Coin) error {
			if first {
				first = false
				close(reading)
				<-done
			}
			return nil
		})
	}()
	<-reading
	snap.Release() // the snapshot holds nothing back any more; the reader of it still runs
	spent := false
	for i := range 60 {
		var fill []CoinChange
		for j := range 300 {
			coin := coinOf(j)
			fill = append(fill, CoinChange{point(10_000 + 300*i + j), &coin})
		}
		commit(fill)
		if i == 20 {
			commit(change(false))
			spent = true
		}
		if i%5 == 4 {
			if err := b.Sync(); err != nil {
				t.Fatal(err)
			}
			if err := b.db.Flatten(1); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := photograph(t, dir)
	close(done)
	<-finished
	if left["00001.mem"] == nil || !spent {
		t.Fatal("the first log is not there: this test shows nothing")
	}
	image := scratch(t)
	for name, content := range left {
		if err := os.WriteFile(filepath.Join(image, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	after := openTest(t, image, metaOptions())
	if got := countCoins(t, after); got != 60*300 {
		t.Fatalf("%d coins after the restart, want %d", got, 60*300)
	}
}
