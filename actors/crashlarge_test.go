package actors

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
)

// The extremes, and a process that is killed while they are being written: a block of
// 111,000 outputs, coins that are spent in the block that made them, and a
// reorganisation of 101 blocks, that first one among them, while its coins are flushed.

const (
	largeReorg   = 100 // blocks on top of the wide one, all of which are replaced
	largeSegment = 25  // blocks that are given at a time
)

// How many payments a block has. Full blocks take their time; and the coins that they spend are
// read by the actor that writes, behind its writing, so that a chain of them cannot go on
// while coins are held back.
const (
	largeFew  = 8
	largeFull = 2000
)

// largeHistory is what both chains begin with, the wide block and those on top of it, and
// the longer branch in their place.
type largeHistory struct{ base, main, branch []*tx.Block }

func makeLarge(t testing.TB, txs int) *largeHistory {
	t.Helper()
	f, err := forge.New("large", regtestParams(t))
	if err != nil {
		t.Fatal(err)
	}
	c := f.Chain(forge.Mix{70, 15, 15})
	h := &largeHistory{}
	for b := range c.Empty(102) {
		h.base = append(h.base, b)
	}
	for b := range c.Setup(txs + 3*largeReorg) {
		h.base = append(h.base, b)
	}
	coin, _ := c.Coin()
	other := c.Fork(1)
	wide := []forge.Spend{f.Wide(coin, forge.MaxOutputs)}
	h.main = append(h.main, c.Mint(wide, forge.SignAll(wide)))
	more := func(c *forge.Chain, n int, first uint64) (list []*tx.Block) {
		for i := range uint64(n) {
			coin, ok := c.Coin()
			if !ok {
				t.Fatal("no coins left")
			}
			planned := c.Plan(txs)
			// The second and third spend what the one before has made.
			list = append(list, c.Mint(planned, append(forge.SignAll(planned), f.Descendants(coin, 3, first+8*i)...)))
		}
		return list
	}
	h.main = append(h.main, more(c, largeReorg, 1<<32)...)
	h.branch = more(other, largeReorg+2, 1<<33)
	return h
}

// largeJob is what a child does.
type largeJob struct {
	Dir, Chain       string
	BaseLen, MainLen int
	Act, Point       string
	At               int64
}

const largeEnv = "TROUPE_LARGE_CHILD"

// Its acts: both begin with the wide block.
const (
	actWide = "wide"
	// actFlush stops in the middle of writing the wide block's coins until the chain has gone
	// on to the branch, with only memory to do it in.
	actFlush = "flush"
)

func (j largeJob) run() {
	t := &failing{}
	blocks, err := readBlocks(j.Chain, regtestParams(t).Magic)
	if err != nil {
		t.Fatal(err)
	}
	h := &largeHistory{blocks[:j.BaseLen], blocks[j.BaseLen:][:j.MainLen], blocks[j.BaseLen+j.MainLen:]}
	var armed, hold atomic.Bool
	var hits atomic.Int64
	var n *Node
	store := openStore(t, j.Dir, func(point string) {
		if !armed.Load() {
			return
		}
		if point == "commit-part" && hold.CompareAndSwap(true, false) {
			h.awaitBranch(n)
		}
		if point == j.Point && hits.Add(1) == j.At {
			die()
		}
	})
	settings := crashConfig
	if j.Act == actFlush {
		hold.Store(true)
		settings = func(c *config.Config) {
			crashConfig(c)
			c.Store.DBCache = 256 << 20 // chain never waits for room
		}
	}
	if n, err = startOn(t, store, settings); err != nil {
		t.Fatal(err)
	}
	h.perform(t, n, func() { armed.Store(true) })
	stopNode(t, n)
}

// awaitBranch waits until readers see the end of the branch.
func (h *largeHistory) awaitBranch(n *Node) {
	end := h.branch[len(h.branch)-1].Hash()
	for deadline := time.Now().Add(2 * time.Minute); tip(n) != end; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			panic(fmt.Sprintf("the chain stays at height %d while coins are written", n.Board.Tip().Tip().Height())) // of the child process
		}
	}
}

// perform plays the history; what is there already is simply known.
func (h *largeHistory) perform(t testing.TB, n *Node, arm func()) {
	give := func(blocks []*tx.Block) {
		for ; len(blocks) > 0; blocks = blocks[min(largeSegment, len(blocks)):] {
			deliver(t, n, blocks[:min(largeSegment, len(blocks))])
		}
	}
	give(h.base)
	ask[*msg.Done](t, n, n.Cast.Chain(), &msg.FlushCoins{}) // what is written next is the wide block
	arm()
	give(h.main)
	last := len(h.branch) - 2 // nearly as much work as main has
	give(h.branch[:last])
	give(h.branch[last:])
	ask[*msg.Done](t, n, n.Cast.Chain(), &msg.FlushCoins{})
}

