package kit

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// System is all the actors of one node.
type System struct {
	env    Env
	events EventListener
	proto  *actor.ActorSystem
	root   *actor.RootContext
	id     uint64 // in protoactor's names; differs between two runs of a seed
	node   int    // among the systems of its Env; does not
	fatal  chan error

	periodic sync.Map // *Timer: those that fire again and again

	mu        sync.Mutex
	rng       *rand.Rand
	live      map[*cell]struct{}
	names     map[string]uint64
	spawned   uint64
	refused   map[string]bool // kinds that are being shut down
	ending    bool
	lost      map[string]int
	reporting []*cell // have counts to be told
}

var systems atomic.Uint64

// NewSystem makes an empty system. Nothing runs until something is spawned.
func NewSystem(env Env, events EventListener) *System {
	s := &System{
		env:     env,
		events:  events.withDefaults(),
		id:      systems.Add(1),
		fatal:   make(chan error, 1),
		live:    map[*cell]struct{}{},
		names:   map[string]uint64{},
		refused: map[string]bool{},
		lost:    map[string]int{},
	}
	s.node = env.attach()
	s.rng = s.rand("supervision")
	if _, simulated := env.(*Sim); simulated {
		s.proto = sharedProto() // its registry costs 3 MB and 7 ms to make
	} else {
		s.proto = newProto(s.events.Framework)
	}
	s.root = s.proto.Root.Copy().WithGuardian(supervisor{})
	return s
}

// rand makes a generator for somebody of this node.
func (s *System) rand(label string) *rand.Rand {
	return s.env.Rand(fmt.Sprintf("%d/%s", s.node, label))
}

// Env is the system's outside world.
func (s *System) Env() Env { return s.env }

// Fatal delivers the failure of an actor whose policy ends the process. Main
// stops the system in order and exits with code 70.
func (s *System) Fatal() <-chan error { return s.fatal }

func (s *System) reportFatal(err error) {
	select {
	case s.fatal <- err:
	default: // one is enough to end the process
	}
}

// Spawn starts an actor at the top of the tree. It returns before Started is handled.
func (s *System) Spawn(spec Spec) Ref { return s.spawn(nil, spec) }

func (s *System) spawn(parent *cell, spec Spec) Ref {
	if spec.Kind == "" || spec.New == nil {
		panic("kit: a Spec needs a Kind and a New")
	}
	if spec.Slow == 0 {
		spec.Slow = 50 * time.Millisecond
	}
	if spec.GoDeadline == 0 {
		spec.GoDeadline = 5 * time.Second
	}
	c := &cell{sys: s, spec: spec, parent: parent, done: s.env.newGate()}
	c.box = mailbox{cell: c, env: s.env, limits: spec.Mailbox.withDefaults()}
	for i := range c.box.lanes {
		c.box.lanes[i].begin(c.box.limits[i].Messages)
	}
	c.box.turn = c.box.run
	if !s.enter(c) { // whoever lists the actors finds it from here on, complete
		return Ref{}
	}
	props := actor.PropsFromProducer(func() actor.Actor { return c },
		actor.WithMailbox(func() actor.Mailbox { return &c.box }),
		actor.WithSupervisor(supervisor{}),
		actor.WithOnInit(func(ctx actor.Context) { c.pctx = ctx }))
	s.events.Spawned(c.info)
	id := fmt.Sprintf("%d:%d", s.id, c.info.Instance)
	if parent == nil {
		if _, err := s.root.SpawnNamed(props, id); err != nil {
			panic(err) // ids are never used twice
		}
		return Ref{c}
	}
	pid, err := parent.pctx.SpawnNamed(props, id)
	if err != nil {
		panic(err)
	}
	if parent.children == nil {
		parent.children = map[string]*cell{}
	}
	parent.children[pid.Id] = c
	return Ref{c}
}

// enter gives a name and lists the actor, unless its kind is shut down.
func (s *System) enter(c *cell) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending || s.refused[c.spec.Kind] {
		return false
	}
	s.spawned++
	c.info = ActorInfo{Kind: c.spec.Kind, Instance: s.spawned, Peer: c.spec.Peer}
	if c.parent != nil {
		c.info.Parent = c.parent.info.Name
	}
	base := c.spec.Name
	if base == "" {
		base = c.spec.Kind
	}
	s.names[base]++
	n := s.names[base]
	if c.spec.Name != "" && n == 1 {
		c.info.Name = base
	} else {
		c.info.Name = fmt.Sprintf("%s-%d", base, n)
	}
	s.live[c] = struct{}{}
	return true
}

func (s *System) remove(c *cell) {
	s.mu.Lock()
	delete(s.live, c)
	s.mu.Unlock()
}

// cells lists the living of these kinds (all if nil), the youngest first: in
// that order children come before their parents.
func (s *System) cells(kinds map[string]bool) []*cell {
	s.mu.Lock()
	out := make([]*cell, 0, len(s.live))
	for c := range s.live {
		if kinds == nil || kinds[c.info.Kind] {
			out = append(out, c)
		}
	}
	s.mu.Unlock()
	sort.Slice(out, func(i, j int) bool { return out[i].info.Instance > out[j].info.Instance })
	return out
}

// Stop asks an actor to end, drained if its Spec says so.
func (r Ref) Stop(reason error) {
	if r.c != nil {
		r.c.requestStop(reason, r.c.spec.Drain)
	}
}
