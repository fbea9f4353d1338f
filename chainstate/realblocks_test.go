package chainstate

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/tx"
)

// mainBlocks are the first 14,132 blocks of main net, as bitcoind stores them:
// magic, length, block. They come with btcd's module.
func mainBlocks(tb testing.TB) []*tx.Block {
	tb.Helper()
	raw := testdata.ModuleFile(tb, "github.com/btcsuite/btcd", "blockchain", "testdata", "blk_0_to_14131.dat")
	var blocks []*tx.Block
	for len(raw) >= 8 && binary.LittleEndian.Uint32(raw) == 0xd9b4bef9 {
		size := binary.LittleEndian.Uint32(raw[4:])
		b, err := tx.ParseBlock(raw[8 : 8+size])
		if err != nil {
			tb.Fatal(err)
		}
		blocks = append(blocks, b)
		raw = raw[8+size:]
	}
	return blocks
}

func TestTheFirst14132BlocksOfMainNetConnect(t *testing.T) {
	p, err := consensus.ParamsFor("main", consensus.WithAssumeValid(tx.Hash{}))
	if err != nil {
		t.Fatal(err)
	}
	blocks := mainBlocks(t)[1:]
	r := newRig(t, p, Options{})
	r.quiet = true
	headers := make([]tx.Header, len(blocks))
	for i, b := range blocks {
		headers[i] = b.Header
	}
	start := time.Now()
	for batch := range slices.Chunk(headers, 2000) {
		if _, err := r.m.AddHeaders(r.now, batch); err != nil {
			t.Fatal(err)
		}
		r.run()
	}
	t.Logf("headers: %v", time.Since(start))
	// In windows, each backwards: blocks never come in order.
	for window := range slices.Chunk(blocks, 128) {
		slices.Reverse(window)
		for _, b := range window {
			r.add(b, Submission{Requested: true})
		}
	}
	r.flush()
	t.Logf("all: %v, cache %+v", time.Since(start), r.m.cache.Stats())
	tip := r.published.Tip()
	if tip.Height() != 14131 || tip.ChainTxs() != 14247 {
		t.Fatalf("ended at %d with %d transactions, want 14131 and 14247 (%v)", tip.Height(), tip.ChainTxs(), r.err)
	}
	snap, err := r.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	// Every subsidy but genesis' is there; nobody destroyed any.
	total := int64(0)
	err = snap.EachCoin(func(_ tx.OutPoint, c *consensus.Coin) error {
		total += c.Output.Value
		return nil
	})
	if err != nil || total != 14131*50*consensus.SatsPerCoin {
		t.Fatalf("%d satoshis at the end (%v)", total, err)
	}
	walked := 0
	for b, err := range r.published.Blocks() {
		if err != nil || b.Hash() != r.published.AtHeight(int32(14131-walked)).Hash() {
			t.Fatalf("walking back, block %d: %v", 14131-walked, err)
		}
		walked++
	}
	if walked != 14132 {
		t.Fatalf("walked %d blocks from the tip to genesis", walked)
	}
}
