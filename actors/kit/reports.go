package kit

import (
	"sort"
	"time"
)

// Refused and dead-lettered messages are counted in the mailbox they did not get
// into. The first is told at once, the rest at most once a second, so that a
// flood does not become a flood of reports.

type countWhat uint8

const (
	refused countWhat = iota // the lane was full
	dead                     // the actor had stopped
)

type countKey struct {
	class *class
	what  countWhat
}

type count struct {
	key            countKey
	pending, total uint64
	last           int64 // Mono of the last report
}

// report is what there is to tell; the zero report is nothing.
type report struct {
	cell *cell
	arm  bool // the system's timer has to run
	count
}

// count adds one; the caller holds mu and passes the report on after it.
func (m *mailbox) count(c *class, what countWhat, now int64) report {
	key := countKey{c, what}
	n := m.counts[key]
	if n == nil {
		if m.counts == nil {
			m.counts = map[countKey]*count{}
		}
		n = &count{key: key, last: now - int64(time.Second)}
		m.counts[key] = n
	}
	n.pending++
	n.total++
	if now-n.last >= int64(time.Second) {
		return report{cell: m.cell, count: n.take(now)}
	}
	return report{cell: m.cell, arm: n.pending == 1}
}

func (n *count) take(now int64) count {
	out := *n
	n.pending, n.last = 0, now
	return out
}

// tell passes a report to the listener, or has the rest told later.
func (s *System) tell(r report) {
	if r.arm {
		s.mu.Lock()
		s.reporting = append(s.reporting, r.cell)
		arm := len(s.reporting) == 1
		s.mu.Unlock()
		if arm {
			s.env.AfterFunc(time.Second, s.flushReports)
		}
		return
	}
	if r.pending == 0 {
		return
	}
	if r.key.what == dead {
		s.events.DeadLetter(DeadLetter{Actor: r.cell.info, MsgType: r.key.class.name, Count: r.pending})
		return
	}
	s.events.Shed(Shedding{Actor: r.cell.info, MsgType: r.key.class.name, Reason: r.key.class.Full.String(), Count: r.pending, Total: r.total})
}

// flushReports tells everything that is pending.
func (s *System) flushReports() {
	s.mu.Lock()
	cells := s.reporting
	s.reporting = nil
	s.mu.Unlock()
	for _, c := range cells {
		for _, r := range c.box.pendingReports() {
			s.tell(r)
		}
	}
}

func (m *mailbox) pendingReports() []report {
	now := int64(m.env.Mono())
	var out []report
	m.mu.Lock()
	for _, n := range m.counts {
		if n.pending > 0 {
			out = append(out, report{cell: m.cell, count: n.take(now)})
		}
	}
	m.mu.Unlock()
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i].key, out[j].key
		return a.class.name < b.class.name || a.class.name == b.class.name && a.what < b.what
	})
	return out
}
