package kit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type (
	ping    struct{ n int }
	tick    struct{}
	ctrl    struct{ n int }
	blk     struct{ n int }
	hdr     struct{ n int }
	tx      struct{ n int }
	gsp     struct{ n int }
	latest  struct{ n int }
	keyed   struct{ key, n int }
	held    struct{ n int }
	counted struct {
		released *int
		size     int
	}
)

func (c *counted) Release()         { *c.released++ }
func (c *counted) Size() int        { return c.size }
func (k keyed) ConflateKey() uint64 { return uint64(k.key) }
func one(kind string) []string      { return []string{kind} }
func work(l Lane, f FullPolicy) Message {
	return Message{Lane: l, Full: f, Role: Work, From: one("outside"), To: one("probe"), Doc: "test"}
}

var (
	_ = Register[ping](work(Local, Shed))
	_ = Register[ctrl](work(Control, Hold))
	_ = Register[blk](work(Block, Hold))
	_ = Register[hdr](work(Headers, Hold))
	_ = Register[tx](work(Tx, Shed))
	_ = Register[gsp](work(Gossip, Shed))
	_ = Register[latest](Message{Lane: Control, Full: Conflate, Role: Event, From: one("outside"), To: one("probe"), Doc: "test"})
	_ = Register[keyed](Message{Lane: Gossip, Full: Conflate, Role: Event, From: one("outside"), To: one("probe"), Doc: "test"})
	_ = Register[held](work(Headers, Hold))
	_ = Register[*counted](work(Block, Shed))
)

// newSim makes a simulated system that a test stops cleanly at its end.
func newSim(t *testing.T, events EventListener) (*Sim, *System) {
	sim := NewSim(7)
	sys := NewSystem(sim, events)
	t.Cleanup(func() {
		if report := sys.Stop(context.Background()); report.Err() != nil {
			t.Error(report.Err())
		}
	})
	return sim, sys
}

// on makes a Spec of a function.
func on(kind string, f func(c *Context, msg any)) Spec {
	return Spec{Kind: kind, New: func() Actor { return Func(f) }}
}

// kinds of messages that tests usually do not look at
func isLifecycle(msg any) bool {
	switch msg.(type) {
	case Started, Stopping, Stopped, Draining:
		return true
	}
	return false
}

func TestControlGoesFirstAndTheOthersShareByWeight(t *testing.T) {
	sim, sys := newSim(t, EventListener{})
	var got []string
	ref := sys.Spawn(on("probe", func(c *Context, msg any) {
		if !isLifecycle(msg) {
			got = append(got, strings.TrimPrefix(fmt.Sprintf("%T", msg), "kit."))
		}
	}))
	for i := range 19 {
		for _, msg := range []any{gsp{i}, tx{i}, ping{i}, hdr{i}, blk{i}} {
			if r := ref.Post(msg); r != Ok {
				t.Fatal(r)
			}
		}
	}
	ref.Post(ctrl{1})
	ref.Post(ctrl{2})
	sim.Settle()
	count := map[string]int{}
	for _, g := range got[2:21] {
		count[g]++
	}
	want := map[string]int{"blk": 8, "hdr": 4, "ping": 4, "tx": 2, "gsp": 1}
	if got[0] != "ctrl" || got[1] != "ctrl" || !reflect.DeepEqual(count, want) || len(got) != 97 {
		t.Fatalf("first %v, then %v, %d in all", got[:2], count, len(got))
	}
}

