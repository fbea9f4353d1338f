package kit

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAPanicFollowsThePolicy(t *testing.T) {
	var panics []Failure
	var restarts []RestartInfo
	var escalated []EscalateInfo
	sim, sys := newSim(t, EventListener{
		Panicked:  func(f Failure) { panics = append(panics, f) },
		Restarted: func(r RestartInfo) { restarts = append(restarts, r) },
		Escalated: func(e EscalateInfo) { escalated = append(escalated, e) },
	})
	boom := errors.New("boom")
	released := 0
	fragile := func(p Policy) Spec {
		s := on("fragile", func(c *Context, msg any) {
			switch msg.(type) {
			case *counted:
				c.Fail(boom)
			}
		})
		s.Policy = p
		return s
	}
	var ended []ChildStopped
	var kids []Ref
	sys.Spawn(on("parent", func(c *Context, msg any) {
		switch m := msg.(type) {
		case Started:
			kids = []Ref{c.Spawn(fragile(Stop)), c.Spawn(fragile(Restart(3, time.Minute, 10*time.Millisecond, Fatal)))}
		case ChildStopped:
			ended = append(ended, m)
		}
	}))
	sim.Settle()
	kids[0].Post(&counted{released: &released})
	for range 4 {
		kids[1].Post(&counted{released: &released})
	}
	sim.Advance(time.Second)
	if len(panics) != 5 || panics[0].MsgType != "*kit.counted" || !strings.Contains(string(panics[0].Stack), "supervise_test.go") || !errors.Is(panics[0].Err, boom) {
		t.Fatalf("%d panics: %v\n%s", len(panics), panics[0].Err, panics[0].Stack)
	}
	if released != 5 {
		t.Fatalf("%d of 5 offending messages gave back what they held", released)
	}
	if len(restarts) != 3 {
		t.Fatalf("%+v", restarts)
	}
	for i, base := range []time.Duration{10, 20, 40} {
		d := restarts[i].Delay / time.Millisecond
		if d < base*9/10 || d > base*11/10 || restarts[i].Attempt != i+1 || !errors.Is(restarts[i].Reason, boom) {
			t.Fatalf("restart %d: %+v", i, restarts[i])
		}
	}
	if len(escalated) != 1 || !escalated[0].Fatal || len(ended) != 2 || !errors.Is(ended[0].Err, boom) || ended[0].Ref != kids[0] || ended[1].Ref != kids[1] {
		t.Fatalf("%+v %+v", escalated, ended)
	}
	select {
	case err := <-sys.Fatal():
		if !errors.Is(err, boom) || !strings.Contains(err.Error(), "fragile-2") {
			t.Fatal(err)
		}
	default:
		t.Fatal("the process does not hear of it")
	}
}

func TestARestartIsAFreshStructWithTheSameMailbox(t *testing.T) {
	sim, sys := newSim(t, EventListener{})
	var lives []int
	var log []string
	ref := sys.Spawn(Spec{Kind: "phoenix", Policy: Restart(5, time.Minute, 0, Stop), New: func() Actor {
		lives = append(lives, 0)
		life := len(lives)
		return Func(func(c *Context, msg any) {
			switch m := msg.(type) {
			case Started:
				log = append(log, fmt.Sprintf("started%d/%d", life, m.Restarts))
				c.OnStop(func() { log = append(log, fmt.Sprintf("hook%d", life)) })
				c.Spawn(on("child", func(c *Context, msg any) {
					if _, ok := msg.(Stopped); ok {
						log = append(log, "child gone")
					}
				}))
			case Stopping:
				log = append(log, fmt.Sprintf("stopping%d %v", life, m.Restart))
			case Stopped:
				log = append(log, fmt.Sprintf("stopped%d", life))
			case ping:
				if m.n == 2 {
					panic("two")
				}
				log = append(log, fmt.Sprintf("%d in life %d", m.n, life))
			}
		})
	}})
	for i := 1; i <= 3; i++ {
		ref.Post(ping{i})
	}
	sim.Settle()
	ref.Stop(nil)
	sim.Settle()
	want := []string{"started1/0", "1 in life 1", "stopping1 true", "hook1", "child gone", "started2/1", "3 in life 2", "stopping2 false", "hook2", "child gone", "stopped2"}
	if !reflect.DeepEqual(log, want) {
		t.Fatalf("%q", log)
	}
}

