package kit

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.uber.org/goleak"
)

// These tests hold what protoactor does, where the kit leans on it or goes
// around it. One that fails after an upgrade says which of our assumptions to
// think through again; it does not say that protoactor is wrong.
//
// Not pinned, because the proof leaks a goroutine for good or burns a core: the
// bounded mailboxes (Bounded spins while full; BoundedDropping counts what it
// dropped as still queued, so that its actor never sleeps again), the second
// waiter of a future, and the race in the receive timeout.

const pinned = "github.com/asynkron/protoactor-go v0.0.0-20260118094027-288962e52f3f"

func TestGoModPinsTheProtoactorWeKnow(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mod), pinned+"\n") {
		t.Fatalf("go.mod does not require %s: @latest is an older version with another API", pinned)
	}
	if strings.Contains(string(mod), "\nreplace ") {
		t.Fatal("go.mod has a replace directive, which breaks go install")
	}
}

func plainProto(w io.Writer) *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithDeadLetterThrottleInterval(time.Millisecond),
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }))
}

type notes struct {
	mu  sync.Mutex
	all []string
}

func (n *notes) add(format string, args ...any) {
	n.mu.Lock()
	n.all = append(n.all, fmt.Sprintf(format, args...))
	n.mu.Unlock()
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.all, " ")
}

// wait polls for the text; protoactor offers nothing to wait on for most of this.
func (n *notes) wait(t *testing.T, text string) {
	t.Helper()
	eventually(t, func() bool { return strings.Contains(n.String(), text) }, func() string { return n.String() + " lacks " + text })
}

func eventually(t *testing.T, ok func() bool, what func() string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what())
		}
	}
}

func lifecycle(msg any) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", msg), "*actor.")
}

func TestPinMessagesQueuedAtAStopAreDroppedSilently(t *testing.T) { // D2
	sys := plainProto(io.Discard)
	var dead, handled atomic.Int32
	sys.EventStream.Subscribe(func(e any) {
		if d, ok := e.(*actor.DeadLetterEvent); ok {
			if _, ok := d.Message.(int); ok {
				dead.Add(1)
			}
		}
	})
	busy, gate := make(chan struct{}), make(chan struct{})
	pid := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch c.Message().(type) {
		case string:
			close(busy)
			<-gate
		case int:
			handled.Add(1)
		}
	}))
	sys.Root.Send(pid, "busy")
	<-busy
	for i := range 100 {
		sys.Root.Send(pid, i)
	}
	f := sys.Root.StopFuture(pid)
	close(gate)
	if err := f.Wait(); err != nil {
		t.Fatal(err)
	}
	if handled.Load() != 0 || dead.Load() != 0 {
		t.Fatalf("handled %d, dead letters %d: protoactor now accounts for the mailbox of a stopped actor", handled.Load(), dead.Load())
	}
}

func TestPinAPanicInStoppingResurrectsTheActor(t *testing.T) { // D3
	sys := plainProto(io.Discard)
	var n notes
	var once atomic.Bool
	pid := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		n.add("%s", lifecycle(c.Message()))
		if _, ok := c.Message().(*actor.Stopping); ok && once.CompareAndSwap(false, true) {
			panic("in Stopping")
		}
	}))
	sys.Root.Stop(pid)
	n.wait(t, "Stopping Restarting Started")
}

func TestPinAPanicInStoppedIsNeverToldToTheParent(t *testing.T) { // D4
	sys := plainProto(io.Discard)
	var n notes
	parent := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch m := c.Message().(type) {
		case *actor.Started:
			c.Spawn(actor.PropsFromFunc(func(cc actor.Context) {
				if _, ok := cc.Message().(*actor.Stopped); ok {
					n.add("child-stopped")
					panic("in Stopped")
				}
			}))
		case string:
			c.Stop(c.Children()[0])
		case *actor.Terminated:
			n.add("Terminated")
		case int:
			n.add("%d-children-%d", len(c.Children()), m)
		}
	}))
	sys.Root.Send(parent, "stop the child")
	n.wait(t, "child-stopped")
	sys.Root.Send(parent, 1)
	n.wait(t, "1-children-1")
	if strings.Contains(n.String(), "Terminated") {
		t.Fatal("the parent is told now: " + n.String())
	}
}

