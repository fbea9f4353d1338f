package kit

import (
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// mailbox is protoactor's Mailbox with bounded lanes. protoactor's own messages
// (started, stop, restart, failures of children) queue apart and come first, as
// in its stock mailbox; ours come by post, never through a PID.
type mailbox struct {
	cell    *cell
	env     Env
	limits  Lanes
	invoker actor.MessageInvoker
	turn    func() // m.run, bound once

	mu        sync.Mutex
	system    []any
	lanes     [NumLanes]lane
	cursor    Lane // round robin over the weighted lanes
	share     int  // turns left for the lane at the cursor
	running   bool // a turn is scheduled or running
	suspended bool // failed, waiting for its supervisor
	closed    bool // stopping: nothing more is accepted
	draining  bool // handle what is queued, accept answers only, then stop
	dead      bool
	calls     calls
	counts    map[countKey]*count
	stats     stats

	// Only the running turn touches these.
	now   int64
	cur   item // the message being handled; here so that it does not escape
	ended account
}

// account is the finished handler whose figures wait for the next lock.
type account struct {
	any        bool
	run, queue time.Duration
}

// stats are written under mu by the turn and read by Tree.
type stats struct {
	handled  uint64
	busy     time.Duration
	queued   time.Duration
	longest  time.Duration
	last     *class
	since    int64 // start of the running handler, 0 when none runs
	shed     uint64
	lateness uint64 // late answers
}

func (m *mailbox) isDead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

// post queues a message of ours.
func (m *mailbox) post(it item, from *cell) Result {
	it.at = int64(m.env.Mono())
	c := it.class
	l := &m.lanes[c.Lane]
	var old any
	var mark int
	m.mu.Lock()
	if m.closed || m.draining && from != m.cell {
		report := m.count(c, dead, it.at)
		m.mu.Unlock()
		m.cell.sys.tell(report)
		release(it.msg)
		return Dead
	}
	key := uint64(0)
	replaced, room := false, true
	if c.Full == Conflate {
		key = keyOf(c, it.msg)
		old, replaced = l.conflate(it, key)
		room = !c.keyed
	} else {
		room = false
	}
	if !replaced {
		if !room && l.full(m.limits[c.Lane], it.size) {
			m.stats.shed++
			if from != nil && c.Full == Hold {
				l.waiting = addWaiter(l.waiting, Ref{from})
			}
			report := m.count(c, refused, it.at)
			m.mu.Unlock()
			m.cell.sys.tell(report)
			if c.Full == Shed || c.Full == Conflate {
				release(it.msg)
			}
			return Full
		}
		mark = l.push(it)
		if c.Full == Conflate {
			l.remember(it, key)
		}
	}
	depth, bytes := l.n, l.bytes
	wake := m.wake()
	m.mu.Unlock()
	if wake {
		m.env.schedule(m.turn, m.cell.info.Name)
	}
	if replaced {
		release(old)
	}
	if mark > 0 {
		m.cell.sys.events.HighWater(HighWater{Actor: m.cell.info, Lane: c.Lane, Mark: mark, Depth: depth, Bytes: bytes})
	}
	return Ok
}

func addWaiter(waiting []Ref, r Ref) []Ref {
	for _, w := range waiting {
		if w == r {
			return waiting
		}
	}
	return append(waiting, r)
}

// push queues past the limits: answers, timers and notices, whose number is
// bounded by the slots kept for them. The caller holds mu and schedules on true.
func (m *mailbox) push(on Lane, it item) (wake bool) {
	it.at = int64(m.env.Mono())
	m.lanes[on].push(it)
	return m.wake()
}

// notice posts a message of the kit past the limits of the control lane.
func (m *mailbox) notice(msg any) bool {
	it := item{msg: msg, class: classOf(msg)}
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return false
	}
	wake := m.push(Control, it)
	m.mu.Unlock()
	if wake {
		m.env.schedule(m.turn, m.cell.info.Name)
	}
	return true
}

func (m *mailbox) wake() bool {
	if m.running {
		return false
	}
	m.running = true
	return true
}

// PostUserMessage is protoactor's way in. Nothing of ours uses it.
func (m *mailbox) PostUserMessage(msg any) { m.notice(msg) }

// PostSystemMessage queues a message of protoactor or of the kit's machinery.
func (m *mailbox) PostSystemMessage(msg any) {
	m.mu.Lock()
	m.system = append(m.system, msg)
	wake := m.wake()
	m.mu.Unlock()
	if wake {
		m.env.schedule(m.turn, m.cell.info.Name)
	}
}

// RegisterHandlers is called by protoactor before the first message.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, _ actor.Dispatcher) {
	m.invoker = invoker
}

// Start is part of protoactor's interface.
func (m *mailbox) Start() {}