func TestAFullLaneAnswersByThePolicyOfTheType(t *testing.T) {
	var shed []Shedding
	sim, sys := newSim(t, EventListener{Shed: func(s Shedding) { shed = append(shed, s) }})
	var got []any
	spec := on("probe", func(c *Context, msg any) {
		if !isLifecycle(msg) {
			got = append(got, msg)
		}
	})
	spec.Mailbox[Tx].Messages = 2
	spec.Mailbox[Gossip].Messages = 2
	spec.Mailbox[Headers].Messages = 2
	spec.Mailbox[Block].Bytes = 100
	ref := sys.Spawn(spec)
	sim.Settle()
	released := 0
	results := []Result{
		ref.Post(tx{1}), ref.Post(tx{2}), ref.Post(tx{3}), ref.Post(tx{4}),
		ref.Post(latest{1}), ref.Post(latest{2}),
		ref.Post(keyed{1, 1}), ref.Post(keyed{2, 1}), ref.Post(keyed{1, 2}), ref.Post(keyed{3, 1}),
		ref.Post(&counted{&released, 99}), ref.Post(&counted{&released, 2}),
	}
	want := []Result{Ok, Ok, Full, Full, Ok, Ok, Ok, Ok, Ok, Full, Ok, Full}
	if !reflect.DeepEqual(results, want) {
		t.Fatalf("%v\n%v", results, want)
	}
	if released != 1 {
		t.Fatalf("%d released: only the message that was shed gives back what it holds", released)
	}
	sim.Settle()
	if !reflect.DeepEqual(got[0], latest{2}) || len(got) != 6 {
		t.Fatalf("%v", got)
	}
	if len(shed) != 3 || shed[0].Count != 1 || shed[0].Reason != "shed" {
		t.Fatalf("first reports: %+v", shed)
	}
	sim.Advance(2 * time.Second)
	if len(shed) != 4 || shed[3].Count != 1 || shed[3].Total != 2 {
		t.Fatalf("the second refused tx is told within a second: %+v", shed)
	}
}

func TestASenderWhoHoldsAMessageIsToldOfRoom(t *testing.T) {
	sim, sys := newSim(t, EventListener{})
	var got []int
	spec := on("probe", func(c *Context, msg any) {
		if m, ok := msg.(held); ok {
			got = append(got, m.n)
		}
	})
	spec.Mailbox[Headers].Messages = 4
	to := sys.Spawn(spec)
	next, rooms := 0, 0
	send := func(c *Context) {
		for next < 20 && c.Send(to, held{next}) == Ok {
			next++
		}
	}
	sys.Spawn(on("sender", func(c *Context, msg any) {
		switch m := msg.(type) {
		case Started:
			send(c)
		case Room:
			rooms++
			if m.From != to || m.Lane != Headers {
				t.Errorf("%+v", m)
			}
			send(c)
		}
	}))
	sim.Settle()
	if len(got) != 20 || rooms < 2 {
		t.Fatalf("%v, %d rooms", got, rooms)
	}
	for i := range got {
		if got[i] != i {
			t.Fatal("order lost", got)
		}
	}
}

func TestACallIsAnsweredOrEndsWithATimeout(t *testing.T) {
	late := 0
	sim, sys := newSim(t, EventListener{LateReply: func(LateInfo) { late++ }})
	var kept ReplyTo
	echo := sys.Spawn(on("echo", func(c *Context, msg any) {
		if m, ok := msg.(ping); ok {
			switch m.n {
			case 1:
				c.Reply("one")
			case 2:
				kept = c.ReplyTo()
			case 3:
				c.ReplyTo().Refuse(errors.New("no"))
			}
		}
	}))
	var got []string
	ids := map[CallID]int{}
	spec := on("caller", func(c *Context, msg any) {
		switch m := msg.(type) {
		case Started:
			for i := 1; i <= 3; i++ {
				id, r := c.Call(echo, ping{i}, time.Second)
				if r != Ok {
					t.Errorf("call %d: %v", i, r)
				}
				ids[id] = i
			}
			if _, r := c.Call(echo, ping{4}, time.Second); r != Full {
				t.Errorf("a fourth call with three slots: %v", r)
			}
		case string:
			got = append(got, fmt.Sprint(ids[c.CallID()], m))
		case Timeout:
			got = append(got, fmt.Sprint(ids[m.ID], m.Err))
			if m.ID != c.CallID() || m.To != echo || m.Request != "kit.ping" {
				t.Errorf("%+v", m)
			}
		}
	})
	spec.Mailbox[Reply].Messages = 3
	caller := sys.Spawn(spec)
	sim.Settle()
	sim.Advance(2 * time.Second)
	if len(got) != 3 || !strings.Contains(fmt.Sprint(got), "1one") || !strings.Contains(fmt.Sprint(got), "3 no") || !strings.Contains(got[2], ErrTimeout.Error()) {
		t.Fatalf("%q", got)
	}
	if kept.Reply("too late") != Dead || late != 1 {
		t.Fatal("a late answer is dropped and counted")
	}
	if n, _ := sys.Inspect(caller); n.Calls != 0 || n.LateReplies != 1 {
		t.Fatalf("%+v", n)
	}
}

