package actors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/chainstore/blkfile"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
)

// The tests here run this test binary again as a child that plays a whole node on
// a store on disk and dies: at a named write point, or whenever the parent kills it. The parent then opens what is left: it must
// be at some block of the history, with that block's coins; and a node on it must come to the history's end.

const crashEnv = "TROUPE_NODE_CHILD"

// crashJob is what a child does: the acts of the history in their order, and in
// one of them it dies.
type crashJob struct {
	Dir   string // of the store
	Chain string // file with the blocks
	Act   string // from here on the write points count
	Point string
	At    int64 // the so-manieth time
	Again bool  // the reorganisations without end, for a parent that kills
	Tell  bool  // a byte to stdout at each write point
}

func TestMain(m *testing.M) {
	if text := os.Getenv(crashEnv); text != "" {
		var job crashJob
		if err := json.Unmarshal([]byte(text), &job); err != nil {
			panic(err)
		}
		job.run()
		return
	}
	if text := os.Getenv(largeEnv); text != "" {
		var job largeJob
		if err := json.Unmarshal([]byte(text), &job); err != nil {
			panic(err)
		}
		job.run()
		return
	}
	os.Exit(m.Run())
}

// The acts.
const (
	actOpen     = "open"     // make or open the store
	actDownload = "download" // many blocks, flushed a few dozen at a time
	actTip      = "tip"      // block by block, each committed
	actReorg    = "reorg"    // disconnect some, connect more
	actBack     = "back"     // to the old branch and forth again, by an operator's order
	actPrune    = "prune"    // delete old blocks
	actStop     = "stop"     // an ordered stop
)

// History's shape: a chain with payments towards its end, and a longer branch.
const (
	crashBlocks   = 340
	crashTip      = 6  // of them one by one
	crashFork     = 8  // blocks that the branch replaces
	crashBranch   = 12 // its length
	crashSegment  = 60 // blocks that are flushed at a time
	crashPayments = 12
	crashPrune    = 30 // height up to which is pruned
)

type crashHistory struct{ main, branch []*tx.Block }

// makeHistory forges the history.
func makeHistory(t testing.TB) *crashHistory {
	t.Helper()
	f, err := forge.New("crash", regtestParams(t))
	if err != nil {
		t.Fatal(err)
	}
	c := f.Chain(forge.Mix{70, 15, 15})
	h := &crashHistory{}
	for b := range c.Empty(200) {
		h.main = append(h.main, b)
	}
	for b := range c.Setup(30 * crashPayments) {
		h.main = append(h.main, b)
	}
	more := func(c *forge.Chain, n int) (list []*tx.Block) {
		for range n {
			planned := c.Plan(crashPayments)
			list = append(list, c.Mint(planned, forge.SignAll(planned)))
		}
		return list
	}
	h.main = append(h.main, more(c, crashBlocks-crashFork-len(h.main))...)
	other := c.Fork(1)
	h.main = append(h.main, more(c, crashFork)...)
	h.branch = more(other, crashBranch)
	return h
}

func (h *crashHistory) write(t testing.TB, path string) {
	t.Helper()
	writeBlocks(t, path, h.main, h.branch)
}

func writeBlocks(t testing.TB, path string, lists ...[]*tx.Block) {
	t.Helper()
	var buf []byte
	for _, b := range slices.Concat(lists...) {
		buf = blkfile.Append(buf, regtestParams(t).Magic, b.Bytes())
	}
	if err := os.WriteFile(path, buf, 0o600); err != nil {
		t.Fatal(err)
	}
}

func readHistory(path string, magic [4]byte) (*crashHistory, error) {
	blocks, err := readBlocks(path, magic)
	if err != nil {
		return nil, err
	}
	return &crashHistory{blocks[:crashBlocks], blocks[crashBlocks:]}, nil
}

