package kit

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type floodTx struct{ _ [8]byte }
type floodBlock struct{ _ [8]byte }
type floodQuery struct{ _ [8]byte }

var (
	_ = Register[*floodTx](work(Tx, Shed))
	_ = Register[*floodBlock](work(Block, Hold))
	_ = Register[*floodQuery](work(Local, Hold))
)

// TestAFloodOfTransactionsDoesNotStarveBlocks offers an actor several times the
// transactions it can handle. The claim is one of order, not of speed: whatever
// the machine, a block waits for a handful of other messages.
func TestAFloodOfTransactionsDoesNotStarveBlocks(t *testing.T) {
	sys := NewSystem(NewReal(), EventListener{})
	var handled, blocks, queries atomic.Int64
	var blockWaits, queryWaits []int64 // transactions handled between the post and the handling
	seen := map[any]int64{}
	var mu sync.Mutex
	spec := on("probe", func(c *Context, msg any) {
		now := handled.Load()
		wait := func(waits *[]int64, count *atomic.Int64) {
			mu.Lock()
			sent := seen[msg]
			delete(seen, msg)
			*waits = append(*waits, now-sent)
			mu.Unlock()
			count.Add(1)
		}
		switch msg.(type) {
		case *floodTx:
			for end := time.Now().Add(20 * time.Microsecond); time.Now().Before(end); {
			}
			handled.Add(1)
		case *floodBlock:
			wait(&blockWaits, &blocks)
		case *floodQuery:
			wait(&queryWaits, &queries)
		}
	})
	spec.Mailbox[Tx].Messages = 1000
	ref := sys.Spawn(spec)
	ctx, cancel := context.WithCancel(context.Background())
	var flooders sync.WaitGroup
	var shed atomic.Int64
	for range 4 {
		flooders.Add(1)
		go func() {
			defer flooders.Done()
			for ctx.Err() == nil {
				if ref.Post(&floodTx{}) == Full {
					shed.Add(1)
					time.Sleep(time.Millisecond) // of 20 that the lane has work for: it stays full, and a single core free
				}
			}
		}()
	}
	for shed.Load() == 0 { // until the lane is full
		time.Sleep(time.Millisecond)
	}
	for i := range 100 {
		for _, msg := range []any{&floodBlock{}, &floodQuery{}} {
			mu.Lock()
			seen[msg] = handled.Load()
			mu.Unlock()
			if ref.Post(msg) != Ok {
				t.Errorf("message %d found no room", i)
			}
		}
		time.Sleep(time.Millisecond)
	}
	for blocks.Load() < 100 || queries.Load() < 100 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	flooders.Wait()
	report := sys.Stop(context.Background())
	slices.Sort(blockWaits)
	slices.Sort(queryWaits)
	t.Logf("%d transactions handled, %d shed; between post and handling, in half of the cases at most %d went before a block, %d before a query",
		handled.Load(), shed.Load(), blockWaits[49], queryWaits[49])
	// Two transactions a round and the one being handled. The test's own goroutine
	// may lose its core between reading the count and the post, hence the median.
	if blockWaits[49] > 50 || queryWaits[49] > 50 {
		t.Errorf("of 1000 queued transactions %d went before a block, %d before a query", blockWaits[49], queryWaits[49])
	}
	if lost := report.Lost["*kit.floodTx"]; lost > 1000 {
		t.Errorf("%d transactions were queued, more than the lane's bound", lost)
	}
}

// TestManySendersManyActorsUnderTheRaceDetector runs everything at once on real
// goroutines: posts, calls, restarts, stops, watches, timers, inspection.
func TestManySendersManyActorsUnderTheRaceDetector(t *testing.T) {
	sys := NewSystem(NewReal(), EventListener{})
	ledger := NewLedger(sys.Env(), smallLedger)
	server := sys.Spawn(Spec{Kind: "probe", Policy: Restart(1_000_000, time.Minute, time.Microsecond, Stop), New: func() Actor {
		return Func(func(c *Context, msg any) {
			switch m := msg.(type) {
			case Started:
				c.Every(time.Millisecond, tick{})
				c.Spawn(on("child", func(*Context, any) {}))
			case ping:
				if m.n%97 == 0 {
					panic("injected")
				}
				c.Reply(m.n)
			}
		})
	}})
	var clients []Ref
	for range 20 {
		clients = append(clients, sys.Spawn(on("client", func(c *Context, msg any) {
			switch m := msg.(type) {
			case Started:
				c.Watch(server)
				owner := c.CreditOwner(ledger, Credit{Messages: 2, Bytes: 100})
				self := c.Self()
				c.Go("reader", func(ctx context.Context) {
					for i := 1; ctx.Err() == nil; i++ {
						tok, err := owner.Acquire(ctx, 10, General)
						if err != nil {
							return
						}
						self.Post(ping{i})
						tok.Release()
						runtime.Gosched()
					}
				})
			case ping:
				c.Call(server, m, 50*time.Millisecond)
			}
		})))
	}
	for i := range 50 {
		sys.Tree()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		_, _ = sys.Ask(ctx, server, ping{i}) // the answer may be lost to an injected panic
		cancel()
		if i%5 == 0 {
			clients[i/5].Stop(nil)
		}
	}
	report := sys.Stop(context.Background(), Phase{Name: "clients", Kinds: []string{"client"}, Deadline: 20 * time.Second})
	if report.Err() != nil {
		t.Fatal(report.Err())
	}
	if err := ledger.Check(); err != nil {
		t.Fatal(err)
	}
	if g := ledger.Gauges(); g.General != (Credit{}) || g.Owners != 0 {
		t.Fatalf("%+v", g)
	}
}
