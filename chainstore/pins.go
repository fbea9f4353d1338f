package chainstore

import (
	"sync"
	"sync/atomic"
	"time"
)

// pins is the list of open snapshots, oldest first. Snapshots always pin the last commit, so that order of age is order of
// sequence, and the first entry says what the store may forget.
type pins struct {
	mu          sync.Mutex
	first, last *Snapshot
	open        int
	state       *atomic.Pointer[State]
	limit       time.Duration // zero: none
	now         func() time.Time
}

type pin struct {
	prev, next *Snapshot
	opened     time.Time
	held       bool // in the list
	expired    atomic.Bool
	released   atomic.Bool
}

func (p *pin) err() error {
	if p.expired.Load() {
		return ErrSnapshotExpired
	}
	if p.released.Load() {
		return ErrClosed
	}
	return nil
}

func (p *pins) add(s *Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep()
	// Read under the lock: a commit that publishes after this asks oldest after it, too, and finds this pin.
	s.state = *p.state.Load()
	s.pin.opened = p.now()
	s.pin.held = true
	s.pin.prev = p.last
	if p.last == nil {
		p.first = s
	} else {
		p.last.pin.next = s
	}
	p.last = s
	p.open++
}

func (p *pins) remove(s *Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.pin.released.Store(true)
	p.unlink(s)
}

func (p *pins) unlink(s *Snapshot) {
	if !s.pin.held {
		return
	}
	s.pin.held = false
	if s.pin.prev == nil {
		p.first = s.pin.next
	} else {
		s.pin.prev.pin.next = s.pin.next
	}
	if s.pin.next == nil {
		p.last = s.pin.prev
	} else {
		s.pin.next.pin.prev = s.pin.prev
	}
	s.pin.prev, s.pin.next = nil, nil
	p.open--
}

// sweep expires snapshots older than the limit. One that pins the present state costs nothing and stays.
func (p *pins) sweep() {
	if p.limit == 0 {
		return
	}
	now, seq := p.now(), p.state.Load().Seq
	for s := p.first; s != nil && s.state.Seq < seq && now.Sub(s.pin.opened) > p.limit; s = p.first {
		s.pin.expired.Store(true)
		p.unlink(s)
	}
}

// oldest is the lowest sequence that somebody may still read.
func (p *pins) oldest() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep()
	if p.first != nil {
		return p.first.state.Seq
	}
	return p.state.Load().Seq
}

// count is the number of open snapshots.
func (p *pins) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}