func readBlocks(path string, magic [4]byte) (list []*tx.Block, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for r := blkfile.NewReader(bytes.NewReader(data), magic); ; {
		raw, err := r.Next()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		b, err := tx.ParseBlock(raw)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
}

// run is the child.
func (j crashJob) run() {
	t := &failing{}
	var armed atomic.Bool
	var hits atomic.Int64
	h, err := readHistory(j.Chain, regtestParams(t).Magic)
	if err != nil {
		t.Fatal(err)
	}
	arm := func(act string) {
		if act == j.Act {
			armed.Store(true)
		}
	}
	arm(actOpen)
	store := openStore(t, j.Dir, func(point string) {
		if j.Tell {
			os.Stdout.WriteString(".")
		}
		if armed.Load() && point == j.Point && hits.Add(1) == j.At {
			die()
		}
	})
	n, err := startOn(t, store, crashConfig)
	if err != nil {
		t.Fatal(err)
	}
	segment := crashSegment
	if j.Again {
		segment = 8 // more commits, so that more is going on when the parent kills
	}
	perform(t, n, h, segment, arm)
	for j.Again {
		back(t, n, h)
	}
	// How many commits an act takes, the store decides: while it writes one, the changes
	// gather for the next. Each of these rounds is one more at least.
	for round := 0; j.At > 1 && round < 10; round++ {
		back(t, n, h)
		ask[*msg.Done](t, n, n.Cast.Chain(), &msg.FlushCoins{})
	}
	if strings.HasPrefix(j.Point, "sync") && j.Act != actStop {
		time.Sleep(2500 * time.Millisecond) // the store syncs once a second
	}
	arm(actStop)
	if j.Act == actStop { // whatever the clock did before: there is something to sync
		back(t, n, h)
	}
	stopNode(t, n)
}

// die ends the process as kill -9 does.
func die() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {}
}

// failing is the part of testing.TB that a child needs.
type failing struct{ testing.TB }

func (failing) Helper()         {}
func (failing) TempDir() string { return os.TempDir() }
func (failing) Fatal(args ...any) {
	fmt.Println(args...)
	os.Exit(3)
}
func (f failing) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }
func (f failing) Error(args ...any)                 { f.Fatal(args...) }

func crashConfig(c *config.Config) {
	c.Store.Prune, c.Store.DBCache = true, chainstore.MinCacheBytes
	c.Mempool.Persist = false
}

// perform plays the history; what is there already is simply known.
func perform(t testing.TB, n *Node, h *crashHistory, segment int, arm func(act string)) {
	t.Helper()
	if n.Board.Index.Get(h.branch[0].Hash()) != nil { // it may have died while the branch was invalid
		ask[*msg.Done](t, n, n.Cast.Chain(), &msg.ChainCommand{What: msg.ReconsiderBlock, Hash: h.branch[0].Hash()})
	}
	rest := len(h.main) - crashTip
	arm(actDownload)
	for from := 0; from < rest; from += segment {
		deliver(t, n, h.main[from:min(from+segment, rest)])
	}
	arm(actTip)
	for _, b := range h.main[rest:] {
		deliver(t, n, []*tx.Block{b})
	}
	arm(actReorg)
	deliver(t, n, h.branch)
	arm(actBack)
	back(t, n, h)
	arm(actPrune)
	ask[*msg.Done](t, n, n.Cast.Chain(), &msg.PruneChain{Height: crashPrune})
}

// deliver announces headers first, so that the node knows how far it has to go,
// and then gives all blocks at once.
func deliver(t testing.TB, n *Node, blocks []*tx.Block) {
	t.Helper()
	headers := make([]tx.Header, len(blocks))
	for i, b := range blocks {
		headers[i] = b.Header
	}
	if a := ask[*msg.HeadersAdded](t, n, n.Cast.Chain(), &msg.AddHeaders{Headers: headers}); a.Err != nil {
		t.Fatal(a.Err)
	}
	var group sync.WaitGroup
	for _, b := range blocks {
		group.Add(1)
		go func() {
			defer group.Done()
			v := ask[*msg.BlockVerdict](t, n, n.Cast.Chain(), &msg.AddBlock{Block: b, Requested: true})
			if v.Err != nil {
				t.Error(v.Err)
			}
		}()
	}
	group.Wait()
	ask[*msg.Done](t, n, n.Cast.Chain(), &msg.Barrier{})
}

// back leaves the branch and returns to it.
func back(t testing.TB, n *Node, h *crashHistory) {
	t.Helper()
	for _, what := range []msg.ChainOrder{msg.InvalidateBlock, msg.ReconsiderBlock} {
		if d := ask[*msg.Done](t, n, n.Cast.Chain(), &msg.ChainCommand{What: what, Hash: h.branch[0].Hash()}); d.Err != nil {
			t.Fatal(d.Err)
		}
	}
}