// UserMessageCount is part of protoactor's interface.
func (m *mailbox) UserMessageCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for i := range m.lanes {
		n += m.lanes[i].n
	}
	return n
}

// run is one turn: messages until none is left, or one in a simulation.
func (m *mailbox) run() {
	m.now = int64(m.env.Mono())
	if m.env.oneStep() {
		m.step()
		m.mu.Lock()
		m.book()
		again := len(m.system) > 0 || m.hasWork()
		m.running = again
		m.mu.Unlock()
		if again {
			m.env.schedule(m.turn, m.cell.info.Name)
		}
		return
	}
	for i := 1; m.step(); i++ {
		if i%300 == 0 {
			runtime.Gosched()
		}
	}
}

// hasWork tells whether step would do something; the caller holds mu.
func (m *mailbox) hasWork() bool {
	if m.suspended || m.closed {
		return false
	}
	if m.draining && m.calls.open() == 0 {
		return true
	}
	for i := range m.lanes {
		if m.lanes[i].n > 0 {
			return true
		}
	}
	return false
}

// step handles one message. False ends the turn: nothing was left.
func (m *mailbox) step() bool {
	it := &m.cur
	m.mu.Lock()
	m.book()
	if len(m.system) > 0 {
		msg := m.system[0]
		m.system[0] = nil
		m.system = m.system[1:]
		m.mu.Unlock()
		m.handleSystem(msg)
		m.now = int64(m.env.Mono())
		return true
	}
	on := NumLanes
	if !m.suspended && !m.closed {
		on = m.next(it)
	}
	if on == NumLanes {
		if m.draining && !m.suspended && !m.closed && m.calls.open() == 0 {
			m.draining = false
			m.mu.Unlock()
			m.handleSystem(stopNow)
			return true
		}
		m.running = false
		m.mu.Unlock()
		return false
	}
	if on == Reply {
		m.calls.queued-- // the kept slot is free again
	}
	room := m.room(on)
	m.stats.last = it.class
	m.stats.since = max(m.now, 1)
	m.mu.Unlock()
	for _, r := range room {
		r.c.box.notice(Room{From: Ref{m.cell}, Lane: on})
	}
	m.env.step(m.cell.info.Name, it.class.name)
	m.invoke(it)
	m.account(it)
	*it = item{}
	return true
}

// next picks by lane: control, reply, then the rest by weight. It returns the
// lane served, NumLanes if all are empty.
func (m *mailbox) next(it *item) Lane {
	for on := Control; on <= Reply; on++ {
		if m.lanes[on].pop(it) {
			return on
		}
	}
	for range 2 * NumLanes {
		if m.share > 0 && m.lanes[m.cursor].pop(it) {
			m.share--
			return m.cursor
		}
		if m.cursor++; m.cursor >= NumLanes {
			m.cursor = Block
		}
		m.share = weights[m.cursor]
	}
	return NumLanes
}

// room takes the senders to be told that a lane has drained to half.
func (m *mailbox) room(on Lane) []Ref {
	l := &m.lanes[on]
	if len(l.waiting) == 0 {
		return nil
	}
	if lim := m.limits[on]; l.n > lim.Messages/2 || l.bytes > lim.Bytes/2 {
		return nil
	}
	waiting := l.waiting
	l.waiting = nil
	return waiting
}

// account measures the handler that has ended; book enters it at the next lock.
func (m *mailbox) account(it *item) {
	start, end := m.now, int64(m.env.Mono())
	m.now = end
	m.ended = account{any: true, run: time.Duration(end - start), queue: time.Duration(max(start-it.at, 0))}
	if m.ended.run >= m.cell.spec.Slow {
		m.cell.sys.events.SlowHandler(SlowHandler{Actor: m.cell.info, MsgType: it.class.name, Queue: m.ended.queue, Run: m.ended.run})
	}
}

// book enters the ended handler; the caller holds mu.
func (m *mailbox) book() {
	if !m.ended.any {
		return
	}
	m.stats.handled++
	m.stats.busy += m.ended.run
	m.stats.queued += m.ended.queue
	m.stats.longest = max(m.stats.longest, m.ended.run)
	m.stats.since = 0
	m.ended.any = false
}

// invoke hands one of our messages to the actor, through protoactor.
func (m *mailbox) invoke(it *item) {
	defer func() {
		if r := recover(); r != nil {
			m.failed(r, it)
		}
	}()
	m.cell.current = it
	m.invoker.InvokeUserMessage(it.msg)
	m.cell.current = nil
}

// failed turns a panic into a failure of the actor. It runs while the stack of
// the panic is still there.
func (m *mailbox) failed(reason any, it *item) {
	m.cell.current = nil
	f := newFailure(m.cell, reason, it.class.name, debug.Stack())
	release(it.msg)
	it.reply.Refuse(f)
	m.cell.fail(f)
}
