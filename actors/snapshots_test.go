package actors

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
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

// busyChain is a chain whose last blocks have so many payments each.
func busyChain(t testing.TB, blocks, perBlock int) (list []*tx.Block) {
	t.Helper()
	f, err := forge.New("busy", regtestParams(t))
	if err != nil {
		t.Fatal(err)
	}
	c := f.Chain(forge.Mix{70, 15, 15})
	for b := range c.Setup(2 * perBlock) {
		list = append(list, b)
	}
	for range blocks {
		planned := c.Plan(perBlock)
		txs := make([]*tx.Tx, len(planned))
		var group sync.WaitGroup
		for half := range 2 {
			group.Go(func() {
				for i := half; i < len(planned); i += 2 {
					txs[i] = planned[i].Sign()
				}
			})
		}
		group.Wait()
		list = append(list, c.Mint(planned, txs))
	}
	return list
}

// submit announces a chain and gives its blocks as fast as they are taken.
func submit(t testing.TB, n *Node, blocks []*tx.Block) {
	t.Helper()
	headers := make([]tx.Header, len(blocks))
	for i, b := range blocks {
		headers[i] = b.Header
	}
	for len(headers) > 0 {
		k := min(len(headers), 2000)
		if a := ask[*msg.HeadersAdded](t, n, n.Cast.Chain(), &msg.AddHeaders{Headers: headers[:k]}); a.Err != nil {
			t.Fatal(a.Err)
		}
		headers = headers[k:]
	}
	window := make(chan struct{}, 32)
	var group sync.WaitGroup
	for _, b := range blocks {
		window <- struct{}{}
		group.Go(func() {
			v := ask[*msg.BlockVerdict](t, n, n.Cast.Chain(), &msg.AddBlock{Block: b, Requested: true})
			if v.Err != nil {
				t.Error(v.Err)
			}
			<-window
		})
	}
	group.Wait()
	ask[*msg.Done](t, n, n.Cast.Chain(), &msg.Barrier{})
}

// traces are what each block makes and spends, of things that were there before
// and will be there after it.
type traces struct{ made, spent []tx.OutPoint }

func tracesOf(blocks []*tx.Block) map[int32]traces {
	all := make(map[int32]traces, len(blocks))
	for i, b := range blocks {
		var tr traces
		made := make(map[tx.Hash]bool, len(b.Txs))
		for _, t := range b.Txs {
			made[t.ID()] = true
		}
		inside := make(map[tx.OutPoint]bool)
		for _, t := range b.Txs[1:] {
			for j := range t.Inputs {
				if op := t.Inputs[j].PrevOut; made[op.Hash] {
					inside[op] = true
				} else {
					tr.spent = append(tr.spent, op)
				}
			}
		}
		for _, t := range b.Txs {
			if op := (tx.OutPoint{Hash: t.ID()}); !inside[op] {
				tr.made = append(tr.made, op)
			}
		}
		all[int32(i+1)] = tr
	}
	return all
}

// readers hold open snapshots of all ages and read coins through them.
type readers struct {
	node   *Node
	traces map[int32]traces

	held []*chainstate.Snapshot

	coins atomic.Int64
	torn  atomic.Pointer[string]
	stop  chan struct{}
	group sync.WaitGroup
}

const readerTick = 10 * time.Millisecond

// startReaders keeps open snapshots and reads rate coins a second through them,
// in all.
func startReaders(n *Node, tr map[int32]traces, open, rate int) *readers {
	r := &readers{node: n, traces: tr, stop: make(chan struct{})}
	for range open {
		r.held = append(r.held, r.take())
	}
	r.group.Go(func() {
		tick := time.NewTicker(readerTick)
		defer tick.Stop()
		dice := rand.New(rand.NewPCG(1, 2))
		for {
			select {
			case <-r.stop:
				return
			case <-tick.C:
			}
			// A few at a time are renewed, so that some are old.
			for range 10 {
				i := dice.IntN(len(r.held))
				r.held[i].Release()
				r.held[i] = r.take()
			}
			for read := 0; read < rate*int(readerTick)/int(time.Second); {
				read += r.look(r.held[dice.IntN(len(r.held))], dice)
			}
		}
	})
	return r
}

func (r *readers) take() *chainstate.Snapshot {
	for {
		if s := r.node.Board.Tip(); s.Acquire() {
			return s
		}
	}
}

func (r *readers) end(t testing.TB) {
	t.Helper()
	close(r.stop)
	r.group.Wait()
	for _, s := range r.held {
		s.Release()
	}
	if text := r.torn.Load(); text != nil {
		t.Error(*text)
	}
}

