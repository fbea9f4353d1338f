// Package dialer is the actor that calls other nodes.
//
// It owns the calls under way, a few at a time; whom to call, and when again,
// is the registry's to say. Start reading at [Spec].
package dialer

import (
	"context"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
)

// Deps is what the actor is made of.
type Deps struct {
	Timeout time.Duration // of one call (-timeout)
}

// atOnce bounds the calls under way; the others wait in the mailbox's order.
const atOnce = 16

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	return kit.Spec{
		Kind: msg.KindDialer, Name: msg.KindDialer,
		Policy: kit.Restart(100, time.Hour, time.Second, kit.Stop),
		New:    func() kit.Actor { return &dialer{Deps: d} },
	}
}

type dialer struct {
	Deps
	busy    int
	waiting []pending
}

type pending struct {
	dial  *msg.Dial
	reply kit.ReplyTo
}

// over comes from the goroutine of one call.
type over struct{ of *dialer }

var _ = kit.Register[*over](kit.Message{
	Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindDialer}, To: []string{msg.KindDialer},
	Doc: "from its own goroutine: a call is through, or not",
})

// Receive handles one message.
func (d *dialer) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case *msg.Dial:
		d.waiting = append(d.waiting, pending{m, k.ReplyTo()})
	case *over:
		if m.of == d { // not of a life before a restart
			d.busy--
		}
	case kit.Stopping:
		for _, p := range d.waiting {
			p.reply.Refuse(kit.ErrDead)
		}
		d.waiting = nil
		return
	default:
		return
	}
	for len(d.waiting) > 0 && d.busy < atOnce {
		next := d.waiting[0]
		d.waiting = d.waiting[1:]
		d.busy++
		d.call(k, next)
	}
}

func (d *dialer) call(k *kit.Context, p pending) {
	self, env, timeout := k.Self(), k.Env(), d.Timeout
	k.Go("dial", func(ctx context.Context) {
		defer self.Post(&over{of: d})
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		target := p.dial.Name
		if target == "" {
			target = p.dial.Addr.String()
		}
		conn, err := env.Dial(ctx, "tcp", target)
		answer := &msg.Dialed{Dial: p.dial, Conn: conn, Err: err}
		if p.reply.Reply(answer) != kit.Ok {
			answer.Release()
		}
	})
}