func TestPinUserMessagesArriveAfterStopping(t *testing.T) {
	sys := plainProto(io.Discard)
	var n notes
	gate := make(chan struct{})
	parent := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch c.Message().(type) {
		case *actor.Started:
			c.Spawn(actor.PropsFromFunc(func(cc actor.Context) {
				if _, ok := cc.Message().(*actor.Stopping); ok {
					<-gate
				}
			}))
		case string, *actor.Stopping, *actor.Stopped:
			n.add("%s", lifecycle(c.Message()))
		}
	}))
	f := sys.Root.StopFuture(parent)
	n.wait(t, "Stopping")
	sys.Root.Send(parent, "late")
	n.wait(t, "Stopping string")
	close(gate)
	if err := f.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestPinSystemMessagesOvertakeUserMessages(t *testing.T) {
	sys := plainProto(io.Discard)
	var n notes
	busy, gate := make(chan struct{}), make(chan struct{})
	pid := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch c.Message().(type) {
		case string:
			close(busy)
			<-gate
		case int, *actor.Stopped:
			n.add("%s", lifecycle(c.Message()))
		}
	}))
	sys.Root.Send(pid, "busy")
	<-busy
	sys.Root.Send(pid, 1)
	f := sys.Root.StopFuture(pid)
	close(gate)
	if err := f.Wait(); err != nil || n.String() != "Stopped" {
		t.Fatal(n.String(), err)
	}
}

func TestPinARestartKeepsMailboxAndPIDAndStopsChildrenFirst(t *testing.T) {
	sys := plainProto(io.Discard)
	var n notes
	var lives atomic.Int32
	pid := sys.Root.Spawn(actor.PropsFromProducer(func() actor.Actor {
		life := lives.Add(1)
		return actor.ReceiveFunc(func(c actor.Context) {
			switch m := c.Message().(type) {
			case *actor.Started:
				n.add("Started%d", life)
				c.Spawn(actor.PropsFromFunc(func(cc actor.Context) {
					if _, ok := cc.Message().(*actor.Stopped); ok {
						n.add("child-stopped")
					}
				}))
			case *actor.Restarting:
				n.add("Restarting")
			case int:
				n.add("%d", m)
				if m == 2 {
					panic("boom")
				}
			}
		})
	}))
	for i := 1; i <= 3; i++ {
		sys.Root.Send(pid, i)
	}
	n.wait(t, "Started1 1 2 Restarting child-stopped Started2 3")
}

func TestPinAStalePIDReachesItsNamesake(t *testing.T) { // D15
	sys := plainProto(io.Discard)
	var n notes
	spawn := func(who string) *actor.PID {
		pid, err := sys.Root.SpawnNamed(actor.PropsFromFunc(func(c actor.Context) {
			if s, ok := c.Message().(string); ok {
				n.add("%s-got-%s", who, s)
			}
		}), "same")
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	first := spawn("first")
	if err := sys.Root.StopFuture(first).Wait(); err != nil {
		t.Fatal(err)
	}
	spawn("second")
	sys.Root.Send(first, "stale")
	n.wait(t, "second-got-stale")
}

func TestPinTheDeadLetterLogPrintsTheWholeMessage(t *testing.T) { // D12
	var log bytes.Buffer
	sys := plainProto(&log)
	type block struct{ Raw []byte }
	sys.Root.Send(sys.NewLocalPID("nobody"), &block{make([]byte, 1<<16)})
	if log.Len() < 1<<16 {
		t.Fatalf("%d bytes of log for a dead 64 KiB message: protoactor has become careful", log.Len())
	}
	sharedLeak(t)
}

// sharedLeak waits for the goroutine that every dead letter starts.
func sharedLeak(t *testing.T) {
	eventually(t, func() bool { return goleak.Find() == nil }, func() string { return fmt.Sprint(goleak.Find()) })
}

func TestPinAMessageBatchIsDeliveredInPartsAndWhole(t *testing.T) { // D17
	sys := plainProto(io.Discard)
	var n notes
	pid := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if lifecycle(c.Message()) != "Started" {
			n.add("%T", c.Message())
		}
	}))
	sys.Root.Send(pid, pinBatch{})
	n.wait(t, "int string kit.pinBatch")
}

type pinBatch struct{}

func (pinBatch) GetMessages() []any { return []any{1, "a"} }

func TestPinSystemShutdownStopsNothingAndPanicsTwice(t *testing.T) { // D19
	sys := plainProto(io.Discard)
	var n notes
	pid := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) { n.add("%s", lifecycle(c.Message())) }))
	sys.Shutdown()
	sys.Root.Send(pid, 1)
	n.wait(t, "int")
	defer func() {
		if recover() == nil {
			t.Fatal("a second Shutdown is harmless now")
		}
	}()
	sys.Shutdown()
}

func TestPinARestartRaisesAStoppedActor(t *testing.T) {
	sys := plainProto(io.Discard)
	var n notes
	box := &pinBox{}
	pid := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) { n.add("%s", lifecycle(c.Message())) },
		actor.WithMailbox(func() actor.Mailbox { return box })))
	_ = pid
	box.inv.InvokeSystemMessage(&actor.Started{})
	box.inv.InvokeSystemMessage(&actor.Stop{})
	box.inv.InvokeSystemMessage(&actor.Restart{})
	if n.String() != "Started Stopping Stopped Restarting Started" {
		t.Fatal("a late restart no longer revives: " + n.String())
	}
}