func TestACallLostWithItsActorEndsAtOnce(t *testing.T) {
	sim, sys := newSim(t, EventListener{})
	spec := on("echo", func(c *Context, msg any) {
		if _, ok := msg.(ping); ok {
			c.Stop(errors.New("done"))
		}
	})
	echo := sys.Spawn(spec)
	var errs []error
	sys.Spawn(on("caller", func(c *Context, msg any) {
		switch m := msg.(type) {
		case Started:
			c.Watch(echo)
			c.Call(echo, ping{1}, time.Hour)
			c.Call(echo, ping{2}, time.Hour)
		case Timeout:
			errs = append(errs, m.Err)
		case Gone:
			errs = append(errs, m.Err)
			if _, r := c.Call(echo, ping{3}, time.Hour); r != Dead {
				t.Error(r)
			}
		}
	}))
	sim.Settle()
	if len(errs) != 2 || !strings.Contains(fmt.Sprint(errs), ErrDead.Error()) || !strings.Contains(fmt.Sprint(errs), "done") {
		t.Fatal(errs)
	}
	sim.Advance(2 * time.Hour)
	if len(errs) != 3 { // the one that was being handled is not known to be lost
		t.Fatal(errs)
	}
}

func TestTimersEndWithTheLifeThatMadeThem(t *testing.T) {
	sim, sys := newSim(t, EventListener{})
	ticks, stray := 0, 0
	life := 0
	ref := sys.Spawn(Spec{Kind: "clock", Policy: Restart(3, time.Minute, 0, Stop), New: func() Actor {
		life++
		mine := life
		return Func(func(c *Context, msg any) {
			switch m := msg.(type) {
			case Started:
				c.Every(10*time.Millisecond, mine)
				c.After(5*time.Millisecond, "never").Stop()
			case int:
				ticks++
				if m != mine {
					stray++
				}
			case string:
				t.Error("a stopped timer was delivered")
			case ping:
				panic("restart")
			}
		})
	}})
	sim.Advance(100 * time.Millisecond)
	before := ticks
	ref.Post(ping{})
	sim.Advance(100 * time.Millisecond)
	if before != 10 || ticks < 19 || ticks > 21 || stray != 0 || life != 2 {
		t.Fatal(before, ticks, stray, life)
	}
}

func TestMockTimeMovesNowAndNothingElse(t *testing.T) {
	for _, env := range []Env{NewReal(), NewSim(1)} {
		mock := time.Unix(1296688602, 0)
		before := env.Mono()
		env.SetMock(mock)
		if !env.Now().Equal(mock) {
			t.Fatal(env.Now())
		}
		if d := env.Mono() - before; d < 0 || d > time.Hour {
			t.Fatal(d)
		}
		env.SetMock(time.Time{})
		if env.Now().Equal(mock) {
			t.Fatal("mock time stays")
		}
	}
}

func TestTheZeroRefIsDeadAndNamesAreUniqueForEver(t *testing.T) {
	sim, sys := newSim(t, EventListener{})
	var zero Ref
	released := 0
	if zero.Post(&counted{&released, 1}) != Dead || released != 1 || zero.Alive() || !zero.IsZero() || zero.Name() != "" {
		t.Fatal("the zero Ref")
	}
	idle := func() Spec { return on("conn", func(*Context, any) {}) }
	a, b := sys.Spawn(idle()), sys.Spawn(idle())
	named := idle()
	named.Name = "chain"
	c := sys.Spawn(named)
	c.Stop(nil)
	sim.Settle()
	d := sys.Spawn(named)
	if fmt.Sprint(a, b, c, d) != "conn-1 conn-2 chain chain-2" || a == b || c == d || c.Alive() || !d.Alive() {
		t.Fatal(a, b, c, d)
	}
	if c.Post(ping{}) != Dead {
		t.Fatal("a Ref reached its namesake")
	}
}

