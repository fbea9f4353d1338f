package kit

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"
)

func TestAStopDrainsOrDropsAndCountsWhatIsLost(t *testing.T) {
	for _, drain := range []bool{true, false} {
		var events []LostInfo
		sim := NewSim(3)
		sys := NewSystem(sim, EventListener{Lost: func(l LostInfo) { events = append(events, l) }})
		handled, released := 0, 0
		slow := sys.Spawn(on("slow", func(c *Context, msg any) {
			if _, ok := msg.(ping); ok {
				c.After(time.Second, tick{})
			}
		}))
		_ = slow
		var order []string
		helper := sys.Spawn(on("helper", func(c *Context, msg any) {
			if _, ok := msg.(ping); ok {
				c.Reply("helped")
			}
		}))
		spec := on("busy", func(c *Context, msg any) {
			switch m := msg.(type) {
			case *counted:
				handled++
				m.Release()
				c.Call(helper, ping{}, time.Second)
			case string, Draining, Stopping, Stopped:
				order = append(order, fmt.Sprintf("%T", m))
			}
		})
		spec.Drain = drain
		spec.Mailbox[Block].Messages = 100
		busy := sys.Spawn(spec)
		sim.Settle()
		for range 10 {
			busy.Post(&counted{released: &released})
		}
		report := sys.Stop(context.Background(), Phase{Name: "workers", Kinds: []string{"busy"}, Deadline: time.Second})
		if report.Err() != nil {
			t.Fatal(report.Err())
		}
		lost := report.Lost["*kit.counted"]
		if handled+lost != 10 || released != 10 || drain != (lost == 0) {
			t.Fatalf("drain %v: handled %d, lost %d, released %d", drain, handled, lost, released)
		}
		if drain {
			if len(order) != 13 || order[0] != "kit.Draining" || order[11] != "kit.Stopping" {
				t.Fatalf("%q", order) // its ten calls were answered before Stopping
			}
		} else if len(events) != 1 || events[0].Count != lost || !reflect.DeepEqual(sys.Lost(), report.Lost) {
			t.Fatalf("%+v", events)
		}
	}
}

func TestPhasesGoInOrderAndTheRestInReverse(t *testing.T) {
	var order []string
	sim := NewSim(1)
	sys := NewSystem(sim, EventListener{Stopped: func(s StopInfo) { order = append(order, s.Actor.Name) }})
	idle := func(kind string) Spec { return on(kind, func(*Context, any) {}) }
	for _, kind := range []string{"store", "chain", "mempool"} {
		sys.Spawn(idle(kind))
	}
	var spawned Ref
	sys.Spawn(on("listener", func(c *Context, msg any) {
		switch msg.(type) {
		case Started:
			for range 3 {
				c.Spawn(idle("conn"))
			}
		case Stopping:
			spawned = c.Spawn(idle("conn"))
		}
	}))
	sim.Settle()
	report := sys.Stop(context.Background(),
		Phase{Name: "peers", Kinds: []string{"conn"}, Deadline: time.Second},
		Phase{Name: "pool", Kinds: []string{"mempool"}, Deadline: time.Second})
	if report.Err() != nil {
		t.Fatal(report.Err())
	}
	for _, name := range order[:3] {
		if name[:4] != "conn" {
			t.Fatal(order)
		}
	}
	if fmt.Sprint(order[3:]) != "[mempool-1 listener-1 chain-1 store-1]" {
		t.Fatal(order)
	}
	if !spawned.IsZero() {
		t.Fatal("a conn was spawned after the phase of the conns")
	}
}

func TestALatePhaseNamesWhoIsLateAndGoesOn(t *testing.T) {
	sys := NewSystem(NewReal(), EventListener{})
	gate, entered := make(chan struct{}), make(chan struct{})
	stuck := sys.Spawn(on("stuck", func(c *Context, msg any) {
		if _, ok := msg.(ping); ok {
			close(entered)
			<-gate
		}
	}))
	good := sys.Spawn(on("good", func(*Context, any) {}))
	stuck.Post(ping{})
	<-entered
	report := sys.Stop(context.Background(),
		Phase{Name: "one", Kinds: []string{"stuck"}, Deadline: time.Millisecond},
		Phase{Name: "two", Kinds: []string{"good"}, Deadline: 10 * time.Second})
	if fmt.Sprint(report.Late[0]) != "one: stuck-1" || report.Err() == nil || good.Alive() {
		t.Fatalf("%+v", report)
	}
	close(gate)
	_ = stuck.c.done.wait(context.Background(), 0)
}

func TestADyingActorTakesNoMoreWork(t *testing.T) {
	var dead []DeadLetter
	sim, sys := newSim(t, EventListener{DeadLetter: func(d DeadLetter) { dead = append(dead, d) }})
	released := 0
	var self Ref
	ref := sys.Spawn(on("a", func(c *Context, msg any) {
		switch msg.(type) {
		case Stopping:
			self = c.Self()
			if self.Post(&counted{released: &released}) != Dead {
				t.Error("accepted")
			}
		case *counted:
			t.Error("handled after Stopping")
		}
	}))
	sim.Settle()
	ref.Stop(nil)
	sim.Settle()
	for range 5 {
		ref.Post(&counted{released: &released})
	}
	sim.Advance(2 * time.Second)
	if released != 6 || len(dead) != 2 || dead[0].Count+dead[1].Count != 6 || dead[0].MsgType != "*kit.counted" {
		t.Fatalf("%d %+v", released, dead)
	}
}
