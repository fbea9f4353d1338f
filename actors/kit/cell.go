package kit

import (
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// Spec describes an actor to be started.
type Spec struct {
	Kind string // its class; required. "conn"
	Name string // "chain" for the only one of its kind; empty numbers them: "conn-17"
	Peer string // whom it serves, for the logs
	New  func() Actor

	Mailbox Lanes
	Policy  Policy
	Drain   bool          // handle what is queued before stopping (drop it otherwise)
	Slow    time.Duration // a handler above this is reported; default 50 ms
	// GoDeadline is how long a stop waits for the actor's goroutines; default 5 s.
	GoDeadline time.Duration
}

// stage is how far an actor is on its way out. Only its own turn changes it.
type stage uint8

const (
	alive      stage = iota
	restarting       // life ended, goroutines or children still ending
	stopping
	stopped
)

// cell is one actor: its mailbox, its life, and its seat in protoactor's tree.
type cell struct {
	sys      *System
	info     ActorInfo
	spec     Spec
	parent   *cell
	box      mailbox
	done     gate // open when stopped
	routines routines

	// Only the actor's own turn touches these.
	pctx      actor.Context
	current   *item
	actor     Actor
	ctx       *Context
	stage     stage
	children  map[string]*cell
	waiting   bool        // for goroutines
	deadline  func() bool // stops the timer of that wait
	stoppedAt time.Duration

	// Guarded by box.mu.
	reason   error // of the stop
	watchers []*cell
	restarts int
	failing  bool // failed, waiting for a restart
	born     bool // the first Started has been handled

	// Only its supervisor touches these, and one failure follows another.
	failures []time.Duration
	attempt  int
	delay    time.Duration
	failure  *Failure
}

// Machinery messages; they travel in the mailbox's system queue.
type signal uint8

const (
	stopNow        signal = iota // end of a drain
	drainNow                     // stop after what is queued
	goroutinesOver               // the last goroutine of the ended life returned
	goroutinesLate               // or did not
)

func (s signal) String() string {
	return [...]string{"stop after drain", "drain", "goroutines ended", "goroutines late"}[s]
}

// Receive is protoactor's call into us, for our messages and for its own.
func (c *cell) Receive(ctx actor.Context) {
	if c.current != nil {
		c.deliver(c.current)
		return
	}
	switch m := ctx.Message().(type) {
	case *actor.Started:
		c.begin()
	case *actor.Stopped:
		c.finish()
	case *actor.Terminated:
		c.childEnded(m.Who)
	}
}

// deliver hands a message of ours to the actor.
func (c *cell) deliver(it *item) {
	switch m := it.msg.(type) {
	case *Timer:
		if msg, ok := m.due(c.ctx); ok {
			it.class = m.class
			c.actor.Receive(c.ctx, msg)
		}
	case goFailed:
		panic(m.failure)
	default:
		c.actor.Receive(c.ctx, it.msg)
	}
}

// begin starts a life: a fresh struct, then Started.
func (c *cell) begin() {
	c.stage = alive
	c.box.mu.Lock()
	c.failing = false
	restarts := c.restarts
	c.box.mu.Unlock()
	c.ctx = &Context{cell: c, life: restarts}
	c.actor = nil
	c.actor = c.spec.New()
	c.actor.Receive(c.ctx, Started{Restarts: restarts})
	c.box.mu.Lock()
	c.born = true
	c.box.mu.Unlock()
	if restarts == 0 {
		c.sys.events.Started(c.info)
	} else {
		c.sys.events.Restarted(RestartInfo{Actor: c.info, Attempt: c.attempt, Delay: c.delay, Reason: c.failure, Restarts: restarts})
	}
}

// handleSystem handles a message of protoactor or of the machinery.
func (m *mailbox) handleSystem(msg any) {
	c := m.cell
	defer func() {
		if r := recover(); r != nil {
			c.fail(newFailure(c, r, fmt.Sprintf("%T", msg), stack()))
		}
	}()
	switch s := msg.(type) {
	case *actor.SuspendMailbox:
		m.setSuspended(true)
	case *actor.ResumeMailbox:
		m.setSuspended(false)
	case *actor.Stop:
		c.leave(stopping)
	case *actor.Restart:
		c.leave(restarting)
	case signal:
		m.env.step(c.info.Name, s.String())
		c.signalled(s)
	default:
		m.env.step(c.info.Name, fmt.Sprintf("%T", msg))
		m.invoker.InvokeSystemMessage(msg)
	}
}

func (c *cell) signalled(s signal) {
	switch s {
	case drainNow:
		if c.stage == alive {
			c.box.notice(Draining{})
			c.box.mu.Lock()
			c.box.draining = true
			c.box.mu.Unlock()
		}
	case stopNow:
		c.leave(stopping)
	case goroutinesOver:
		c.proceed()
	case goroutinesLate:
		if c.waiting {
			c.routines.abandon(c, c.spec.GoDeadline)
			c.proceed()
		}
	}
}

func (m *mailbox) setSuspended(on bool) {
	m.mu.Lock()
	m.suspended = on
	m.mu.Unlock()
}

// leave ends the present life, for good or for a restart. protoactor hears of it
// only when the goroutines have ended (proceed). A restart that arrives after a
// stop is void: protoactor itself would raise the dead.
func (c *cell) leave(to stage) {
	if c.stage >= to {
		return
	}
	was := c.stage
	c.stage = to
	c.box.env.step(c.info.Name, "leave")
	c.box.mu.Lock()
	reason := c.reason
	if to == stopping {
		c.box.closed = true
		c.box.draining = false
	} else {
		c.restarts++
		reason = c.failure
	}
	c.box.mu.Unlock()
	if to == stopping {
		c.stoppedAt = c.box.env.Mono()
	}
	c.sys.events.Stopping(StopInfo{Actor: c.info, Reason: reason, Restart: to == restarting})
	if was == restarting {
		if !c.waiting {
			c.proceed()
		}
		return
	}
	c.tell(Stopping{Reason: reason, Restart: to == restarting})
	if c.ctx != nil {
		c.ctx.end()
	}
	if c.routines.whenIdle(func() { c.box.PostSystemMessage(goroutinesOver) }) {
		c.waiting = true
		c.deadline = c.box.env.AfterFunc(c.spec.GoDeadline, func() { c.box.PostSystemMessage(goroutinesLate) })
		return
	}
	c.proceed()
}

// proceed lets protoactor end the children and then this actor.
func (c *cell) proceed() {
	if c.waiting {
		c.waiting = false
		c.deadline()
	}
	if c.ctx != nil {
		hooks := c.ctx.onStop
		c.ctx.onStop = nil
		for i := len(hooks) - 1; i >= 0; i-- {
			c.guard("OnStop", hooks[i])
		}
	}
	if c.stage == restarting {
		c.box.forgetCalls()
		c.box.invoker.InvokeSystemMessage(&actor.Restart{})
		return
	}
	c.box.invoker.InvokeSystemMessage(&actor.Stop{})
}

// tell delivers a message of the way out. A panic in it is reported and
// swallowed: protoactor would restart a dying actor, or hang its parent.
func (c *cell) tell(msg any) {
	if c.actor != nil {
		c.guard(fmt.Sprintf("%T", msg), func() { c.actor.Receive(c.ctx, msg) })
	}
}

func (c *cell) guard(what string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			c.sys.events.Panicked(*newFailure(c, r, what, stack()))
		}
	}()
	f()
}

