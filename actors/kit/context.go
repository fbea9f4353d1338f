package kit

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Context is what an actor may do while it handles a message. It belongs to one
// life: it must not leave Receive, except for Self and System, which may be
// taken along by goroutines.
type Context struct {
	cell   *cell
	life   int             // 0, and one more with every restart
	run    context.Context // of the goroutines
	cancel context.CancelFunc
	timers map[*Timer]struct{}
	onStop []func()
	rng    *rand.Rand
	over   bool
}

// Self is this actor.
func (c *Context) Self() Ref { return Ref{c.cell} }

// System is the system it lives in.
func (c *Context) System() *System { return c.cell.sys }

// Env is the outside world.
func (c *Context) Env() Env { return c.cell.sys.env }

// Now is the node's clock, which setmocktime moves.
func (c *Context) Now() time.Time { return c.cell.sys.env.Now() }

// Mono is monotonic time, for measuring.
func (c *Context) Mono() time.Duration { return c.cell.sys.env.Mono() }

// Info is how events name this actor.
func (c *Context) Info() ActorInfo { return c.cell.info }

// Rand is this life's own generator.
func (c *Context) Rand() *rand.Rand {
	if c.rng == nil {
		c.rng = c.cell.sys.rand(fmt.Sprintf("%s/%d", c.cell.info.Name, c.life))
	}
	return c.rng
}

// Send posts a message in this actor's name: the sender is known, so that a held
// message is followed by Room once there is room.
func (c *Context) Send(to Ref, msg any) Result {
	if to.c != nil && msg != nil {
		c.cell.checkEdge(to, classOf(msg))
	}
	return to.post(msg, c.cell, ReplyTo{})
}

// Forward posts a message whose answer goes to whoever waits for this one.
func (c *Context) Forward(to Ref, msg any) Result {
	if to.c != nil && msg != nil {
		c.cell.checkEdge(to, classOf(msg))
	}
	return to.post(msg, c.cell, c.ReplyTo())
}

// ReplyTo is where the answer to the message being handled goes; zero if nobody
// waits. It may be kept and answered later, once.
func (c *Context) ReplyTo() ReplyTo {
	if it := c.cell.current; it != nil && it.reply.to != nil {
		return it.reply
	}
	return ReplyTo{}
}

// Reply answers the message being handled. Without a waiter it is no more than Dead.
func (c *Context) Reply(msg any) Result { return c.ReplyTo().Reply(msg) }

// CallID tells which call the message being handled answers; 0 if none.
func (c *Context) CallID() CallID {
	if it := c.cell.current; it != nil && it.reply.to == nil {
		return CallID(it.reply.id)
	}
	return 0
}

// Spawn starts a child. Only Receive may call it. A system that is shutting down
// returns a dead Ref.
func (c *Context) Spawn(spec Spec) Ref { return c.cell.sys.spawn(c.cell, spec) }

// Stop ends this actor after the current message, without handling what is
// queued. The reason, nil for an ordinary end, reaches its parent and watchers.
func (c *Context) Stop(reason error) { c.cell.requestStop(reason, false) }

// StopChild ends another actor, by its Spec: drained or not.
func (c *Context) StopChild(r Ref, reason error) {
	if r.c != nil {
		r.c.requestStop(reason, r.c.spec.Drain)
	}
}

// Fail gives the actor up: its policy decides what follows. It does not return.
func (c *Context) Fail(err error) { panic(giveUp{err}) }

// Watch asks for Gone when the other actor has ended (at once if it has).
func (c *Context) Watch(r Ref) {
	if r.c == nil {
		c.cell.box.notice(Gone{Ref: r})
		return
	}
	r.c.addWatcher(c.cell)
}

// OnStop runs f when this life ends, restart or stop, after its goroutines have
// ended: for handles such as a credit owner that must not outlive it.
func (c *Context) OnStop(f func()) { c.onStop = append(c.onStop, f) }

// end closes the life: timers, context.
func (c *Context) end() {
	c.over = true
	for t := range c.timers {
		t.Stop()
	}
	if c.cancel != nil {
		c.cancel()
	}
}
