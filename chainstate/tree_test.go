package chainstate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
	"pgregory.net/rapid"
)

// tree is a random tree of blocks, good and bad, on a ripe base chain, with a
// plain model of what each block means.
type tree struct {
	*maker
	base   []*tx.Block
	blocks []*treeBlock // parents first
	best   *treeBlock   // the only valid block with the most work
}

type treeBlock struct {
	name   string
	block  *tx.Block
	parent *treeBlock
	height int32
	valid  bool // and all its ancestors
	coins  map[tx.OutPoint]consensus.Coin
}

const ripe = 105

// growTree draws a tree. The base chain is the same for all trees.
func growTree(t *rapid.T, m *maker, base []*tx.Block) *tree {
	tr := &tree{maker: m, base: base}
	coins := map[tx.OutPoint]consensus.Coin{}
	for i, b := range base {
		addCoins(coins, b, int32(i+1))
	}
	root := &treeBlock{name: fmt.Sprint("base", len(base)), block: base[len(base)-1], height: int32(len(base)), valid: true, coins: coins}
	all := []*treeBlock{root}
	tr.best = root
	size := rapid.IntRange(1, 14).Draw(t, "blocks")
	for i := range size {
		// Mostly near the end, so that branches grow and compete.
		parent := all[max(0, len(all)-1-rapid.IntRange(0, 4).Draw(t, "parent"))]
		tr.grow(t, parent, fmt.Sprint("t", i), true)
		all = append(all, tr.blocks[len(tr.blocks)-1])
	}
	for _, b := range tr.blocks {
		if b.valid && b.height > tr.best.height {
			tr.best = b
		}
	}
	tr.grow(t, tr.best, "top", false)
	tr.best = tr.blocks[len(tr.blocks)-1]
	return tr
}

// grow adds one block to the tree.
func (tr *tree) grow(t *rapid.T, parent *treeBlock, name string, mayFail bool) {
	b := &treeBlock{name: name, parent: parent, height: parent.height + 1, valid: parent.valid}
	var o blockOption
	coins := maps.Clone(parent.coins)
	o.txs, b.valid = tr.spends(t, coins, b.height, b.valid, mayFail)
	if mayFail && rapid.IntRange(0, 11).Draw(t, "greedy") == 0 {
		o.extra, b.valid = 1000, false // more than the crumbs that spend leaves
	}
	b.block = tr.block(name, parent.name, o)
	if parent.name == "" {
		tr.tb.Fatal("nameless parent")
	}
	addCoins(coins, tx.NewBlock(b.block.Header, b.block.Txs[:1]), b.height)
	b.coins = coins
	tr.blocks = append(tr.blocks, b)
}

// spends draws transactions that spend from coins, some of them in a chain,
// and keeps coins up to date. A coin locked by OP_FALSE makes the block that
// spends it invalid; so does one that is missing.
func (tr *tree) spends(t *rapid.T, coins map[tx.OutPoint]consensus.Coin, height int32, valid, mayFail bool) ([]*tx.Tx, bool) {
	var txs []*tx.Tx
	for range rapid.IntRange(0, 3).Draw(t, "txs") {
		ripeOnes := make([]tx.OutPoint, 0, len(coins))
		for op, c := range coins {
			if !c.Coinbase || height-c.Height >= consensus.CoinbaseMaturity {
				if mayFail || c.Output.PkScript[0] != opFalse[0] {
					ripeOnes = append(ripeOnes, op)
				}
			}
		}
		if len(ripeOnes) == 0 {
			break
		}
		slices.SortFunc(ripeOnes, func(a, b tx.OutPoint) int {
			return slices.Compare(append(a.Hash[:], byte(a.Index)), append(b.Hash[:], byte(b.Index)))
		})
		op := rapid.SampledFrom(ripeOnes).Draw(t, "coin")
		value := coins[op].Output.Value
		if coins[op].Output.PkScript[0] == opFalse[0] {
			valid = false
		}
		delete(coins, op)
		scripts := rapid.SliceOfN(rapid.SampledFrom([][]byte{opTrue, opTrue, opTrue, {0x51, 0x51}, opFalse, {0x6a, 1, 7}}), 1, 3).Draw(t, "scripts")
		if mayFail && rapid.IntRange(0, 15).Draw(t, "missing") == 0 {
			op.Index += 1000
			valid = false
		}
		s := spend([]tx.OutPoint{op}, value, scripts...)
		txs = append(txs, s)
		addCoins(coins, tx.NewBlock(tx.Header{}, []*tx.Tx{s}), height)
	}
	return txs, valid
}

// addCoins is the model's way of making coins.
func addCoins(coins map[tx.OutPoint]consensus.Coin, b *tx.Block, height int32) {
	for _, t := range b.Txs {
		for i, out := range t.Outputs {
			if out.PkScript[0] != 0x6a {
				coins[tx.OutPoint{Hash: t.ID(), Index: uint32(i)}] = consensus.Coin{Output: out, Height: height, Coinbase: t.IsCoinbase()}
			}
		}
	}
}

func (tr *tree) headers() []tx.Header {
	hs := make([]tx.Header, len(tr.blocks))
	for i, b := range tr.blocks {
		hs[i] = b.block.Header
	}
	return hs
}

// count is an EachCoin callback that counts.
func count(n *int) func(tx.OutPoint, *consensus.Coin) error {
	return func(tx.OutPoint, *consensus.Coin) error { *n++; return nil }
}
