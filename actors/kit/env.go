package kit

import (
	"context"
	"math/rand/v2"
	"net"
	"time"
)

// Env is the outside world of a node: clock, randomness, network and the
// running of code. NewReal is the machine, NewSim a seeded simulation of one.
// Actors take none of these from anywhere else.
type Env interface {
	// Now is the node's clock: the mock time while one is set (setmocktime), the
	// wall clock otherwise. Protocol timeouts, bans and block times use it; they
	// are compared on a tick (Context.Every of about 100 ms), never armed.
	Now() time.Time
	// SetMock fixes Now; the zero time returns to the clock. Nothing else moves.
	SetMock(t time.Time)
	// Mono is the time since the Env was made. It never jumps.
	Mono() time.Duration
	// Rand returns a generator of its own for a user, named by label. It is for
	// one goroutine. Real ones are seeded from the system and fit for salts.
	Rand(label string) *rand.Rand
	// AfterFunc runs f once after d of monotonic time, unless stopped before.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
	// Sleep is for goroutines started by Context.Go and for outsiders.
	Sleep(ctx context.Context, d time.Duration) error
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	Listen(network, address string) (net.Listener, error)

	running
}

// running is how code runs. It seals Env: the two worlds are made here.
type running interface {
	schedule(fn func(), name string)
	oneStep() bool                              // an actor handles one message per turn, then queues again
	newGate() gate                              // something to wait for
	goRun(name string, fn func()) (wake func()) // start a goroutine; wake makes it look at its ctx
	step(actor, what string)                    // trace
	attach() (node int)                         // one system more; numbered, so that nodes differ
	detach()                                    // the last one ends what runs on
}

// gate opens once. wait returns nil when it is open, ctx's error, or ErrTimeout
// after d (if d > 0). Only goroutines and outsiders wait, never a handler.
type gate interface {
	open()
	wait(ctx context.Context, d time.Duration) error
}