// pinBox keeps the invoker, so that a test can play the mailbox.
type pinBox struct{ inv actor.MessageInvoker }

func (b *pinBox) PostUserMessage(any)                                           {}
func (b *pinBox) PostSystemMessage(any)                                         {}
func (b *pinBox) RegisterHandlers(inv actor.MessageInvoker, _ actor.Dispatcher) { b.inv = inv }
func (b *pinBox) Start()                                                        {}
func (b *pinBox) UserMessageCount() int                                         { return 0 }

func TestPinTheGuardianDecidesInTheChildsGoroutine(t *testing.T) {
	sys := plainProto(io.Discard)
	g := &pinGuardian{}
	box := &pinBox{}
	sys.Root.Copy().WithGuardian(g).Spawn(actor.PropsFromFunc(func(actor.Context) {},
		actor.WithMailbox(func() actor.Mailbox { return box })))
	box.inv.EscalateFailure("reason", "message")
	if g.reason != "reason" {
		t.Fatal("the guardian was not asked at once")
	}
}

type pinGuardian struct{ reason any }

func (g *pinGuardian) HandleFailure(_ *actor.ActorSystem, _ actor.Supervisor, _ *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	g.reason = reason
}

func TestPinAPriorityIsLostInAnEnvelope(t *testing.T) {
	sys := plainProto(io.Discard)
	var n notes
	busy, gate := make(chan struct{}), make(chan struct{})
	pid := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch m := c.Message().(type) {
		case string:
			close(busy)
			<-gate
		case int, pinUrgent:
			n.add("%v", m)
		}
	}, actor.WithMailbox(actor.UnboundedPriority())))
	sys.Root.Send(pid, "busy")
	<-busy
	sys.Root.Send(pid, 1)
	sys.Root.RequestWithCustomSender(pid, pinUrgent(2), pid)
	sys.Root.Send(pid, pinUrgent(3))
	close(gate)
	n.wait(t, "3 1 2")
}

type pinUrgent int

func (pinUrgent) GetPriority() int8 { return 7 }

func TestPinAPanicInAnEventStreamHandlerReachesTheSender(t *testing.T) { // D13
	sys := plainProto(io.Discard)
	sys.EventStream.Subscribe(func(e any) {
		if _, ok := e.(*actor.DeadLetterEvent); ok {
			panic("subscriber")
		}
	})
	defer func() {
		if recover() == nil {
			t.Fatal("the event stream protects senders now")
		}
		sharedLeak(t)
	}()
	sys.Root.Send(sys.NewLocalPID("nobody"), 1)
}

func TestPinStashIsReplayedBackwardsAndOnlyByARestart(t *testing.T) { // D10
	sys := plainProto(io.Discard)
	var n notes
	var lives atomic.Int32
	pid := sys.Root.Spawn(actor.PropsFromProducer(func() actor.Actor {
		life := lives.Add(1)
		return actor.ReceiveFunc(func(c actor.Context) {
			switch m := c.Message().(type) {
			case int:
				if life == 1 {
					c.Stash()
				} else {
					n.add("%d", m)
				}
			case string:
				panic("restart")
			}
		})
	}))
	for i := 1; i <= 3; i++ {
		sys.Root.Send(pid, i)
	}
	sys.Root.Send(pid, "boom")
	n.wait(t, "3 2 1")
}

func TestPinAReentrantContinuationOutlivesItsActor(t *testing.T) { // D18
	sys := plainProto(io.Discard)
	var n notes
	var lives atomic.Int32
	f := actor.NewFuture(sys, time.Minute)
	pid := sys.Root.Spawn(actor.PropsFromProducer(func() actor.Actor {
		life := lives.Add(1)
		return actor.ReceiveFunc(func(c actor.Context) {
			switch c.Message() {
			case "ask":
				c.ReenterAfter(f, func(any, error) { n.add("continuation-of-%d", life) })
			case "boom":
				panic("restart")
			default:
				if lifecycle(c.Message()) == "Started" {
					n.add("Started%d", life)
				}
			}
		})
	}))
	sys.Root.Send(pid, "ask")
	sys.Root.Send(pid, "boom")
	n.wait(t, "Started2")
	sys.Root.Send(f.PID(), "late")
	n.wait(t, "Started2 continuation-of-1")
}

func TestPinRestartStatisticsGrowWithoutBound(t *testing.T) { // D16
	s := actor.NewRestartStatistics()
	for range 1000 {
		s.Fail()
	}
	if s.NumberOfFailures(0) != 1000 {
		t.Fatal("protoactor forgets failures now")
	}
}
