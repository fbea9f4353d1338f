package mining

import (
	"container/heap"
	"slices"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Candidate is one transaction that may enter a block.
type Candidate struct {
	Tx        *tx.Tx
	Fee       int64 // satoshis, with whatever prioritisetransaction added
	Pays      int64 // satoshis, what it really pays
	VSize     int64 // virtual bytes, adjusted for signature operations
	SigOpCost int64
	// Parents are the places of its unconfirmed parents in the slice of
	// candidates. Each is smaller than its own: the slice is in topological order.
	Parents []int32
}

// Limits bound a template.
type Limits struct {
	MaxWeight      int64 // -blockmaxweight
	ReservedWeight int64 // header, coinbase and count; Core: 4000
	MaxSigOpCost   int64
	ReservedSigOps int64 // for the coinbase; Core: 400
	MinFeePerKVB   int64 // -blockmintxfee; a package below it stays out
}

// DefaultLimits are Core's.
func DefaultLimits() Limits {
	return Limits{MaxWeight: 3_996_000, ReservedWeight: 4000, MaxSigOpCost: 80_000, ReservedSigOps: 400, MinFeePerKVB: 1000}
}

// Once a block is nearly full, so many packages in a row that do not fit end the
// search (Core's MAX_CONSECUTIVE_FAILURES and its 4000 weight units of slack).
const (
	maxFailuresInARow = 1000
	nearlyFullSlack   = 4000
)

// Select returns the places of the chosen candidates in the order in which they
// stand in the block: parents before children. It takes, again and again, the
// package with the best feerate, a package being a transaction with all of its
// ancestors that are not chosen yet (Core's addPackageTxs).
func Select(candidates []Candidate, limits Limits) []int {
	s := newSelection(candidates, limits)
	failures := 0
	for s.queue.Len() > 0 {
		p := heap.Pop(&s.queue).(scored)
		if s.chosen[p.at] || p.version != s.version[p.at] {
			continue
		}
		sum := s.sums[p.at]
		if sum.fee*1000 < limits.MinFeePerKVB*sum.vsize {
			break // everything behind it pays less
		}
		if !s.fits(sum) {
			failures++
			if failures > maxFailuresInARow && s.weight > s.limits.MaxWeight-nearlyFullSlack {
				break
			}
			continue
		}
		failures = 0
		s.take(p.at)
	}
	return s.order
}

// sums are those of a candidate and its ancestors that are not chosen yet.
type sums struct{ fee, vsize, sigOps int64 }

type selection struct {
	all      []Candidate
	limits   Limits
	children [][]int32
	sums     []sums
	version  []uint32 // raised when sums change: older entries of the queue are stale
	chosen   []bool
	seen     []int32 // last walk that met this candidate
	walk     int32
	stack    []int32 // scratch of the walks
	queue    queue
	order    []int
	weight   int64
	sigOps   int64
}

func newSelection(all []Candidate, limits Limits) *selection {
	limits.MaxWeight = max(limits.ReservedWeight, min(limits.MaxWeight, consensus.MaxBlockWeight-limits.ReservedWeight))
	s := &selection{
		all: all, limits: limits,
		children: make([][]int32, len(all)),
		sums:     make([]sums, len(all)),
		version:  make([]uint32, len(all)),
		chosen:   make([]bool, len(all)),
		seen:     make([]int32, len(all)),
		queue:    queue{entries: make([]scored, 0, len(all))},
		weight:   limits.ReservedWeight,
		sigOps:   limits.ReservedSigOps,
	}
	for i := range all {
		for _, parent := range all[i].Parents {
			s.children[parent] = append(s.children[parent], int32(i))
		}
		s.sums[i] = s.withAncestors(int32(i))
		s.queue.entries = append(s.queue.entries, s.scored(int32(i)))
	}
	heap.Init(&s.queue)
	return s
}

func (s *selection) scored(at int32) scored {
	return scored{sums: s.sums[at], at: at, version: s.version[at]}
}

// withAncestors adds up a candidate and its ancestors that are not chosen.
func (s *selection) withAncestors(at int32) sums {
	var sum sums
	s.climb(at, func(i int32) {
		c := &s.all[i]
		sum.fee += c.Fee
		sum.vsize += c.VSize
		sum.sigOps += c.SigOpCost
	})
	return sum
}

// climb visits at and each unchosen ancestor once.
func (s *selection) climb(at int32, visit func(int32)) {
	s.spread(at, func(i int32) []int32 { return s.all[i].Parents }, visit)
}

func (s *selection) spread(at int32, next func(int32) []int32, visit func(int32)) {
	s.walk++
	s.stack = append(s.stack[:0], at)
	s.seen[at] = s.walk
	for len(s.stack) > 0 {
		i := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		visit(i)
		for _, n := range next(i) {
			if !s.chosen[n] && s.seen[n] != s.walk {
				s.seen[n] = s.walk
				s.stack = append(s.stack, n)
			}
		}
	}
}

// fits is Core's TestPackage: it stays strictly below both limits.
func (s *selection) fits(p sums) bool {
	return s.weight+tx.WitnessScale*p.vsize < s.limits.MaxWeight && s.sigOps+p.sigOps < s.limits.MaxSigOpCost
}

// take chooses a package and tells its descendants that they got cheaper.
func (s *selection) take(at int32) {
	var members []int32
	s.climb(at, func(i int32) { members = append(members, i) })
	slices.Sort(members) // topological, because candidates are
	var cheaper []int32
	for _, i := range members {
		c := &s.all[i]
		s.order = append(s.order, int(i))
		s.weight += int64(c.Tx.Weight())
		s.sigOps += c.SigOpCost
		// The way from one member to a descendant may lead through another: none
		// counts as chosen before all have been walked from.
		s.spread(i, func(j int32) []int32 { return s.children[j] }, func(j int32) {
			if j == i {
				return
			}
			s.sums[j].fee -= c.Fee
			s.sums[j].vsize -= c.VSize
			s.sums[j].sigOps -= c.SigOpCost
			if s.version[j]%2 == 0 { // odd: it is in the list already
				s.version[j]++
				cheaper = append(cheaper, j)
			}
		})
	}
	for _, i := range members {
		s.chosen[i] = true
	}
	for _, j := range cheaper {
		s.version[j]++
		if !s.chosen[j] {
			heap.Push(&s.queue, s.scored(j))
		}
	}
}

// scored is a package as it was when it was queued.
type scored struct {
	sums
	at      int32
	version uint32
}

// queue is a heap with the best feerate on top; earlier candidates win ties.
type queue struct{ entries []scored }

func (q *queue) Len() int      { return len(q.entries) }
func (q *queue) Swap(i, j int) { q.entries[i], q.entries[j] = q.entries[j], q.entries[i] }
func (q *queue) Push(x any)    { q.entries = append(q.entries, x.(scored)) }

func (q *queue) Less(i, j int) bool {
	a, b := &q.entries[i], &q.entries[j]
	left, right := float64(a.fee)*float64(b.vsize), float64(b.fee)*float64(a.vsize)
	if left != right {
		return left > right
	}
	return a.at < b.at
}

func (q *queue) Pop() any {
	last := q.entries[len(q.entries)-1]
	q.entries = q.entries[:len(q.entries)-1]
	return last
}
