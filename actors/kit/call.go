package kit

import (
	"context"
	"sort"
	"sync"
	"time"
)

// CallID is the correlation id of a call, unique in its caller's life.
type CallID uint64

// calls are the open calls of one actor, guarded by its mailbox's mutex. A slot
// in the reply lane is kept from the call until its answer has been dequeued, so
// the lane holds at most as many messages as calls were allowed.
type calls struct {
	last    uint64
	waiting map[uint64]*call
	queued  int // answers in the reply lane
	armed   time.Duration
	disarm  func() bool
}

type call struct {
	deadline time.Duration
	to       Ref
	class    *class
}

func (c *calls) open() int { return len(c.waiting) + c.queued }

// Call sends a request whose answer, or Timeout, comes back as a message with
// the same CallID. The receiver answers with Context.Reply or keeps
// Context.ReplyTo. On Full or Dead there is no call and nothing will come.
func (c *Context) Call(to Ref, msg any, timeout time.Duration) (CallID, Result) {
	m := &c.cell.box
	if to.c == nil {
		release(msg)
		return 0, Dead
	}
	cl := classOf(msg)
	deadline := m.env.Mono() + timeout
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		release(msg)
		return 0, Dead
	}
	if m.calls.open() >= m.limits[Reply].Messages || m.lanes[Reply].bytes > m.limits[Reply].Bytes {
		m.mu.Unlock()
		return 0, Full
	}
	m.calls.last++
	id := m.calls.last
	if m.calls.waiting == nil {
		m.calls.waiting = map[uint64]*call{}
	}
	m.calls.waiting[id] = &call{deadline: deadline, to: to, class: cl}
	m.arm(deadline)
	m.mu.Unlock()
	c.cell.checkEdge(to, cl)
	result := to.c.box.post(item{msg: msg, class: cl, size: cl.size(msg), reply: ReplyTo{to: c.cell, id: id}}, c.cell)
	if result != Ok {
		m.mu.Lock()
		delete(m.calls.waiting, id)
		m.mu.Unlock()
		return 0, result
	}
	return CallID(id), Ok
}

// arm sets the one deadline timer of the mailbox; the caller holds mu.
func (m *mailbox) arm(deadline time.Duration) {
	if m.calls.disarm != nil && m.calls.armed <= deadline {
		return
	}
	if m.calls.disarm != nil {
		m.calls.disarm()
	}
	m.calls.armed = deadline
	m.calls.disarm = m.env.AfterFunc(max(deadline-m.env.Mono(), 0), m.expire)
}

// expire ends the calls whose deadline has passed.
func (m *mailbox) expire() {
	now := m.env.Mono()
	m.mu.Lock()
	m.calls.disarm = nil
	var due []uint64
	next := time.Duration(0)
	for id, c := range m.calls.waiting {
		if c.deadline <= now {
			due = append(due, id)
		} else if next == 0 || c.deadline < next {
			next = c.deadline
		}
	}
	sort.Slice(due, func(i, j int) bool { return due[i] < due[j] })
	wake := false
	for _, id := range due {
		wake = m.end(id, ErrTimeout) || wake
	}
	if next > 0 && !m.closed {
		m.arm(next)
	}
	m.mu.Unlock()
	if wake {
		m.env.schedule(m.turn, m.cell.info.Name)
	}
}

// end closes a waiting call with Timeout in its kept slot; the caller holds mu.
func (m *mailbox) end(id uint64, err error) (wake bool) {
	c := m.calls.waiting[id]
	if c == nil || m.closed {
		return false
	}
	delete(m.calls.waiting, id)
	m.calls.queued++
	msg := Timeout{ID: CallID(id), To: c.to, Request: c.class.name, Err: err}
	return m.push(Reply, item{msg: msg, class: classOf(msg), reply: ReplyTo{id: id}})
}

// reply is replySink: an answer takes the slot that was kept for it.
func (c *cell) reply(id uint64, msg any) Result {
	m := &c.box
	cl := classOf(msg)
	size := cl.size(msg)
	m.mu.Lock()
	if m.closed || m.calls.waiting[id] == nil {
		m.stats.lateness++
		m.mu.Unlock()
		c.sys.events.LateReply(LateInfo{Actor: c.info, MsgType: cl.name})
		release(msg)
		return Dead
	}
	delete(m.calls.waiting, id)
	m.calls.queued++
	wake := m.push(Reply, item{msg: msg, class: cl, size: size, reply: ReplyTo{id: id}})
	m.mu.Unlock()
	if wake {
		m.env.schedule(m.turn, c.info.Name)
	}
	return Ok
}

// refuse is replySink: the call ends now.
func (c *cell) refuse(id uint64, err error) {
	m := &c.box
	m.mu.Lock()
	wake := m.end(id, err)
	m.mu.Unlock()
	if wake {
		m.env.schedule(m.turn, c.info.Name)
	}
}

// forgetCalls drops what the life before a restart was waiting for.
func (m *mailbox) forgetCalls() {
	m.mu.Lock()
	m.calls.waiting = nil
	m.calls.queued = 0
	if m.calls.disarm != nil {
		m.calls.disarm()
		m.calls.disarm = nil
	}
	var stale []item
	var it item
	for m.lanes[Reply].pop(&it) {
		stale = append(stale, it)
		m.stats.lateness++
	}
	m.mu.Unlock()
	for i := range stale {
		m.cell.sys.events.LateReply(LateInfo{Actor: m.cell.info, MsgType: stale[i].class.name})
		release(stale[i].msg)
	}
}

// Ask is the way in for those who are no actors and may wait: main, HTTP
// handlers, goroutines of Context.Go, tests. An answer that is an error comes
// back as the error. In a simulation it runs the simulation meanwhile.
func (s *System) Ask(ctx context.Context, to Ref, msg any) (any, error) {
	a := &asker{sys: s, to: to, gate: s.env.newGate()}
	switch to.post(msg, nil, ReplyTo{to: a, id: 1}) {
	case Dead:
		return nil, ErrDead
	case Full:
		return nil, ErrFull
	}
	err := a.gate.wait(ctx, 0)
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.done {
		a.done = true
		return nil, err
	}
	return a.answer, a.err
}

// asker is an outsider's reply slot.
type asker struct {
	sys    *System
	to     Ref
	gate   gate
	mu     sync.Mutex
	done   bool
	answer any
	err    error
}

func (a *asker) reply(_ uint64, msg any) Result {
	a.mu.Lock()
	if a.done {
		a.mu.Unlock()
		a.sys.events.LateReply(LateInfo{Actor: ActorInfo{Name: "outside", Kind: "outside"}, MsgType: classOf(msg).name})
		release(msg)
		return Dead
	}
	a.done = true
	if err, ok := msg.(error); ok {
		a.err = err
	} else {
		a.answer = msg
	}
	a.mu.Unlock()
	a.gate.open()
	return Ok
}

func (a *asker) refuse(_ uint64, err error) {
	a.mu.Lock()
	if a.done {
		a.mu.Unlock()
		return
	}
	a.done, a.err = true, err
	a.mu.Unlock()
	a.gate.open()
}
