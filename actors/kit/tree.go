package kit

import (
	"sort"
	"time"
)

// Node is one actor as the inspector and "status --actors" show it.
type Node struct {
	ActorInfo
	Policy      string
	State       string // starting, idle, running, failed, draining, stopping
	Lanes       [NumLanes]LaneState
	Handled     uint64
	Busy        time.Duration // in handlers, in all
	Queued      time.Duration // handled messages' time in the mailbox, in all
	Longest     time.Duration // handler
	LastMessage string
	Running     time.Duration // how long the present handler has run; 0 when none does
	Restarts    int
	Calls       int // open
	Goroutines  int
	Refused     uint64 // messages that found a lane full
	LateReplies uint64
}

// LaneState is one lane of a mailbox.
type LaneState struct {
	Depth, Bytes         int
	High, HighBytes      int
	MaxMessages, MaxByte int
}

// Depth is the number of queued messages over all lanes.
func (n *Node) Depth() (depth, bytes int) {
	for _, l := range n.Lanes {
		depth += l.Depth
		bytes += l.Bytes
	}
	return depth, bytes
}

// Tree lists the living actors, oldest first, so that parents come before their
// children. It may be called from anywhere at any time.
func (s *System) Tree() []Node {
	cells := s.cells(nil)
	sort.Slice(cells, func(i, j int) bool { return cells[i].info.Instance < cells[j].info.Instance })
	out := make([]Node, len(cells))
	for i, c := range cells {
		out[i] = c.node()
	}
	return out
}

// Inspect describes one actor; false if it has stopped.
func (s *System) Inspect(r Ref) (Node, bool) {
	if !r.Alive() {
		return Node{}, false
	}
	return r.c.node(), true
}

func (c *cell) node() Node {
	now := int64(c.sys.env.Mono())
	n := Node{ActorInfo: c.info, Policy: c.spec.Policy.String(), Goroutines: c.routines.count()}
	m := &c.box
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.lanes {
		l := &m.lanes[i]
		n.Lanes[i] = LaneState{Depth: l.n, Bytes: l.bytes, High: l.high, HighBytes: l.highBytes,
			MaxMessages: m.limits[i].Messages, MaxByte: m.limits[i].Bytes}
	}
	n.Handled, n.Busy, n.Queued, n.Longest = m.stats.handled, m.stats.busy, m.stats.queued, m.stats.longest
	n.Refused, n.LateReplies = m.stats.shed, m.stats.lateness
	n.Restarts, n.Calls = c.restarts, m.calls.open()
	if m.stats.last != nil {
		n.LastMessage = m.stats.last.name
	}
	switch {
	case m.closed:
		n.State = "stopping"
	case c.failing:
		n.State = "failed"
	case m.stats.since != 0:
		n.State = "running"
		n.Running = time.Duration(max(now-m.stats.since, 0))
	case m.draining:
		n.State = "draining"
	case !c.born:
		n.State = "starting"
	default:
		n.State = "idle"
	}
	return n
}
