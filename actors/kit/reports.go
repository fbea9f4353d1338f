package kit

import (
	"sort"
	"sync"
	"time"
)

// reports keeps counted events from becoming a flood of their own: the first is
// told at once, the rest at most once a second.
type reports struct {
	sys   *System
	mu    sync.Mutex
	by    map[reportKey]*count
	armed bool
}

type reportKey struct {
	cell   *cell
	class  *class
	reason string // a full policy, or "" for a dead letter
}

func (k reportKey) before(o reportKey) bool {
	if k.cell != o.cell {
		return k.cell.info.Instance < o.cell.info.Instance
	}
	if k.class != o.class {
		return k.class.name < o.class.name
	}
	return k.reason < o.reason
}

type count struct {
	key            reportKey
	pending, total uint64
	last           time.Duration
}

func (s *System) shed(c *cell, cl *class, reason string) {
	s.counts.add(reportKey{c, cl, reason})
}

func (s *System) deadLetter(c *cell, cl *class) {
	s.counts.add(reportKey{c, cl, ""})
}

func (r *reports) add(key reportKey) {
	now := r.sys.env.Mono()
	r.mu.Lock()
	n := r.by[key]
	if n == nil {
		if r.by == nil {
			r.by = map[reportKey]*count{}
		}
		n = &count{key: key, last: now - time.Second}
		r.by[key] = n
	}
	n.pending++
	n.total++
	tell := now-n.last >= time.Second
	var report count
	if tell {
		report = n.take(now)
	}
	arm := !r.armed
	r.armed = true
	r.mu.Unlock()
	if arm {
		r.sys.env.AfterFunc(time.Second, r.tick)
	}
	if tell {
		r.tell(report)
	}
}

func (n *count) take(now time.Duration) count {
	report := *n
	n.pending, n.last = 0, now
	return report
}

func (r *reports) tell(n count) {
	if n.key.reason == "" {
		r.sys.events.DeadLetter(DeadLetter{Actor: n.key.cell.info, MsgType: n.key.class.name, Count: n.pending})
		return
	}
	r.sys.events.Shed(Shedding{Actor: n.key.cell.info, MsgType: n.key.class.name, Reason: n.key.reason, Count: n.pending, Total: n.total})
}

// tick tells what is pending, and rests once nothing has come for a second.
func (r *reports) tick() {
	if r.flush() {
		r.sys.env.AfterFunc(time.Second, r.tick)
		return
	}
	r.mu.Lock()
	r.armed = false
	for key := range r.by {
		if !(Ref{key.cell}).Alive() {
			delete(r.by, key)
		}
	}
	r.mu.Unlock()
}

// flush tells everything pending; false if there was nothing.
func (r *reports) flush() bool {
	now := r.sys.env.Mono()
	var out []count
	r.mu.Lock()
	for _, n := range r.by {
		if n.pending > 0 {
			out = append(out, n.take(now))
		}
	}
	r.mu.Unlock()
	sort.Slice(out, func(i, j int) bool { return out[i].key.before(out[j].key) })
	for _, n := range out {
		r.tell(n)
	}
	return len(out) > 0
}