func TestAnOutsiderAsksInBothWorlds(t *testing.T) {
	for _, env := range []Env{NewReal(), NewSim(1)} {
		sys := NewSystem(env, EventListener{})
		ref := sys.Spawn(on("echo", func(c *Context, msg any) {
			if m, ok := msg.(ping); ok {
				switch m.n {
				case 1:
					c.Reply(errors.New("refused"))
				case 2: // silence
				default:
					c.Reply(m.n + 1)
				}
			}
		}))
		ctx, cancel := context.WithCancel(context.Background())
		if v, err := sys.Ask(ctx, ref, ping{41}); err != nil || v != 42 {
			t.Fatal(v, err)
		}
		if v, err := sys.Ask(ctx, ref, ping{1}); v != nil || err == nil || err.Error() != "refused" {
			t.Fatal(v, err)
		}
		cancel()
		if _, err := sys.Ask(ctx, ref, ping{2}); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if r := sys.Stop(context.Background()); r.Err() != nil {
			t.Fatal(r)
		}
		if _, err := sys.Ask(context.Background(), ref, ping{3}); !errors.Is(err, ErrDead) {
			t.Fatal(err)
		}
		if ref := sys.Spawn(on("late", func(*Context, any) {})); !ref.IsZero() {
			t.Fatal("spawned after the stop")
		}
	}
}

func TestTwoNodesInOneSimulationDifferAndShareTheNetwork(t *testing.T) {
	sim := NewSim(5)
	draws := map[uint64]bool{}
	var systems []*System
	for range 2 {
		sys := NewSystem(sim, EventListener{})
		systems = append(systems, sys)
		sys.Spawn(Spec{Kind: "conn", Policy: Restart(1, time.Minute, 0, Stop), New: func() Actor {
			return Func(func(c *Context, msg any) {
				if s, ok := msg.(Started); ok {
					draws[c.Rand().Uint64()] = true
					if s.Restarts == 0 {
						panic("once more")
					}
				}
			})
		}})
	}
	sim.Settle()
	if len(draws) != 4 {
		t.Fatalf("%d different draws of two lives on two nodes", len(draws))
	}
	heard := ""
	systems[1].Spawn(on("b", func(c *Context, msg any) {
		if _, ok := msg.(Started); ok {
			a, b := sim.Pipe()
			systems[0].Spawn(on("a", func(c *Context, msg any) {
				if _, ok := msg.(Started); ok {
					c.Go("write", func(context.Context) { fmt.Fprint(a, "hello"); a.Close() })
				}
			}))
			c.Go("read", func(context.Context) { all, _ := io.ReadAll(b); heard = string(all) })
		}
	}))
	sim.Settle()
	if r := systems[0].Stop(context.Background()); r.Err() != nil || heard != "hello" {
		t.Fatal(r, heard)
	}
	if _, err := systems[1].Ask(context.Background(), systems[1].Spawn(on("echo", func(c *Context, msg any) { c.Reply(1) })), ping{}); err != nil {
		t.Fatal("the second node ended with the first:", err)
	}
	if r := systems[1].Stop(context.Background()); r.Err() != nil {
		t.Fatal(r)
	}
}

func TestATypeIsDeclaredOnce(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("a second declaration was taken")
		}
	}()
	Register[ping](Message{})
}

func TestTypesNobodyDeclaredAreListed(t *testing.T) {
	type stray struct{}
	sim, sys := newSim(t, EventListener{})
	sys.Spawn(on("a", func(*Context, any) {})).Post(stray{})
	sim.Settle()
	found := false
	for _, m := range Unregistered() {
		found = found || m.Type == reflect.TypeFor[stray]()
	}
	if !found {
		t.Fatal("not listed")
	}
}
