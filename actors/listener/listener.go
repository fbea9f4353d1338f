// Package listener is the actor that takes calls from outside.
//
// It owns the listening sockets, and takes one caller at a time: who may stay is
// the registry's to say. Sockets that fail are opened again with backoff by the
// actor's restart. Start reading at [Spec].
package listener

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/config"
)

// Address is one address to listen on.
type Address struct {
	Addr        string // host:port
	Permissions config.Permission
	Onion       bool // the target of an onion service
}

// Deps is what the actor is made of.
type Deps struct {
	Cast *msg.Cast
	// Listeners are sockets already opened, so that an address in use is told at
	// the start; after a restart the addresses are opened anew.
	Listeners []net.Listener
	Addresses []Address
	Log       Log
}

// Log is told what people want to know of the listener.
type Log interface {
	Listening(addr string)
	ListenNote(text string)
}

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	first := d.Listeners
	return kit.Spec{
		Kind: msg.KindListener, Name: msg.KindListener,
		Policy: kit.Restart(100, time.Hour, time.Second, kit.Stop),
		New: func() kit.Actor {
			l := &listener{Deps: d}
			l.Listeners, first = first, nil
			return l
		},
	}
}

type listener struct {
	Deps
	over atomic.Bool // we close the sockets ourselves
}

// Receive handles one message.
func (l *listener) Receive(k *kit.Context, m any) {
	switch m.(type) {
	case kit.Started:
		l.open(k)
	case kit.Stopping:
		l.over.Store(true)
		for _, s := range l.Listeners {
			s.Close()
		}
	}
}

func (l *listener) open(k *kit.Context) {
	if l.Listeners == nil {
		for _, a := range l.Addresses {
			s, err := k.Env().Listen(Network(a.Addr), a.Addr)
			if err != nil {
				k.Fail(fmt.Errorf("listening on %s: %w", a.Addr, err))
			}
			l.Listeners = append(l.Listeners, s)
		}
	}
	self, registry, env, log := k.Self(), l.Cast.Registry(), k.Env(), l.Log
	for i, s := range l.Listeners {
		at := l.Addresses[i]
		log.Listening(s.Addr().String())
		k.Go("accept", func(ctx context.Context) {
			accept(ctx, env, s, log, func(c net.Conn) {
				registry.Post(&msg.Accepted{Conn: c, Permissions: at.Permissions, Onion: at.Onion}) // closed if there is no room
			})
			if !l.over.Load() {
				panic(errors.New("socket " + s.Addr().String() + " of " + self.Name() + " was closed under it"))
			}
		})
	}
}

// Network is the one to open an address in. [::] takes calls over IPv6 alone, as in Core:
// otherwise 0.0.0.0, by default the other address of a node, would be in use.
func Network(addr string) string {
	if at, err := netip.ParseAddrPort(addr); err == nil && at.Addr().Is6() {
		return "tcp6"
	}
	return "tcp4"
}

// accept takes callers until the socket is closed. Running out of files passes:
// it waits and goes on.
func accept(ctx context.Context, env kit.Env, s net.Listener, log Log, take func(net.Conn)) {
	for ctx.Err() == nil {
		c, err := s.Accept()
		switch {
		case err == nil:
			take(c)
		case errors.Is(err, net.ErrClosed) || ctx.Err() != nil:
			return
		default:
			log.ListenNote("accept failed: " + err.Error())
			if env.Sleep(ctx, 100*time.Millisecond) != nil {
				return
			}
		}
	}
}