// look reads some coins that tell whether the snapshot has all of its block and
// nothing of the next one.
func (r *readers) look(s *chainstate.Snapshot, dice *rand.Rand) (coins int) {
	h := s.CoinsTip().Height()
	check := func(what string, ops []tx.OutPoint, want bool) {
		if len(ops) == 0 {
			return
		}
		op := ops[dice.IntN(len(ops))]
		coin, err := s.Coin(op)
		coins++
		if err != nil || (coin != nil) != want {
			text := fmt.Sprintf("at height %d: %s %s: unspent %v (%v)", h, what, op, coin != nil, err)
			r.torn.CompareAndSwap(nil, &text)
		}
	}
	at, next := r.traces[h], r.traces[h+1]
	for range 3 {
		check("a coin that the block made:", at.made, true)
		check("a coin that the block spent:", at.spent, false)
		check("a coin that the next block makes:", next.made, false)
		check("a coin that the next block spends:", next.spent, true)
	}
	r.coins.Add(int64(coins))
	return max(coins, 1)
}

func smallCache(c *config.Config) {
	c.Store.DBCache, c.Mempool.Persist = chainstore.MinCacheBytes, false
}

func TestAThousandOpenSnapshotsSeeNoTornStateDuringDownload(t *testing.T) {
	blocks := busyChain(t, 25, 300)
	n := playOn(t, openStore(t, inMemory(t), nil), smallCache)
	r := startReaders(n, tracesOf(blocks), 1000, 10_000)
	submit(t, n, blocks)
	time.Sleep(100 * time.Millisecond)
	r.end(t)
	t.Logf("%d coins read", r.coins.Load())
	if r.coins.Load() == 0 {
		t.Error("nothing was read")
	}
}

// BenchmarkDownload is a download alone, and with a thousand open snapshots
// through which 10,000 coins a second are read.
func BenchmarkDownload(b *testing.B) {
	blocks := busyChain(b, 30, 1000)
	txs := 0
	for _, block := range blocks {
		txs += len(block.Txs)
	}
	traces := tracesOf(blocks)
	for _, open := range []int{0, 1000} {
		b.Run(fmt.Sprintf("snapshots=%d", open), func(b *testing.B) {
			b.ReportAllocs()
			coins := int64(0)
			for range b.N {
				b.StopTimer()
				n, err := startOn(b, openStore(b, inMemory(b), nil), smallCache)
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if open > 0 {
					r := startReaders(n, traces, open, 10_000)
					submit(b, n, blocks)
					r.end(b)
					coins += r.coins.Load()
				} else {
					submit(b, n, blocks)
				}
				b.StopTimer()
				stopNode(b, n)
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*txs), "µs/tx")
			b.ReportMetric(float64(coins)/b.Elapsed().Seconds(), "coins-read/s")
		})
	}
}

// BenchmarkRestartAtTip starts a node on a store that was stopped in order, and
// on one whose process was killed. With TROUPE_LONG the chain has 600,000
// transactions.
func BenchmarkRestartAtTip(b *testing.B) {
	count, perBlock := 30, 500
	if os.Getenv("TROUPE_LONG") != "" {
		count, perBlock = 300, 2000
	}
	blocks := busyChain(b, count, perBlock)
	dir := filepath.Join(inMemory(b), "store")
	n, err := startOn(b, openStoreWith(b, dir, chainstore.DefaultMemory, nil), nil)
	if err != nil {
		b.Fatal(err)
	}
	submit(b, n, blocks)
	tip := blocks[len(blocks)-1].Hash() // published before it is committed
	waitFor(b, "the commit of the tip", func() bool { return n.Board.Store.State().Tip == tip })
	killed := photograph(b, dir)
	stopNode(b, n)
	for _, row := range []struct{ what, dir string }{{"stopped", dir}, {"killed", killed}} {
		b.Run(row.what, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				b.StopTimer()
				own := filepath.Join(b.TempDir(), "store")
				if err := os.CopyFS(own, os.DirFS(row.dir)); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				n, err := startOn(b, openStoreWith(b, own, chainstore.DefaultMemory, nil), nil)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if got := n.Board.Tip().Tip().Hash(); got != tip {
					b.Fatalf("it starts at %s", got)
				}
				stopNode(b, n)
				b.StartTimer()
			}
		})
	}
}

// photograph copies a store while a node has it open: what a SIGKILL would leave. A copy during which files came or went does not count.
func photograph(t testing.TB, dir string) string {
	t.Helper()
	names := func() string {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(files)
	}
	for range 20 {
		to, before := filepath.Join(inMemory(t), "store"), names()
		if err := os.CopyFS(to, os.DirFS(dir)); err == nil && names() == before {
			return to
		}
		os.RemoveAll(to)
		time.Sleep(time.Second)
	}
	t.Fatal("the store's files never come to rest")
	return ""
}
