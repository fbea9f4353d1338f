package rpc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/mining"
	"github.com/troupe-node/troupe/wire"
)

// Node is what the methods work on. The assembly of the node fills it in and does
// not change it afterwards.
type Node struct {
	Board  *msg.Board
	Cast   *msg.Cast
	System *kit.System
	Config *config.Config
	Log    *logs.Logger // nil: silent

	Limits mining.Limits // of templates

	Services  wire.Services
	UserAgent string    // of the version message; getnetworkinfo's subversion
	Started   time.Time // by the real clock

	// Barrier waits until everything sent to the cast before has had its effect.
	Barrier func(context.Context) error
	// Stop begins an ordered stop and returns at once.
	Stop func()

	tips      signal    // rings when the tip may have moved
	templates templates // of getblocktemplate
	scan      scan      // of scantxoutset
	wishes    wishes    // of logging
}

// errUnavailable is what reads answer before the chain is there.
var errUnavailable = Errorf(CodeInWarmup, "Loading block index...")

// patience is how long a method waits for an actor that does not answer. Minting
// and reorganisations take as long as they take, while the caller holds the line.
const patience = 10 * time.Minute

// now is the node's clock: the mock time while one is set.
func (n *Node) now() time.Time { return n.System.Env().Now() }

// chain is the published view of the chain, for what needs headers alone.
func (n *Node) chain() (*chainstate.Snapshot, error) {
	if s := n.Board.Tip(); s != nil {
		return s, nil
	}
	return nil, errUnavailable
}

// pinned is the published view with its coins and bodies readable until Release.
func (n *Node) pinned() (*chainstate.Snapshot, error) {
	for {
		s, err := n.chain()
		if err != nil || s.Acquire() {
			return s, err
		}
		// Replaced and released between the two steps: the board has a newer one.
	}
}

func (n *Node) pool() (*mempool.View, error) {
	if v := n.Board.Pool(); v != nil {
		return v, nil
	}
	return nil, errUnavailable
}

// mockable tells whether the chain is one on which the operator may set the
// clock.
func (n *Node) mockable() bool { return n.Board.Params.Mockable }

// warnings is a list, empty when there are none, or with -deprecatedrpc=warnings
// the last of them alone.
func (n *Node) warnings() any {
	list := append([]string{}, n.Board.Warnings()...)
	switch {
	case !slices.Contains(n.Config.RPC.Deprecated, "warnings"):
		return list
	case len(list) == 0:
		return ""
	}
	return list[len(list)-1]
}

// ask sends a command to an actor and waits for its answer.
func ask[T any](ctx context.Context, n *Node, to kit.Ref, message any) (answer T, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	raw, err := n.System.Ask(ctx, to, message)
	switch {
	case errors.Is(err, context.Canceled):
		return answer, Errorf(CodeNotConnected, "Shutting down")
	case err != nil:
		return answer, Errorf(CodeInternal, "%s: %s", to.Kind(), err)
	}
	answer, ok := raw.(T)
	if !ok {
		return answer, fmt.Errorf("%s answered %T", to.Kind(), raw)
	}
	return answer, nil
}

// signal wakes everybody who waits, as often as it rings.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait returns a channel that closes at the next ring.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}

// recheck is how often waiters look for themselves: a tip event may be lost with
// an actor that restarts.
const recheck = time.Second

// waitTip waits until done holds for the tip, the timeout has passed (zero: none),
// or the server stops, and returns the tip as it is then.
func (n *Node) waitTip(ctx context.Context, timeout time.Duration, done func(*chainstate.Node) bool) (*chainstate.Node, error) {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	poll := time.NewTicker(recheck)
	defer poll.Stop()
	for {
		rang := n.tips.wait()
		s, err := n.chain()
		if err != nil {
			return nil, err
		}
		if done(s.Tip()) || ctx.Err() != nil {
			return s.Tip(), nil
		}
		select {
		case <-rang:
		case <-poll.C:
		case <-ctx.Done():
		}
	}
}
