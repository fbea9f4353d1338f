package actors

import (
	"context"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
)

func withTxIndex(c *config.Config) { c.Store.TxIndex = true }

// paid is a chain of ripe coins and blocks of payments, and a fork of it that
// parts before the last blocks.
func paid(t testing.TB, blocks int) (common, ours, theirs []*tx.Block) {
	t.Helper()
	f, err := forge.New("paid", regtestParams(t))
	if err != nil {
		t.Fatal(err)
	}
	c := f.Chain(forge.Mix{70, 15, 15})
	for b := range c.Setup(40 * blocks) {
		common = append(common, b)
	}
	more := func(c *forge.Chain, n int) (list []*tx.Block) {
		for range n {
			planned := c.Plan(20)
			list = append(list, c.Mint(planned, forge.SignAll(planned)))
		}
		return list
	}
	common = append(common, more(c, blocks)...)
	other := c.Fork(1)
	return common, more(c, 3), more(other, 5)
}

func indexed(t testing.TB, n *Node) *msg.TxIndex {
	t.Helper()
	waitFor(t, "the index at the tip", func() bool {
		v := n.Board.TxIndex()
		return v != nil && v.Synced && v.Best == n.Board.Tip().Tip()
	})
	return n.Board.TxIndex()
}

func lookup(t testing.TB, v *msg.TxIndex, b *tx.Block, want bool) {
	t.Helper()
	for _, w := range b.Txs {
		got, at, err := v.Lookup(w.ID())
		switch {
		case err != nil:
			t.Fatal(err)
		case !want && got != nil:
			t.Fatalf("%s is found in %s", w.ID(), at.Hash())
		case want && (got == nil || got.WitnessID() != w.WitnessID() || at.Hash() != b.Hash()):
			t.Fatalf("%s of block %s is not found there", w.ID(), b.Hash())
		}
	}
}

func TestTheTransactionIndexFollowsTheChainThroughReorganisationsAndRestarts(t *testing.T) {
	common, ours, theirs := paid(t, 4)
	store := chainstore.NewMemory()
	n := playOn(t, store, nil)
	feed(t, n, common)
	if n.Board.TxIndex() != nil {
		t.Fatal("there is an index that nobody asked for")
	}
	again := func(tweak func(*config.Config)) {
		t.Helper()
		stopNode(t, n)
		var err error
		if store, err = store.Restart(store.State().Seq); err != nil {
			t.Fatal(err)
		}
		n = playOn(t, store, tweak)
	}

	again(withTxIndex) // it catches up with a chain that was there before
	v := indexed(t, n)
	for _, b := range common {
		lookup(t, v, b, true)
	}
	if got, _, err := v.Lookup(n.Params.Genesis.Txs[0].ID()); got != nil || err != nil {
		t.Errorf("genesis: %v %v", got, err)
	}

	feed(t, n, ours)
	if err := n.Barrier(context.Background()); err != nil {
		t.Fatal(err)
	}
	lookup(t, n.Board.TxIndex(), ours[2], true) // a barrier is enough

	feed(t, n, theirs)
	v = indexed(t, n)
	lookup(t, v, theirs[4], true)
	lookup(t, v, common[len(common)-1], true)
	for _, b := range ours {
		lookup(t, v, &tx.Block{Txs: b.Txs[:1]}, false) // coinbases of blocks that left the chain
	}

	again(nil) // the chain goes on without the index, which then goes on where it was
	tip := n.Board.Tip().Tip()
	mint(t, n, 3)
	again(withTxIndex)
	v = indexed(t, n)
	if v.Best.Height() != tip.Height()+3 {
		t.Errorf("the index is at %d", v.Best.Height())
	}
	lookup(t, v, theirs[0], true)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := n.System.Ask(ctx, n.Cast.Chain(), &msg.ChainCommand{What: msg.InvalidateBlock, Hash: theirs[4].Hash()}); err != nil {
		t.Fatal(err)
	}
	lookup(t, n.Board.TxIndex(), theirs[0], true) // the chain is shorter than the index
	mint(t, n, 2)
	v = indexed(t, n)
	lookup(t, v, theirs[3], true)
	lookup(t, v, &tx.Block{Txs: theirs[4].Txs[:1]}, false)
}
