package actors

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

func regtestParams(t testing.TB) *consensus.Params {
	t.Helper()
	p, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func openStore(t testing.TB, dir string, failpoint func(string)) *chainstore.Badger {
	t.Helper()
	return openStoreWith(t, dir, chainstore.SmallMemory, failpoint)
}

func openStoreWith(t testing.TB, dir string, memory int, failpoint func(string)) *chainstore.Badger {
	t.Helper()
	p := regtestParams(t)
	o := chainstore.Options{
		Network: p.Name, Magic: p.Magic, CreatedBy: "troupe test", Memory: memory, Failpoint: failpoint,
	}
	b, err := chainstore.Open(dir, o)
	for tries := 0; errors.Is(err, chainstore.ErrLocked) && tries < 100; tries++ {
		// A child of this test that is being started holds copies of our files until it runs its program.
		time.Sleep(10 * time.Millisecond)
		b, err = chainstore.Open(dir, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// startOn plays a node without connections on a store.
func startOn(t testing.TB, store chainstore.Store, tweak func(*config.Config)) (*Node, error) {
	t.Helper()
	loaded, err := loadConfig(t, []string{"-regtest", "-dnsseed=0", "-fixedseeds=0", "-listen=0", "-connect=0"})
	if err != nil {
		t.Fatal(err)
	}
	if tweak != nil {
		tweak(&loaded.Config)
	}
	params, err := ParamsOf(&loaded.Config)
	if err != nil {
		t.Fatal(err)
	}
	return Start(Options{Config: &loaded.Config, Params: params, Store: store, UserAgent: "/troupe:test/"})
}

func playOn(t testing.TB, store chainstore.Store, tweak func(*config.Config)) *Node {
	t.Helper()
	n, err := startOn(t, store, tweak)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopNode(t, n) })
	return n
}

// stopped are the nodes that were ended. It keeps none of them alive.
var stopped sync.Map

// stopNode ends a node, once.
func stopNode(t testing.TB, n *Node) {
	t.Helper()
	if _, before := stopped.LoadOrStore(weak.Make(n), true); before {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	report := n.Stop(ctx)
	if err := report.Err(); err != nil {
		t.Error(err)
	}
}

// fatBlocks are blocks with so many bytes of data in their coinbase.
func fatBlocks(t testing.TB, n, size int) []*tx.Block {
	t.Helper()
	p := regtestParams(t)
	f, err := forge.New("fat", p)
	if err != nil {
		t.Fatal(err)
	}
	var outputs []tx.Output
	for left := size; left > 0; left -= 9_000 {
		outputs = append(outputs, tx.Output{PkScript: append([]byte{0x6a}, bytes.Repeat([]byte{byte(left)}, min(left, 9_000))...)})
	}
	blocks := make([]*tx.Block, n)
	prev, at := p.GenesisHash, p.Genesis.Header.Time
	for i := range blocks {
		at += 600
		blocks[i] = f.Block(prev, int32(i+1), at, nil, forge.BlockOptions{Outputs: outputs})
		prev = blocks[i].Hash()
	}
	return blocks
}

// feed gives chain blocks and waits for each verdict.
func feed(t testing.TB, n *Node, blocks []*tx.Block) {
	t.Helper()
	for _, b := range blocks {
		v := ask[*msg.BlockVerdict](t, n, n.Cast.Chain(), &msg.AddBlock{Block: b, Requested: true})
		if v.Err != nil {
			t.Fatal(v.Err)
		}
	}
}

func TestANodeStaysUnderItsPruneTarget(t *testing.T) {
	const size, blocks, keep = 60_000, 700, 288
	const target = 24 << 20 // of 40 MiB; what must stay is 17
	store := openStore(t, t.TempDir(), nil)
	n := playOn(t, store, func(c *config.Config) { c.Store.Prune, c.Store.PruneTarget, c.Rules.FastPrune = true, target, true })
	chain := fatBlocks(t, blocks, size)
	feed(t, n, chain)
	waitFor(t, "bodies under the target", func() bool {
		u := n.Board.Bodies()
		return n.Board.Tip().PruneHeight() >= blocks-target/size && u.Bytes > 0 && u.Bytes < target
	})
	h := n.Board.Tip().PruneHeight()
	if h > blocks-keep {
		t.Errorf("blocks below %d are gone; %d blocks must stay", h, keep)
	}
	if got := n.Board.Tip().Tip().Height(); got != blocks {
		t.Fatalf("height %d", got)
	}
	// The height is published a moment before the bodies are deleted, and may move on.
	waitFor(t, "exactly the bodies from the prune height on", func() bool {
		snap := n.Board.Tip()
		if !snap.Acquire() {
			return false
		}
		defer snap.Release()
		for height := int32(1); height <= blocks; height++ {
			if _, err := snap.Block(snap.AtHeight(height)); (height < snap.PruneHeight()) != (err != nil) {
				return false
			}
		}
		return true
	})
	if n.Services().Has(wire.NodeNetwork) {
		t.Error("a pruned node offers all blocks")
	}
}

// Regtest's height from which on a node prunes by itself is 1000.
func TestAShortChainIsPrunedOnCommandOnly(t *testing.T) {
	const size, blocks = 20_000, 330
	const target = 1 << 20 // of 6 MiB; 40 blocks may go
	n := playOn(t, chainstore.NewMemory(), func(c *config.Config) { c.Store.Prune, c.Store.PruneTarget = true, target })
	feed(t, n, fatBlocks(t, blocks, size))
	// The command is answered when all is gone that the look for it listed.
	if d := ask[*msg.Done](t, n, n.Cast.Chain(), &msg.PruneChain{Height: 1}); d.Err != nil {
		t.Fatal(d.Err)
	}
	if h := n.Board.Tip().PruneHeight(); h != 2 {
		t.Errorf("told to prune one block of %d, the node has them from %d on", blocks, h)
	}
}

func TestPruningOnCommandStopsAtTheHeightAndAtTheBlocksThatMustStay(t *testing.T) {
	store := chainstore.NewMemory()
	n := playOn(t, store, func(c *config.Config) { c.Store.Prune = true })
	feed(t, n, fatBlocks(t, 500, 100))
	prune := func(height int32) int32 {
		t.Helper()
		if d := ask[*msg.Done](t, n, n.Cast.Chain(), &msg.PruneChain{Height: height}); d.Err != nil {
			t.Fatal(d.Err)
		}
		return n.Board.Tip().PruneHeight()
	}
	for _, row := range []struct{ order, want int32 }{{0, 0}, {3, 4}, {2, 4}, {150, 151}, {490, 500 - 288 + 1}, {490, 500 - 288 + 1}} {
		if got := prune(row.order); got != row.want {
			t.Errorf("after pruning to %d blocks from %d on are there, want %d", row.order, got, row.want)
		}
	}
	tip := tip(n)
	stopNode(t, n)
	reopened, err := store.Restart(store.State().Seq)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := startOn(t, reopened, nil); err == nil || !strings.Contains(err.Error(), "-reindex to go back to unpruned mode") {
		t.Fatalf("a node that keeps everything starts on a pruned store: %v", err)
	}
	if reopened, err = reopened.Restart(reopened.State().Seq); err != nil {
		t.Fatal(err)
	}
	again := playOn(t, reopened, func(c *config.Config) { c.Store.Prune = true })
	if h := again.Board.Tip().PruneHeight(); h != 500-288+1 || again.Board.Tip().Tip().Hash() != tip {
		t.Errorf("after the restart blocks from %d on are there, tip %s", h, again.Board.Tip().Tip().Hash())
	}
}

// The value log's files are of 64 MiB here: with large blocks many of them come and must go.
func TestTheRoomOfPrunedBlocksComesBackToTheDisk(t *testing.T) {
	if os.Getenv("TROUPE_LONG") == "" {
		t.Skip("writes 1.5 GB; set TROUPE_LONG=1")
	}
	const size, blocks = 900_000, 1_700
	const target = 320 << 20 // what must stay is 250
	store := openStore(t, t.TempDir(), nil)
	n := playOn(t, store, func(c *config.Config) { c.Store.Prune, c.Store.PruneTarget = true, target })
	feed(t, n, fatBlocks(t, blocks, size))
	waitFor(t, "room on the disk", func() bool {
		u, err := store.Usage()
		if err != nil {
			t.Fatal(err)
		}
		return u.ValueLog < target+4*(64<<20)
	})
	u, err := store.Usage()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MiB went through; the value log has %d MiB, bodies %d", blocks*size>>20, u.ValueLog>>20, n.Board.Bodies().Bytes>>20)
}
