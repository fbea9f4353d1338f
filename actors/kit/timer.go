package kit

import (
	"sync/atomic"
	"time"
)

// Timer posts a message to the actor that made it. It ends with that life: a
// message of a stopped timer, or of a life before a restart, is never delivered.
type Timer struct {
	owner  *Context
	msg    any
	class  *class
	every  time.Duration
	next   time.Duration
	stop   atomic.Pointer[func() bool]
	done   atomic.Bool
	queued atomic.Bool
}

// After posts msg to this actor once, after d of monotonic time.
func (c *Context) After(d time.Duration, msg any) *Timer { return c.newTimer(d, 0, msg) }

// Every posts msg to this actor every d, not more than one at a time: a busy
// actor misses ticks, they do not pile up. The least period is a millisecond.
func (c *Context) Every(d time.Duration, msg any) *Timer {
	d = max(d, time.Millisecond)
	return c.newTimer(d, d, msg)
}

func (c *Context) newTimer(d, every time.Duration, msg any) *Timer {
	t := &Timer{owner: c, msg: msg, class: classOf(msg), every: every}
	if c.over {
		t.done.Store(true)
		return t
	}
	if c.timers == nil {
		c.timers = map[*Timer]struct{}{}
	}
	c.timers[t] = struct{}{}
	if every > 0 {
		c.cell.sys.periodic.Store(t, struct{}{})
	}
	env := c.cell.sys.env
	t.next = env.Mono() + d
	t.arm(env, d)
	return t
}

func (t *Timer) arm(env Env, d time.Duration) {
	stop := env.AfterFunc(d, t.fire)
	t.stop.Store(&stop)
	if t.done.Load() {
		stop()
	}
}

// fire runs on the clock's goroutine.
func (t *Timer) fire() {
	if t.done.Load() {
		return
	}
	cell := t.owner.cell
	if t.queued.CompareAndSwap(false, true) && !cell.box.notice(t) {
		return // the actor has stopped
	}
	if t.every > 0 {
		now := cell.sys.env.Mono()
		for t.next += t.every; t.next <= now; t.next += t.every {
		}
		t.arm(cell.sys.env, t.next-now)
	}
}

// MoveClock fixes the clock of the node, or lets it go again (see [Env]), and has
// everybody who looks at it now and then look at once: what the move makes due is
// not found a period later.
func (s *System) MoveClock(to time.Time) {
	s.env.SetMock(to)
	s.periodic.Range(func(t, _ any) bool {
		t.(*Timer).look()
		return true
	})
}

// look delivers the message ahead of time, unless it is waiting already.
func (t *Timer) look() {
	if !t.done.Load() && t.queued.CompareAndSwap(false, true) {
		t.owner.cell.box.notice(t)
	}
}

// due runs in the actor's turn: it returns the message if it still counts.
func (t *Timer) due(now *Context) (any, bool) {
	t.queued.Store(false)
	if t.owner != now || t.done.Load() {
		return nil, false
	}
	if t.every == 0 {
		t.done.Store(true)
		delete(now.timers, t)
	}
	return t.msg, true
}

// Stop ends the timer; its message will not be delivered any more. Only its
// actor may call it.
func (t *Timer) Stop() {
	if t == nil || t.done.Swap(true) {
		return
	}
	t.owner.cell.sys.periodic.Delete(t)
	if stop := t.stop.Load(); stop != nil {
		(*stop)()
	}
	delete(t.owner.timers, t)
}
