package kit

import (
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"time"
)

// Sim is a world in which everything that happens is chosen by a seed: one turn
// at a time, of an actor, a timer or a goroutine, picked among those that could
// run. The same seed gives the same trace of a whole actor system.
//
// A Sim belongs to one goroutine, which drives it (Settle, Advance) or waits in
// it (System.Ask, System.Stop, a simulated connection): waiting runs it. Its
// clock stands still while anything can run, and then jumps to the next timer.
// Several systems may share a Sim: a network of simulated nodes. Stop each.
type Sim struct {
	rng      *rand.Rand
	seed     uint64
	now      time.Duration
	mock     time.Time
	ready    []turn
	timers   simTimers
	timerNo  uint64
	procs    []*proc // not yet ended
	current  *proc
	turning  bool // an actor's turn is running
	steps    int
	nodes    int // systems ever
	attached int // systems not yet stopped
	sum      hash.Hash
	Record   bool // keep the trace as lines, for a look at what differs
	lines    []string
	net      simNet
}

type turn struct {
	run  func()
	name string
}

// simEpoch is the wall clock at the start of every simulation: a weekday in 2026.
var simEpoch = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// ErrStalled ends a wait in a simulation in which nothing can happen any more.
var ErrStalled = errors.New("the simulation is quiet: no turn, no timer, and what was waited for did not happen")

// NewSim makes a world from a seed.
func NewSim(seed uint64) *Sim {
	s := &Sim{rng: rand.New(rand.NewPCG(seed, 0x7472_6f75_7065)), seed: seed, sum: sha256.New()}
	s.net.sim = s
	return s
}

// Now is the simulated wall clock, or the mock time.
func (s *Sim) Now() time.Time {
	if !s.mock.IsZero() {
		return s.mock
	}
	return simEpoch.Add(s.now)
}

// SetMock fixes Now; the zero time lets it go again.
func (s *Sim) SetMock(t time.Time) { s.mock = t }

// Mono is the simulated time since the start.
func (s *Sim) Mono() time.Duration { return s.now }

// Rand depends on the seed and the label only.
func (s *Sim) Rand(label string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(label))
	return rand.New(rand.NewPCG(s.seed, h.Sum64()))
}

// AfterFunc queues f as a turn at its simulated time.
func (s *Sim) AfterFunc(d time.Duration, f func()) func() bool {
	s.timerNo++
	t := &simTimer{at: s.now + max(d, 0), no: s.timerNo, f: f}
	heap.Push(&s.timers, t)
	return func() bool {
		was := t.f != nil
		t.f = nil
		return was
	}
}

// Sleep waits in simulated time.
func (s *Sim) Sleep(ctx context.Context, d time.Duration) error {
	err := s.newGate().wait(ctx, max(d, 1))
	if errors.Is(err, ErrTimeout) {
		return nil
	}
	return err
}

// Steps counts the turns so far.
func (s *Sim) Steps() int { return s.steps }

// Trace is a digest of every turn so far: who ran and what it handled.
func (s *Sim) Trace() [32]byte { return [32]byte(s.sum.Sum(nil)) }

// Lines is the trace in words, if Record was set.
func (s *Sim) Lines() []string { return s.lines }

// Note adds a line of a test's own to the trace.
func (s *Sim) Note(line string) { s.step("test", line) }

func (s *Sim) step(actor, what string) {
	var at [8]byte
	binary.LittleEndian.PutUint64(at[:], uint64(s.now))
	s.sum.Write(at[:])
	s.sum.Write([]byte(actor))
	s.sum.Write([]byte{0})
	s.sum.Write([]byte(what))
	s.sum.Write([]byte{0})
	if s.Record {
		s.lines = append(s.lines, fmt.Sprintf("%v %s %s", s.now, actor, what))
	}
}

func (s *Sim) schedule(fn func(), name string) { s.ready = append(s.ready, turn{fn, name}) }

func (s *Sim) oneStep() bool { return true }

// Step runs one turn, chosen by the seed; false if nothing can run now.
func (s *Sim) Step() bool {
	if s.turning || s.current != nil {
		panic("kit: a simulation was driven from inside one of its turns")
	}
	if len(s.ready) == 0 {
		return false
	}
	i := s.rng.IntN(len(s.ready))
	t := s.ready[i]
	last := len(s.ready) - 1
	s.ready[i] = s.ready[last]
	s.ready[last] = turn{}
	s.ready = s.ready[:last]
	s.steps++
	s.turning = true
	defer func() { s.turning = false }()
	t.run()
	return true
}

// Settle runs until nothing can run at the present time.
func (s *Sim) Settle() {
	for s.Step() {
	}
}

// Advance settles, then lets time pass, with everything that comes due.
func (s *Sim) Advance(d time.Duration) {
	end := s.now + d
	for s.Settle(); s.jump(end); s.Settle() {
	}
	s.now = end
}

