package kit

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// Policy says what follows a failure of an actor. The zero Policy is Stop.
type Policy struct {
	action action
	limit  int
	window time.Duration
	base   time.Duration
	then   action
}

type action uint8

const (
	stopIt action = iota
	restartIt
	fatalIt
)

var (
	// Stop ends the actor; its parent gets ChildStopped. For connections.
	Stop = Policy{action: stopIt}
	// Fatal ends the process in order: the error arrives at System.Fatal. For the
	// owners of state that cannot be derived again.
	Fatal = Policy{action: fatalIt}
)

// Restart makes a fresh struct with the same mailbox, up to limit times in the
// window, after a delay that starts at backoff and doubles (jitter of a fifth,
// at most 60 s). One failure more is followed by then: Stop or Fatal.
func Restart(limit int, window, backoff time.Duration, then Policy) Policy {
	return Policy{action: restartIt, limit: limit, window: window, base: backoff, then: then.action}
}

const maxBackoff = 60 * time.Second

func (p Policy) String() string {
	names := [...]string{"stop", "restart", "fatal"}
	if p.action == restartIt {
		return fmt.Sprintf("restart %d in %v, then %s", p.limit, p.window, names[p.then])
	}
	return names[p.action]
}

func newFailure(c *cell, reason any, msgType string, stack []byte) *Failure {
	switch r := reason.(type) {
	case *Failure:
		return r
	case giveUp:
		return &Failure{Actor: c.info, Err: r.err, MsgType: msgType, Stack: stack}
	case error:
		return &Failure{Actor: c.info, Err: fmt.Errorf("%w: %w", errPanic, r), MsgType: msgType, Stack: stack}
	}
	return &Failure{Actor: c.info, Err: fmt.Errorf("%w: %.500v", errPanic, reason), MsgType: msgType, Stack: stack}
}

// Error names the actor and the reason; the stack stays in its field.
func (f *Failure) Error() string {
	return fmt.Sprintf("%s failed at %s: %v", f.Actor.Name, f.MsgType, f.Err)
}

// Unwrap gives the error the actor gave up with.
func (f *Failure) Unwrap() error { return f.Err }

func stack() []byte { return debug.Stack() }

// fail takes a failure to the supervisor, by protoactor's way: the mailbox is
// suspended and the parent, or the guardian at the top, decides.
func (c *cell) fail(f *Failure) {
	c.sys.events.Panicked(*f)
	if c.stage >= stopping {
		return // on its way out already
	}
	c.box.mu.Lock()
	c.failing = true
	c.box.mu.Unlock()
	c.failure = f
	c.box.invoker.EscalateFailure(&escalated{c, f}, f.MsgType)
}

// escalated is the reason protoactor carries for us: it must lead to the cell.
type escalated struct {
	cell    *cell
	failure *Failure
}

func (e *escalated) Error() string { return e.failure.Error() }

// supervisor is the strategy of every actor and the guardian of those at the
// top. One value for all: protoactor keeps a guardian for every distinct one.
type supervisor struct{}

// HandleFailure runs in the parent's turn, or in the child's own at the top.
func (supervisor) HandleFailure(_ *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	e, ok := reason.(*escalated)
	if !ok {
		sup.StopChildren(child)
		return
	}
	e.cell.supervise(e.failure)
}

func (c *cell) supervise(f *Failure) {
	p := c.spec.Policy
	do := p.action
	if do == restartIt {
		now := c.sys.env.Mono()
		recent := c.failures[:0]
		for _, at := range c.failures {
			if now-at < p.window {
				recent = append(recent, at)
			}
		}
		c.failures = append(recent, now)
		c.attempt = len(c.failures)
		if c.attempt > p.limit {
			do = p.then
			c.sys.events.Escalated(EscalateInfo{Actor: c.info, Reason: f, Fatal: do == fatalIt})
		}
	} else if do == fatalIt {
		c.sys.events.Escalated(EscalateInfo{Actor: c.info, Reason: f, Fatal: true})
	}
	switch do {
	case restartIt:
		c.delay = c.sys.backoff(p.base, c.attempt)
		if c.delay <= 0 {
			c.box.PostSystemMessage(&actor.Restart{})
			return
		}
		c.sys.env.AfterFunc(c.delay, func() { c.box.PostSystemMessage(&actor.Restart{}) })
	case fatalIt:
		c.sys.reportFatal(f)
		c.requestStop(f, false)
	default:
		c.requestStop(f, false)
	}
}

// backoff doubles with each failure in the window, with a fifth of jitter.
func (s *System) backoff(base time.Duration, attempt int) time.Duration {
	d := base
	for i := 1; i < attempt && d < maxBackoff; i++ {
		d *= 2
	}
	d = min(d, maxBackoff)
	if d <= 0 {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return d*9/10 + time.Duration(s.rng.Int64N(int64(d/5)+1))
}
