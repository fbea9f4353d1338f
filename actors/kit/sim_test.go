package kit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"
)

// The small cast of the simulation test: callers ask a counter, which crashes now
// and then; the counter spawns a child that works with a delay; a goroutine per
// client talks over the simulated network.
type (
	simAsk  struct{ From, N int }
	simWork struct{ N int }
	simDone struct{ N int }
	simTick struct{}
	simLine struct{ N int }
)

type simCounter struct {
	sum   int
	child Ref
	open  map[CallID]ReplyTo
}

func (a *simCounter) Receive(c *Context, msg any) {
	switch m := msg.(type) {
	case Started:
		a.open = map[CallID]ReplyTo{}
		a.child = c.Spawn(Spec{Kind: "worker", Policy: Restart(1000, time.Minute, time.Millisecond, Stop), New: func() Actor { return &simWorker{} }})
		c.Every(7*time.Millisecond, simTick{})
	case simAsk:
		a.sum += m.N
		if c.Rand().IntN(40) == 0 {
			panic("injected")
		}
		id, res := c.Call(a.child, simWork{m.N}, 20*time.Millisecond)
		if res != Ok {
			c.Reply(errors.New(res.String()))
			return
		}
		a.open[id] = c.ReplyTo()
	case simDone:
		a.open[c.CallID()].Reply(m.N + a.sum)
		delete(a.open, c.CallID())
	case Timeout:
		a.open[m.ID].Refuse(m.Err)
		delete(a.open, m.ID)
	case simTick:
		a.sum++
	}
}

type simWorker struct{ late []ReplyTo }

func (w *simWorker) Receive(c *Context, msg any) {
	switch m := msg.(type) {
	case simWork:
		switch c.Rand().IntN(20) {
		case 0:
			panic("worker")
		case 1: // silence: the caller's deadline ends it
		default:
			reply, n := c.ReplyTo(), m.N
			c.After(time.Duration(c.Rand().IntN(5))*time.Millisecond, simDone{n})
			w.late = append(w.late, reply)
		}
	case simDone:
		w.late[0].Reply(m)
		w.late = w.late[1:]
	}
}

type simClient struct {
	id, left int
	to       Ref
	addr     string
}

func (a *simClient) Receive(c *Context, msg any) {
	switch m := msg.(type) {
	case Started:
		self, env, addr := c.Self(), c.Env(), a.addr
		c.Go("talk", func(ctx context.Context) {
			conn, err := env.Dial(ctx, "tcp", addr)
			if err != nil {
				return
			}
			defer conn.Close()
			for i := range 3 {
				fmt.Fprintf(conn, "%08d", i)
				var b [8]byte
				if _, err := io.ReadFull(conn, b[:]); err != nil {
					return
				}
				self.Post(simLine{i})
				if env.Sleep(ctx, time.Millisecond) != nil {
					return
				}
			}
		})
		a.ask(c)
	case simLine:
		if c.Rand().IntN(12) == 0 {
			c.Stop(errors.New("left early"))
		}
		_ = m
	case int, Timeout:
		a.ask(c)
	}
}

func (a *simClient) ask(c *Context) {
	if a.left == 0 {
		return
	}
	a.left--
	if _, res := c.Call(a.to, simAsk{a.id, a.left}, 50*time.Millisecond); res != Ok {
		c.Stop(fmt.Errorf("counter is %v", res))
	}
}

// runSim plays the cast once and returns the trace.
func runSim(t *testing.T, seed uint64, record bool) (sim *Sim, restarts int) {
	sim = NewSim(seed)
	sim.Record = record
	sys := NewSystem(sim, EventListener{
		Restarted: func(r RestartInfo) { restarts++; sim.Note(fmt.Sprintf("restart %s %v", r.Actor.Name, r.Delay)) },
		Stopped:   func(s StopInfo) { sim.Note(fmt.Sprintf("stopped %s lost %d", s.Actor.Name, s.Lost)) },
		LateReply: func(l LateInfo) { sim.Note("late " + l.MsgType) },
	})
	ln, err := sim.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	sys.Spawn(Spec{Kind: "listener", New: func() Actor {
		return Func(func(c *Context, msg any) {
			switch msg.(type) {
			case Started:
				c.Go("accept", func(ctx context.Context) {
					for {
						conn, err := ln.Accept()
						if err != nil {
							return
						}
						var b [8]byte
						for i := 0; i < 3; i++ {
							if _, err := io.ReadFull(conn, b[:]); err != nil {
								break
							}
							conn.Write(b[:])
						}
						conn.Close()
					}
				})
			case Stopping:
				ln.Close()
			}
		})
	}})
	counter := sys.Spawn(Spec{Kind: "counter", Name: "counter", Policy: Restart(1000, time.Minute, 3*time.Millisecond, Stop), New: func() Actor { return &simCounter{} }})
	for i := range 6 {
		sys.Spawn(Spec{Kind: "client", New: func() Actor { return &simClient{id: i, left: 8, to: counter, addr: addr} }})
	}
	sim.Advance(time.Second)
	if report := sys.Stop(context.Background(), Phase{Name: "clients", Kinds: []string{"client"}, Deadline: time.Second}); report.Err() != nil {
		t.Fatalf("seed %d: %v", seed, report.Err())
	}
	if n := len(sim.procs); n != 0 {
		t.Fatalf("seed %d: %d goroutines left", seed, n)
	}
	return sim, restarts
}

func TestTheSameSeedGivesTheSameTraceOfAWholeSystem(t *testing.T) {
	seeds := 500
	if os.Getenv("TROUPE_LONG") != "" {
		seeds = 10_000
	}
	distinct := map[[32]byte]bool{}
	steps, restarts := 0, 0
	for seed := range seeds {
		sim, crashed := runSim(t, uint64(seed), false)
		repeat, _ := runSim(t, uint64(seed), false)
		first := sim.Trace()
		if first != repeat.Trace() {
			a, _ := runSim(t, uint64(seed), true)
			b, _ := runSim(t, uint64(seed), true)
			for i := range min(len(a.lines), len(b.lines)) {
				if a.lines[i] != b.lines[i] {
					t.Fatalf("seed %d differs at turn %d: %q and %q", seed, i, a.lines[i], b.lines[i])
				}
			}
			t.Fatalf("seed %d: traces differ", seed)
		}
		distinct[first] = true
		steps += sim.Steps()
		restarts += crashed
	}
	t.Logf("%d seeds, each run twice: %d distinct interleavings, %d turns a run, %d restarts", seeds, len(distinct), steps/seeds, restarts)
	if len(distinct) < 2 || restarts < seeds {
		t.Fatalf("the seed chooses nothing: %d interleavings, %d restarts", len(distinct), restarts)
	}
}