func (j crashJob) start(t testing.TB) *exec.Cmd {
	t.Helper()
	cmd := j.command(t)
	cmd.Stdout = new(bytes.Buffer)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func (j crashJob) command(t testing.TB) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := child(crashEnv, string(text))
	cmd.Stderr = new(bytes.Buffer)
	return cmd
}

// child is this test binary once more, with a job.
func child(env, job string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env+"="+job, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// crashRig is what all the crash tests share.
type crashRig struct {
	history *crashHistory
	want    map[tx.Hash]string
	chain   string
}

var theRig struct {
	once sync.Once
	crashRig
}

func rig(t testing.TB) *crashRig {
	t.Helper()
	theRig.once.Do(func() {
		theRig.history = makeHistory(t)
		theRig.want = theRig.history.expected(t)
	})
	r := theRig.crashRig
	r.chain = filepath.Join(t.TempDir(), "history.dat")
	r.history.write(t, r.chain)
	return &r
}

// inMemory is a directory in memory where there is one: a SIGKILL needs no disk.
func inMemory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "troupe-crash")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// inspect opens what a child has left: a block of the history with its coins, and
// whole. It returns the tip.
func (r *crashRig) inspect(t testing.TB, dir string) tx.Hash {
	t.Helper()
	store := openStore(t, dir, nil)
	defer store.Close()
	tip := store.State().Tip
	if tip == (tx.Hash{}) {
		return tip // it died before the first commit
	}
	want, known := r.want[tip]
	if !known {
		t.Fatalf("the store's tip %s is no block of the history", tip)
	}
	if got := coinsOf(t, store); got != want {
		t.Fatalf("at block %s: coins %s, a replay's are %s", tip, got, want)
	}
	damage, err := chainstore.Verify(store, chainstore.VerifyOptions{Level: 3})
	if err != nil || len(damage) > 0 {
		t.Fatalf("at block %s: %v %v", tip, damage, err)
	}
	return tip
}

// finish plays the whole history on what a child has left.
func (r *crashRig) finish(t testing.TB, dir string) {
	t.Helper()
	n, err := startOn(t, openStore(t, dir, nil), crashConfig)
	if err != nil {
		t.Fatal(err)
	}
	perform(t, n, r.history, crashSegment, func(string) {})
	end := r.history.branch[crashBranch-1].Hash()
	if got := tip(n); got != end {
		t.Errorf("the history ends at %s, the node at %s", end, got)
	}
	if h := n.Board.Tip().PruneHeight(); h != crashPrune+1 {
		t.Errorf("pruned below %d, want %d", h, crashPrune+1)
	}
	stopNode(t, n)
	if got := r.inspect(t, dir); got != end {
		t.Errorf("after the stop the store is at %s", got)
	}
}

func killed(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && strings.Contains(exit.String(), "killed")
}

func TestANodeKilledAtEachWritePointStartsAtABlockAndComesToTheSameEnd(t *testing.T) {
	r := rig(t)
	commits := []string{"put", "commit-part", "commit-mark", "commit-done"}
	syncs := []string{"sync-files", "sync-note"}
	for act, points := range map[string][]string{
		actOpen:     commits,
		actDownload: append(syncs, commits...),
		actTip:      commits,
		actReorg:    append(syncs, commits...),
		actBack:     {"commit-part", "commit-mark", "commit-done"},
		actPrune:    append(syncs, commits[1:]...),
		actStop:     {"sync-files", "sync-note", "close"},
	} {
		for _, point := range points {
			times := []int64{1}
			if (act == actDownload || act == actBack) && !strings.HasPrefix(point, "sync") {
				times = append(times, 3)
			}
			for _, at := range times {
				t.Run(fmt.Sprintf("%s/%s/%d", act, point, at), func(t *testing.T) {
					t.Parallel()
					j := crashJob{Dir: inMemory(t), Chain: r.chain, Act: act, Point: point, At: at}
					cmd := j.start(t)
					if err := cmd.Wait(); !killed(err) {
						t.Fatalf("the child did not die there: %v\n%s%s", err, cmd.Stdout, cmd.Stderr)
					}
					r.inspect(t, j.Dir)
					r.finish(t, j.Dir)
				})
			}
		}
	}
}