// coinsAt are the coins after a block, by a replay in memory that runs no script.
func (h *largeHistory) coinsAt(t testing.TB, at tx.Hash) string {
	t.Helper()
	store := chainstore.NewMemory()
	m, err := chainstate.Open(regtestParams(t), store, time.Now().Unix(), chainstate.Options{LoadAbove: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	unchecked := func(*chainstate.VerifyJob) error { return nil }
	settleWith(t, m, store, unchecked)
	if store.State().Tip == at {
		return coinsOf(t, store)
	}
	for _, chain := range [][]*tx.Block{h.base, h.main, h.branch} {
		for _, b := range chain {
			m.AddBlock(time.Now().Unix(), b, chainstate.Submission{Requested: true})
			settleWith(t, m, store, unchecked)
			if store.State().Tip == at {
				return coinsOf(t, store)
			}
		}
	}
	t.Fatalf("no block of the history is %s", at)
	return ""
}

func TestANodeKilledWhileItWritesTheExtremesStartsAtABlockAndComesToTheSameEnd(t *testing.T) {
	few := newLargeRig(t, largeFew)
	rigs := map[string]*largeRig{actWide: few, actFlush: few}
	if os.Getenv("TROUPE_LONG") != "" {
		rigs[actWide] = newLargeRig(t, largeFull)
	}
	type place struct {
		act, point string
		at         int64
	}
	// The flush has 14 parts, and the one after it, of the reorganisation, too.
	places := []place{{actWide, "commit-part", 9}, {actFlush, "commit-part", 7}, {actFlush, "commit-part", 21}}
	if os.Getenv("TROUPE_LONG") != "" {
		places = append(places, place{actWide, "commit-mark", 1}, place{actWide, "commit-done", 1}, place{actFlush, "commit-part", 1},
			place{actFlush, "commit-mark", 1}, place{actFlush, "commit-mark", 2}, place{actFlush, "put", 1})
	}
	for _, c := range places {
		t.Run(fmt.Sprintf("%s/%s/%d", c.act, c.point, c.at), func(t *testing.T) {
			h := rigs[c.act]
			j := largeJob{Dir: inMemory(t), Chain: h.file, BaseLen: len(h.base), MainLen: len(h.main), Act: c.act, Point: c.point, At: c.at}
			text, err := json.Marshal(j)
			if err != nil {
				t.Fatal(err)
			}
			if out, err := child(largeEnv, string(text)).CombinedOutput(); !killed(err) {
				t.Fatalf("the child did not die there: %v\n%s", err, out)
			}
			at := h.whole(t, j.Dir, "")
			n, err := startOn(t, openStore(t, j.Dir, nil), crashConfig)
			if err != nil {
				t.Fatal(err)
			}
			h.perform(t, n, func() {})
			stopNode(t, n)
			if got := h.whole(t, j.Dir, h.want); got != h.end {
				t.Errorf("killed at %s, it ended at %s, the history at %s", at, got, h.end)
			}
		})
	}
}

// largeRig is a history in a file, with what it ends in.
type largeRig struct {
	*largeHistory
	file, want string
	end        tx.Hash
}

func newLargeRig(t testing.TB, txs int) *largeRig {
	h := makeLarge(t, txs)
	r := &largeRig{h, filepath.Join(t.TempDir(), "large.dat"), h.coinsAtEnd(t), h.branch[len(h.branch)-1].Hash()}
	writeBlocks(t, r.file, h.base, h.main, h.branch)
	return r
}

// coinsAtEnd are the coins of the history's end, by a replay of the branch alone.
func (h *largeHistory) coinsAtEnd(t testing.TB) string {
	return (&largeHistory{base: h.base, branch: h.branch}).coinsAt(t, h.branch[len(h.branch)-1].Hash())
}

// whole checks what is in a store, which must be at a block of the history with its coins;
// which they are need not be told.
func (h *largeHistory) whole(t testing.TB, dir, want string) tx.Hash {
	t.Helper()
	store := openStore(t, dir, nil)
	defer store.Close()
	tip := store.State().Tip
	if want == "" {
		want = h.coinsAt(t, tip)
	}
	if got := coinsOf(t, store); got != want {
		t.Fatalf("at block %s: coins %s, a replay's are %s", tip, got, want)
	}
	if damage, err := chainstore.Verify(store, chainstore.VerifyOptions{Level: 3}); err != nil || len(damage) > 0 {
		t.Fatalf("at block %s: %v %v", tip, damage, err)
	}
	return tip
}