// finish is the end: nothing is delivered any more, and what is queued is lost.
func (c *cell) finish() {
	if c.stage == stopped {
		return
	}
	c.tell(Stopped{})
	c.stage = stopped
	m := &c.box
	m.mu.Lock()
	m.closed, m.dead = true, true
	var left []item
	var it item
	for on := range m.lanes {
		for m.lanes[on].pop(&it) {
			left = append(left, it)
		}
		m.lanes[on] = lane{}
	}
	m.calls.waiting = nil
	if m.calls.disarm != nil {
		m.calls.disarm()
	}
	watchers, reason := c.watchers, c.reason
	c.watchers = nil
	m.mu.Unlock()
	lost := c.lose(left)
	for _, w := range watchers {
		w.box.notice(Gone{Ref: Ref{c}, Name: c.info.Name, Kind: c.info.Kind, Err: reason})
	}
	c.sys.remove(c)
	c.sys.events.Stopped(StopInfo{Actor: c.info, Reason: reason, Lost: lost, Took: m.env.Mono() - c.stoppedAt})
	c.actor = nil
	c.done.open()
}

// lose counts the messages nobody will handle, gives back what they hold and
// tells those who wait for an answer. Notices of the kit are no loss.
func (c *cell) lose(left []item) (lost int) {
	counts := map[*class]int{}
	var order []*class
	for i := range left {
		it := &left[i]
		release(it.msg)
		it.reply.Refuse(ErrDead)
		if it.class.Role == Tick || it.class.From != nil && it.class.From[0] == "kit" {
			continue
		}
		if counts[it.class] == 0 {
			order = append(order, it.class)
		}
		counts[it.class]++
		lost++
	}
	for _, cl := range order {
		c.sys.lose(c, cl, counts[cl])
	}
	return lost
}

func (c *cell) childEnded(who *actor.PID) {
	child := c.children[who.Id]
	if child == nil {
		return
	}
	delete(c.children, who.Id)
	c.box.mu.Lock()
	failing := c.failing // a failed struct hears nothing more; its children go with it
	c.box.mu.Unlock()
	if c.stage != alive || failing || c.actor == nil {
		return
	}
	child.box.mu.Lock()
	reason := child.reason
	child.box.mu.Unlock()
	c.actor.Receive(c.ctx, ChildStopped{Ref: Ref{child}, Name: child.info.Name, Kind: child.info.Kind, Err: reason})
}

// requestStop may be called from anywhere. The first reason stays.
func (c *cell) requestStop(reason error, drain bool) {
	c.box.mu.Lock()
	if c.reason == nil {
		c.reason = reason
	}
	c.box.mu.Unlock()
	if drain {
		c.box.PostSystemMessage(drainNow)
		return
	}
	c.box.PostSystemMessage(&actor.Stop{})
}

func (c *cell) addWatcher(w *cell) {
	c.box.mu.Lock()
	if !c.box.dead {
		for _, old := range c.watchers {
			if old == w {
				c.box.mu.Unlock()
				return
			}
		}
		c.watchers = append(c.watchers, w)
		c.box.mu.Unlock()
		return
	}
	reason := c.reason
	c.box.mu.Unlock()
	w.box.notice(Gone{Ref: Ref{c}, Name: c.info.Name, Kind: c.info.Kind, Err: reason})
}

// checkEdge reports a send that the declaration of its type does not know.
func (c *cell) checkEdge(to Ref, cl *class) {
	report := c.sys.events.Undeclared
	if report == nil || !cl.listed || len(cl.From) == 0 {
		return
	}
	if cl.from[c.info.Kind] || cl.from["kit"] {
		for _, k := range cl.To {
			if k == to.c.info.Kind || k == "every" {
				return
			}
		}
	}
	report(c.info.Kind, to.c.info.Kind, cl.name)
}

// giveUp is what Context.Fail panics with.
type giveUp struct{ err error }

var errPanic = errors.New("panic")
