package rpc

import (
	"context"
	"fmt"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/logs"
)

// grace is how long answers under way may take once the node stops: the answer to
// stop itself, with its "wait", is among them.
const grace = 8 * time.Second

// Spec describes the actor that keeps the door: it serves until the node stops,
// lets what is being answered out, and takes the cookie away. It owns no state of
// the node. When a socket fails it restarts and opens the address anew.
func (d *Door) Spec(n *Node) (kit.Spec, error) {
	registry, err := Methods()
	if err != nil {
		return kit.Spec{}, err
	}
	d.server = NewServer(registry, n, d.opts)
	return kit.Spec{
		Kind: msg.KindRPC, Name: msg.KindRPC, GoDeadline: grace + time.Second,
		Policy: kit.Restart(10, time.Minute, 100*time.Millisecond, kit.Stop),
		New:    func() kit.Actor { return &keeper{Door: d, node: n} },
	}, nil
}

// keeper is the actor.
type keeper struct {
	*Door
	node *Node
}

// closed comes from a goroutine whose socket failed.
type closed struct{ err error }

var _ = kit.Register[*closed](kit.Message{
	Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindRPC}, To: []string{msg.KindRPC},
	Doc: "a socket failed",
})

// Receive handles one message.
func (r *keeper) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		r.open(k, m.Restarts > 0)
	case *msg.TipChanged:
		r.node.tips.ring()
	case *closed:
		k.Fail(m.err)
	case kit.Stopped:
		if err := r.Close(); err != nil {
			logs.NodeWarning.Log(r.log, logs.Warning.Is("the RPC server left something behind: "+err.Error()))
		}
	}
}

// open serves every socket in a goroutine of its own.
func (r *keeper) open(k *kit.Context, again bool) {
	if again {
		r.reopen(k)
	}
	self := k.Self()
	for _, l := range r.listeners {
		logs.RPCListening.Log(r.log, logs.Listen.Is(l.Addr().String()), logs.Path.Is(r.cookie))
		k.Go("serve", func(ctx context.Context) {
			if err := r.server.Serve(ctx, l, grace); err != nil && ctx.Err() == nil {
				self.Post(&closed{err})
			}
		})
	}
}

// reopen opens the addresses of a former life.
func (r *keeper) reopen(k *kit.Context) {
	for i, old := range r.listeners {
		l, err := k.Env().Listen("tcp", old.Addr().String())
		if err != nil {
			k.Fail(fmt.Errorf("opening %s again: %w", old.Addr(), err))
		}
		r.listeners[i] = l
	}
}

// observe sends what happens at the door to the log.
func (o *Options) observe(log *logs.Logger) {
	o.OnPanic = func(method string, reason any, stack []byte) {
		logs.RPCPanicked.Log(log, logs.Method.Is(method), logs.Reason.Is(fmt.Sprint(reason)), logs.Stack.Is(string(stack)))
	}
	o.OnRefused = func(user, remote, why string) {
		logs.RPCDenied.Log(log, logs.User.Is(user), logs.Client.Is(remote), logs.Reason.Is(why))
	}
	o.OnCall = func(method, user string, failed *Error, took time.Duration) {
		if !logs.RPCCall.On(log) {
			return
		}
		code := int64(0)
		if failed != nil {
			code = int64(failed.Code)
		}
		logs.RPCCall.Log(log, logs.Method.Is(method), logs.User.Is(user), logs.Code.Is(code), logs.TookMS.Is(took))
	}
	o.OnOverload = func() { logs.RPCOverload.Log(log, logs.Count.Is(1)) }
}
