package chainstore

import (
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Badger's value log collection writes a value that it moves once more under its old version. If the deletion that came after it has been
// merged away meanwhile, the value is back. So nothing whose deletion matters may be in the value log: a coin of the longest script must lie
// in the tree.
func TestSpentCoinsOfTheLongestScriptsStaySpentThroughCollection(t *testing.T) {
	o := testOptions()
	o.tiny = true
	b := openTest(t, scratch(t), o)
	const blocks, keep, perBlock, longest = 300, 15, 12, 10_000
	script := make([]byte, longest)
	script[0] = 0x51
	coins := func(i int, coin *consensus.Coin) (list []CoinChange) {
		for j := range perBlock {
			list = append(list, CoinChange{tx.OutPoint{Hash: block(i), Index: uint32(j)}, coin})
		}
		return list
	}
	for i := 1; i <= blocks; i++ {
		if err := putBlock(b, block(i), bodyOf(block(i), 50_000)); err != nil {
			t.Fatal(err)
		}
		c := &Commit{Tip: block(i), Coins: coins(i, &consensus.Coin{Height: 5, Output: tx.Output{Value: 9, PkScript: script}})}
		if i > keep {
			c.Coins = append(c.Coins, coins(i-keep, nil)...)
			c.Prune = []tx.Hash{block(i - keep)}
		}
		if err := b.Commit(c); err != nil {
			t.Fatal(err)
		}
		if i%5 > 0 {
			continue
		}
		if err := b.Sync(); err != nil {
			t.Fatal(err)
		}
		for moved := true; moved; {
			var err error
			if moved, err = b.RunGC(0.1); err != nil {
				t.Fatal(err)
			}
		}
		if n := countCoins(t, b); n != min(i, keep)*perBlock {
			t.Fatalf("after %d blocks there are %d coins, want %d", i, n, min(i, keep)*perBlock)
		}
	}
}
