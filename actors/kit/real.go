package kit

import (
	"context"
	crand "crypto/rand"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// NewReal returns the machine's world. Each node has one.
func NewReal() Env {
	e := &realEnv{start: time.Now()}
	e.workers.Store(newWorkers())
	return e
}

type realEnv struct {
	start   time.Time
	mock    atomic.Pointer[time.Time]
	workers atomic.Pointer[workers]

	mu       sync.Mutex
	attached int
	nodes    int
}

func (e *realEnv) Now() time.Time {
	if t := e.mock.Load(); t != nil {
		return *t
	}
	return time.Now()
}

func (e *realEnv) SetMock(t time.Time) {
	if t.IsZero() {
		e.mock.Store(nil)
		return
	}
	e.mock.Store(&t)
}

func (e *realEnv) Mono() time.Duration { return time.Since(e.start) }

func (e *realEnv) Rand(string) *rand.Rand {
	var seed [32]byte
	crand.Read(seed[:]) // never fails: the runtime ends the process instead
	return rand.New(rand.NewChaCha8(seed))
}

func (e *realEnv) AfterFunc(d time.Duration, f func()) func() bool {
	return time.AfterFunc(d, f).Stop
}

func (e *realEnv) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *realEnv) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

func (e *realEnv) Listen(network, address string) (net.Listener, error) {
	return net.Listen(network, address)
}

func (e *realEnv) schedule(fn func(), _ string) { e.workers.Load().run(fn) }
func (e *realEnv) oneStep() bool                { return false }
func (e *realEnv) step(string, string)          {}

func (e *realEnv) attach() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.nodes++
	if e.attached++; e.attached == 1 && e.nodes > 1 {
		e.workers.Store(newWorkers())
	}
	return e.nodes
}

func (e *realEnv) detach() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.attached--; e.attached == 0 {
		e.workers.Load().close()
	}
}

func (e *realEnv) goRun(_ string, fn func()) func() {
	go fn()
	return func() {}
}

func (e *realEnv) newGate() gate { return &realGate{ch: make(chan struct{})} }

type realGate struct {
	once sync.Once
	ch   chan struct{}
}

func (g *realGate) open() { g.once.Do(func() { close(g.ch) }) }

func (g *realGate) wait(ctx context.Context, d time.Duration) error {
	var late <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-g.ch:
		return nil
	default:
	}
	select {
	case <-g.ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-late:
		return ErrTimeout
	}
}

// workers runs actors' turns on goroutines that are kept warm for the next turn.
// A fresh goroutine starts on 2 KB of stack, which the frames of one turn
// overflow: copying stacks was most of the cost of waking an idle actor.
type workers struct {
	work chan func()
	quit chan struct{}
	once sync.Once
	idle atomic.Int32
}

const maxIdleWorkers = 64

func newWorkers() *workers {
	return &workers{work: make(chan func()), quit: make(chan struct{})}
}

func (w *workers) run(fn func()) {
	select {
	case w.work <- fn:
	default:
		go w.worker(fn)
	}
}

func (w *workers) worker(fn func()) {
	for {
		fn()
		if w.idle.Add(1) > maxIdleWorkers {
			w.idle.Add(-1)
			return
		}
		select {
		case fn = <-w.work:
			w.idle.Add(-1)
		case <-w.quit:
			w.idle.Add(-1)
			return
		}
	}
}

func (w *workers) close() { w.once.Do(func() { close(w.quit) }) }