// jump moves the clock to the next timer, if it is due by end, and makes every
// timer of that moment a turn.
func (s *Sim) jump(end time.Duration) bool {
	s.timers.prune()
	if len(s.timers) == 0 || s.timers[0].at > end {
		return false
	}
	s.now = max(s.now, s.timers[0].at)
	for len(s.timers) > 0 && s.timers[0].at <= s.now {
		t := heap.Pop(&s.timers).(*simTimer)
		s.schedule(func() {
			if f := t.f; f != nil {
				t.f = nil
				f()
			}
		}, "timer")
	}
	return true
}

func (s *Sim) attach() int {
	s.attached++
	s.nodes++
	return s.nodes
}

// detach, by the last system, ends the goroutines that are left; they see no
// more than runtime.Goexit.
func (s *Sim) detach() {
	if s.attached--; s.attached > 0 {
		return
	}
	for len(s.procs) > 0 {
		p := s.procs[0]
		p.killed = true
		s.current = p
		s.hand(p)
		s.current = nil
	}
}

type simTimer struct {
	at time.Duration
	no uint64
	f  func()
}

type simTimers []*simTimer

func (t simTimers) Len() int { return len(t) }
func (t simTimers) Less(i, j int) bool {
	return t[i].at < t[j].at || t[i].at == t[j].at && t[i].no < t[j].no
}
func (t simTimers) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t *simTimers) Push(x any)   { *t = append(*t, x.(*simTimer)) }
func (t *simTimers) Pop() any {
	old := *t
	x := old[len(old)-1]
	*t = old[:len(old)-1]
	return x
}

// prune drops stopped timers from the front.
func (t *simTimers) prune() {
	for len(*t) > 0 && (*t)[0].f == nil {
		heap.Pop(t)
	}
}

// proc is a simulated goroutine: a real one that runs only while the simulation
// waits for it to park or end.
type proc struct {
	name   string
	resume chan struct{}
	parked chan struct{}
	queued bool
	ended  bool
	killed bool
}

func (s *Sim) goRun(name string, fn func()) (wake func()) {
	p := &proc{name: name, resume: make(chan struct{}), parked: make(chan struct{})}
	s.procs = append(s.procs, p)
	go func() {
		defer func() {
			p.ended = true
			for i := range s.procs {
				if s.procs[i] == p {
					s.procs = append(s.procs[:i], s.procs[i+1:]...)
					break
				}
			}
			p.parked <- struct{}{}
		}()
		<-p.resume
		if !p.killed {
			fn()
		}
	}()
	s.queue(p)
	return func() { s.queue(p) }
}

// queue queues a turn of the goroutine: it looks again at what it waits for.
func (s *Sim) queue(p *proc) {
	if p.queued || p.ended {
		return
	}
	p.queued = true
	s.schedule(func() {
		p.queued = false
		if p.ended {
			return
		}
		s.step(p.name, "runs")
		s.current = p
		s.hand(p)
		s.current = nil
	}, p.name)
}

// hand lets the goroutine run until it parks or ends.
func (s *Sim) hand(p *proc) {
	p.resume <- struct{}{}
	select {
	case <-p.parked:
		return
	default:
	}
	watchdog := time.NewTimer(time.Minute)
	defer watchdog.Stop()
	select {
	case <-p.parked:
	case <-watchdog.C:
		panic("kit: simulated goroutine " + p.name + " waits for something outside the simulation")
	}
}

// park is called by the running goroutine; it returns when it has been woken.
func (s *Sim) park() {
	p := s.current
	p.parked <- struct{}{}
	<-p.resume
	if p.killed {
		runtime.Goexit()
	}
}

// simGate is a gate, and the condition on which goroutines wait in general.
type simGate struct {
	sim     *Sim
	isOpen  bool
	waiters []*proc
}

func (s *Sim) newGate() gate { return &simGate{sim: s} }

func (g *simGate) open() {
	g.isOpen = true
	g.signal()
}

// signal wakes all who wait here, to look again.
func (g *simGate) signal() {
	for _, p := range g.waiters {
		g.sim.queue(p)
	}
	g.waiters = nil
}

func (g *simGate) wait(ctx context.Context, d time.Duration) error {
	return g.until(ctx, d, func() bool { return g.isOpen })
}

// until waits for a condition of which signal tells. A goroutine parks; an
// outsider runs the simulation; a handler must not wait at all.
func (g *simGate) until(ctx context.Context, d time.Duration, ok func() bool) error {
	s := g.sim
	late := false
	if d > 0 && !ok() {
		p := s.current
		stop := s.AfterFunc(d, func() {
			late = true
			if p != nil {
				s.queue(p)
			}
		})
		defer stop()
	}
	for {
		switch {
		case ok():
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case late:
			return ErrTimeout
		}
		if s.current != nil {
			g.waiters = append(g.waiters, s.current)
			s.park()
			continue
		}
		if s.turning {
			panic("kit: a handler waited; only goroutines of Context.Go and outsiders may")
		}
		if !s.Step() && !s.jump(1<<62) {
			return ErrStalled
		}
	}
}
