package kit

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

func TestTheSimulatedNetworkBehavesLikeOne(t *testing.T) {
	sim, sys := newSim(t, EventListener{})
	if _, err := sim.Dial(context.Background(), "tcp", "127.0.0.1:1"); err == nil {
		t.Fatal("somebody answered")
	}
	ln, err := sim.Listen("tcp", "127.0.0.1:8333")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Listen("tcp", "127.0.0.1:8333"); err == nil {
		t.Fatal("two listeners on one address")
	}
	sys.Spawn(on("server", func(c *Context, msg any) {
		switch msg.(type) {
		case Started:
			c.Go("accept", func(context.Context) {
				for {
					conn, err := ln.Accept()
					if err != nil {
						return
					}
					_, _ = io.Copy(conn, conn)
					conn.Close()
				}
			})
		case Stopping:
			ln.Close()
		}
	}))
	conn, err := sim.Dial(context.Background(), "tcp", "127.0.0.1:8333")
	if err != nil {
		t.Fatal(err)
	}
	if conn.RemoteAddr().String() != "127.0.0.1:8333" {
		t.Fatal(conn.RemoteAddr())
	}
	big := strings.Repeat("0123456789abcdef", 3<<10) // 48 KiB: through both buffers, with an echo that waits
	if _, err := io.WriteString(conn, big); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(big))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != big {
		t.Fatal("echo", err)
	}
	start := sim.Now()
	conn.SetReadDeadline(start.Add(time.Second))
	var timeout net.Error
	if _, err := conn.Read(got); !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) || sim.Now().Sub(start) != time.Second {
		t.Fatal(err, sim.Now().Sub(start))
	}
	conn.Close()
	if _, err := conn.Read(got); !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
	a, b := sim.Pipe()
	io.WriteString(a, "last words")
	a.Close()
	if rest, err := io.ReadAll(b); err != nil || string(rest) != "last words" {
		t.Fatal(string(rest), err)
	}
	if _, err := io.WriteString(b, "nobody there"); err == nil {
		t.Fatal("written to a closed connection")
	}
}

func TestAWaitThatCannotEndSaysSo(t *testing.T) {
	sim, sys := newSim(t, EventListener{})
	ref := sys.Spawn(on("mute", func(*Context, any) {}))
	if _, err := sys.Ask(context.Background(), ref, ping{}); !errors.Is(err, ErrStalled) {
		t.Fatal(err)
	}
	_ = sim
}

func TestRealTimersCallsAndStopsUnderVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := NewSystem(NewReal(), EventListener{})
		mute := sys.Spawn(on("mute", func(*Context, any) {}))
		var ticks, timeouts atomic.Int32
		sys.Spawn(on("caller", func(c *Context, msg any) {
			switch m := msg.(type) {
			case Started:
				c.Every(100*time.Millisecond, tick{})
				for _, d := range []time.Duration{30 * time.Second, 10 * time.Second, 20 * time.Second} {
					c.Call(mute, ping{}, d)
				}
			case tick:
				ticks.Add(1)
			case Timeout:
				if errors.Is(m.Err, ErrTimeout) {
					timeouts.Add(1)
				}
			}
		}))
		time.Sleep(25 * time.Second)
		synctest.Wait()
		if timeouts.Load() != 2 || ticks.Load() != 250 {
			t.Fatal(timeouts.Load(), ticks.Load())
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if timeouts.Load() != 3 {
			t.Fatal(timeouts.Load())
		}
		if r := sys.Stop(context.Background()); r.Err() != nil {
			t.Fatal(r.Err())
		}
	})
}

type deadBlock struct{ Raw []byte }

func TestADeadLetteredBlockPrintsItsTypeOnly(t *testing.T) {
	var mu sync.Mutex
	var text strings.Builder
	var dead []DeadLetter
	sys := NewSystem(NewReal(), EventListener{
		Framework:  func(level, line string) { mu.Lock(); text.WriteString(level + " " + line + "\n"); mu.Unlock() },
		DeadLetter: func(d DeadLetter) { dead = append(dead, d) },
	})
	defer sys.Stop(context.Background())
	block := &deadBlock{make([]byte, 4<<20)}
	ref := sys.Spawn(on("a", func(*Context, any) {}))
	ref.Stop(nil)
	_ = ref.c.done.wait(context.Background(), 0)
	ref.Post(block)
	if len(dead) != 1 || dead[0].MsgType != "*kit.deadBlock" {
		t.Fatalf("%+v", dead)
	}
	// Even what protoactor itself would print goes through a handler that knows better.
	sys.proto.Root.Send(actor.NewPID("nonhost", "nobody"), block)
	mu.Lock()
	defer mu.Unlock()
	if out := text.String(); !strings.Contains(out, "message=(*kit.deadBlock)") || len(out) > 1000 {
		t.Fatalf("%.2000s", out)
	}
}