func TestPanicsOnTheWayOutAreReportedAndSwallowed(t *testing.T) {
	var panics []string
	sim, sys := newSim(t, EventListener{Panicked: func(f Failure) { panics = append(panics, f.MsgType) }})
	var ended int
	var child Ref
	parent := sys.Spawn(on("parent", func(c *Context, msg any) {
		switch msg.(type) {
		case Started:
			s := on("child", func(c *Context, msg any) {
				switch msg.(type) {
				case Stopping, Stopped:
					panic("clumsy")
				case Started:
					c.OnStop(func() { panic("hook") })
				}
			})
			s.Policy = Restart(5, time.Minute, 0, Stop)
			child = c.Spawn(s)
		case ChildStopped:
			ended++
		}
	}))
	sim.Settle()
	child.Stop(nil)
	sim.Settle()
	if fmt.Sprint(panics) != "[kit.Stopping OnStop kit.Stopped]" || ended != 1 || child.Alive() || !parent.Alive() {
		t.Fatal(panics, ended)
	}
}

func TestAFailureInNewOrStartedIsAFailureOfTheActor(t *testing.T) {
	sim, sys := newSim(t, EventListener{})
	tries := 0
	ref := sys.Spawn(Spec{Kind: "late", Policy: Restart(5, time.Minute, time.Millisecond, Stop), New: func() Actor {
		if tries++; tries < 3 {
			panic("not yet")
		}
		return Func(func(c *Context, msg any) {
			if _, ok := msg.(Started); ok && tries < 5 {
				tries++
				panic("nor now")
			}
		})
	}})
	sim.Advance(time.Second)
	if n, ok := sys.Inspect(ref); !ok || n.Restarts != 3 || n.State != "idle" {
		t.Fatalf("%+v after %d tries", n, tries)
	}
}

func TestAStopDuringTheBackoffWinsOverTheRestart(t *testing.T) {
	sim, sys := newSim(t, EventListener{})
	lives := 0
	ref := sys.Spawn(Spec{Kind: "a", Policy: Restart(5, time.Minute, time.Second, Stop), New: func() Actor {
		lives++
		return Func(func(c *Context, msg any) {
			if _, ok := msg.(ping); ok {
				panic("x")
			}
		})
	}})
	ref.Post(ping{})
	sim.Settle()
	if n, _ := sys.Inspect(ref); n.State != "failed" {
		t.Fatalf("%+v", n)
	}
	ref.Stop(nil)
	sim.Advance(time.Minute)
	if lives != 1 || ref.Alive() {
		t.Fatal("a restart raised the dead")
	}
}

func TestAGoroutinesPanicIsItsActorsFailure(t *testing.T) {
	var failed []Failure
	sim, sys := newSim(t, EventListener{Panicked: func(f Failure) { failed = append(failed, f) }})
	ref := sys.Spawn(on("conn", func(c *Context, msg any) {
		if _, ok := msg.(Started); ok {
			c.Go("reader", func(context.Context) { panic("bad frame") })
		}
	}))
	sim.Settle()
	if ref.Alive() || len(failed) != 1 || failed[0].MsgType != "goroutine reader" || !strings.Contains(string(failed[0].Stack), "supervise_test.go") {
		t.Fatalf("%+v", failed)
	}
}

func TestAStopWaitsForGoroutinesAndNamesTheLate(t *testing.T) {
	var late []LateInfo
	sim, sys := newSim(t, EventListener{LateGo: func(l LateInfo) { late = append(late, l) }})
	polite, stubborn := false, false
	s := on("conn", func(c *Context, msg any) {
		if _, ok := msg.(Started); ok {
			env := c.Env()
			c.Go("polite", func(ctx context.Context) {
				for ctx.Err() == nil {
					_ = env.Sleep(ctx, time.Hour)
				}
				polite = true
			})
			c.Go("stubborn", func(context.Context) {
				_ = env.Sleep(context.Background(), time.Minute)
				stubborn = true
			})
		}
	})
	s.GoDeadline = time.Second
	ref := sys.Spawn(s)
	sim.Settle()
	ref.Stop(nil)
	sim.Settle()
	if !polite || stubborn || ref.Alive() { // no more posts, but not stopped either
		t.Fatal(polite, stubborn)
	}
	if sys.Tree()[0].State != "stopping" {
		t.Fatal("stopped before its goroutines")
	}
	sim.Advance(time.Second)
	if len(late) != 1 || late[0].What != "stubborn" || len(sys.Tree()) != 0 {
		t.Fatalf("%+v", late)
	}
	sim.Advance(time.Hour)
	if !stubborn {
		t.Fatal("it was left to end by itself")
	}
}

func TestAHandlerThatWaitsInASimulationIsCaught(t *testing.T) {
	var failed []Failure
	sim, sys := newSim(t, EventListener{Panicked: func(f Failure) { failed = append(failed, f) }})
	sys.Spawn(on("sinner", func(c *Context, msg any) {
		if _, ok := msg.(Started); ok {
			_ = c.Env().Sleep(context.Background(), time.Second)
		}
	}))
	sim.Settle()
	if len(failed) != 1 || !strings.Contains(failed[0].Err.Error(), "a handler waited") {
		t.Fatalf("%+v", failed)
	}
}