func TestTheTreeShowsEveryActorAndItsLanes(t *testing.T) {
	var marks []HighWater
	sim, sys := newSim(t, EventListener{HighWater: func(h HighWater) { marks = append(marks, h) }})
	var child Ref
	spec := on("root", func(c *Context, msg any) {
		if _, ok := msg.(Started); ok {
			child = c.Spawn(Spec{Kind: "conn", Peer: "192.0.2.1:8333", Mailbox: Lanes{Tx: {Messages: 256}}, New: func() Actor { return Func(func(*Context, any) {}) }})
		}
	})
	spec.Name = "root"
	spec.Policy = Fatal
	sys.Spawn(spec)
	sim.Settle()
	for i := range 130 {
		child.Post(tx{i})
	}
	tree := sys.Tree()
	if len(tree) != 2 || tree[0].Name != "root" || tree[0].Policy != "fatal" || tree[1].Parent != "root" || tree[1].Peer != "192.0.2.1:8333" {
		t.Fatalf("%+v", tree)
	}
	lane := tree[1].Lanes[Tx]
	if depth, _ := tree[1].Depth(); lane.Depth != 130 || lane.High != 130 || depth != 130 || lane.Bytes != 130*64 {
		t.Fatalf("%+v", lane)
	}
	if len(marks) != 2 || marks[0].Mark != 64 || marks[1].Mark != 128 {
		t.Fatalf("%+v", marks)
	}
	sim.Settle()
	after, _ := sys.Inspect(child)
	if after.Handled != 130 || after.LastMessage != "kit.tx" || after.State != "idle" || after.Lanes[Tx].Depth != 0 {
		t.Fatalf("%+v", after)
	}
	for i := range 130 {
		child.Post(tx{i})
	}
	if len(marks) != 4 {
		t.Fatalf("a mark is told again after the lane was well below it: %+v", marks)
	}
}

// The race detector sees a mailbox that is listed before it is complete.
func TestTheTreeMayBeReadWhileActorsAreBorn(t *testing.T) {
	sys := NewSystem(NewReal(), EventListener{})
	defer sys.Stop(context.Background())
	born := make(chan struct{})
	go func() {
		defer close(born)
		for range 200 {
			sys.Spawn(on("born", func(*Context, any) {}))
		}
	}()
	for seen := 0; seen < 200; seen = len(sys.Tree()) {
		if seen > 0 && sys.Tree()[0].Lanes[Tx].MaxMessages == 0 {
			t.Fatal("an actor without a mailbox")
		}
	}
	<-born
}

func TestSendsThatTheDeclarationDoesNotKnowAreReported(t *testing.T) {
	var got []string
	sim, sys := newSim(t, EventListener{Undeclared: func(from, to, msg string) { got = append(got, from+" "+to+" "+msg) }})
	to := sys.Spawn(on("probe", func(*Context, any) {}))
	sys.Spawn(on("stranger", func(c *Context, msg any) {
		if _, ok := msg.(Started); ok {
			c.Send(to, tx{1})
			c.Send(to, "unregistered types have no declaration")
		}
	}))
	sim.Settle()
	if len(got) != 1 || got[0] != "stranger probe kit.tx" {
		t.Fatal(got)
	}
}

func TestACycleOfWorkIsFoundAndAnswersCloseNone(t *testing.T) {
	edge := func(role Role, from, to string) Message {
		m := work(Tx, Shed)
		m.Role, m.From, m.To = role, one(from), one(to)
		m.Type = Messages()[0].Type
		return m
	}
	sound := []Message{edge(Work, "conn", "txfetch"), edge(Work, "txfetch", "mempool"), edge(Work, "mempool", "verify"), edge(Answer, "verify", "mempool"), edge(Event, "mempool", "conn")}
	if c := FindCycle(WorkGraph(sound)); c != "" {
		t.Fatal(c)
	}
	if c := FindCycle(WorkGraph(append(sound, edge(Work, "verify", "txfetch")))); c != "txfetch -> mempool -> verify -> txfetch" {
		t.Fatalf("%q", c)
	}
	if c := FindCycle(WorkGraph([]Message{edge(Work, "a", "a")})); c != "a -> a" {
		t.Fatalf("%q", c)
	}
}

func TestASlowHandlerIsReportedWithItsTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan SlowHandler, 1)
		sys := NewSystem(NewReal(), EventListener{SlowHandler: func(s SlowHandler) { slow <- s }})
		ref := sys.Spawn(on("slow", func(c *Context, msg any) {
			if _, ok := msg.(ping); ok {
				time.Sleep(40 * time.Millisecond)
			}
			if _, ok := msg.(tx); ok {
				time.Sleep(60 * time.Millisecond)
			}
		}))
		ref.Post(ping{})
		ref.Post(tx{})
		s := <-slow
		if s.MsgType != "kit.tx" || s.Run != 60*time.Millisecond || s.Queue != 40*time.Millisecond {
			t.Fatalf("%+v", s)
		}
		sys.Stop(context.Background())
	})
}
