// Package estimate says what a transaction should pay to be confirmed soon, from
// how long others took that paid as much.
//
// It is Core's idea (CBlockPolicyEstimator): feerates fall into buckets, each
// bucket remembers over three horizons which share of its transactions was
// confirmed within how many blocks, and the past fades with every block. It never
// guesses: where too few transactions were seen, [Estimator.Estimate] says that it
// does not know.
//
// It is pure and belongs to one goroutine. Start reading at [Estimator].
package estimate

import (
	"math"
	"sort"

	"github.com/troupe-node/troupe/tx"
)

// Buckets of feerates in satoshis per kvB, each a twentieth above the one before.
const (
	lowestRate  = 1000
	highestRate = 1e7
	spacing     = 1.05
)

// How sure an estimate must be: of a target twice as near, of the target itself,
// and of one twice as far (Core's HALF_SUCCESS_PCT and its sisters).
const (
	halfSure   = 0.6
	sure       = 0.85
	doublySure = 0.95
)

// How many transactions a block there must be in a range of feerates, on
// average, for it to say anything.
const (
	enough      = 0.1
	enoughShort = 0.5
)

// Estimator learns from what enters the pool and what blocks confirm.
type Estimator struct {
	limits   []float64 // upper ends of the buckets
	horizons [3]*horizon
	tracked  map[tx.Hash]tracked
	height   int32 // of the last block that it was told of
	first    int32 // height from which on it has records; 0: none yet
}

type tracked struct {
	height int32
	bucket int
}

// New makes one that knows nothing.
func New() *Estimator {
	e := &Estimator{tracked: map[tx.Hash]tracked{}}
	for rate := float64(lowestRate); rate <= highestRate; rate *= spacing {
		e.limits = append(e.limits, rate)
	}
	e.limits = append(e.limits, math.Inf(1))
	n := len(e.limits)
	e.horizons = [3]*horizon{ // halves in 18 blocks, a day, a week
		newHorizon(n, 12, 1, 0.962, enoughShort),
		newHorizon(n, 24, 2, 0.9952, enough),
		newHorizon(n, 42, 24, 0.99931, enough),
	}
	return e
}

// Added tells of a transaction that entered the pool, at its best, with the tip
// at height and paying perKVB satoshis. Only those count that wait for nothing
// but their turn: no unconfirmed parent, not returned by a reorganisation, and the
// node not catching up.
func (e *Estimator) Added(id tx.Hash, height int32, perKVB int64) {
	if height != e.height {
		return // the pool and the chain are not in step
	}
	b := sort.SearchFloat64s(e.limits, float64(perKVB))
	e.tracked[id] = tracked{height, b}
	for _, h := range e.horizons {
		h.enter(height, b)
	}
}

// Removed tells of a transaction that left the pool unconfirmed.
func (e *Estimator) Removed(id tx.Hash) { e.forget(id, false) }

func (e *Estimator) forget(id tx.Hash, confirmed bool) (t tracked, ok bool) {
	if t, ok = e.tracked[id]; ok {
		delete(e.tracked, id)
		for _, h := range e.horizons {
			h.leave(t, e.height, confirmed)
		}
	}
	return t, ok
}

// Confirmation is a transaction of the pool that a block confirmed.
type Confirmation struct {
	ID     tx.Hash
	PerKVB int64 // satoshis
}

// Block tells of a block on the best chain and what it confirmed of the pool. A
// block that is not above the last one teaches nothing.
func (e *Estimator) Block(height int32, confirmed []Confirmation) {
	if height <= e.height {
		for _, c := range confirmed {
			e.forget(c.ID, true)
		}
		return
	}
	e.height = height
	for _, h := range e.horizons {
		h.next(height)
	}
	learned := false
	for _, c := range confirmed {
		t, ok := e.forget(c.ID, true)
		if took := int(height - t.height); ok && took > 0 {
			learned = true
			for _, h := range e.horizons {
				h.confirm(took, t.bucket, float64(c.PerKVB))
			}
		}
	}
	if e.first == 0 && learned {
		e.first = height
	}
}

// Answer is an estimate.
type Answer struct {
	Known  bool
	PerKVB int64 // satoshis
	// Blocks is the target that the estimate is for: more than asked for when
	// nothing is known of that one.
	Blocks int
}

// Longest is the largest target that the records reach: half of their own
// length, and no more than a week.
func (e *Estimator) Longest() int {
	if e.first == 0 {
		return 0
	}
	return min(e.horizons[2].longest(), int(e.height-e.first)/2)
}

// Estimate is the lowest feerate that should get a transaction into one of the
// next blocks. A conservative one looks farther back and answers a fall of
// feerates late.
func (e *Estimator) Estimate(blocks int, conservative bool) Answer {
	blocks = max(blocks, 2) // nobody can promise the next block
	longest := e.Longest()
	if blocks > longest {
		blocks = longest
	}
	if blocks <= 1 {
		return Answer{Blocks: 2}
	}
	best := max(e.rate(blocks/2, halfSure, true), e.rate(blocks, sure, true), e.rate(2*blocks, doublySure, !conservative))
	if conservative || best < 0 {
		best = max(best, e.farther(2*blocks))
	}
	if best < 0 {
		return Answer{Blocks: blocks}
	}
	return Answer{Known: true, PerKVB: int64(math.Round(best)), Blocks: blocks}
}

// rate is the estimate of the shortest horizon that reaches the target, and
// with nearer targets' ones considered if they ask for less; -1 if unknown.
func (e *Estimator) rate(blocks int, share float64, nearer bool) float64 {
	best := -1.0
	if blocks < 1 {
		return best
	}
	for i, h := range e.horizons {
		if blocks > h.longest() {
			continue
		}
		best = h.rate(e, blocks, share)
		if nearer {
			for _, shorter := range e.horizons[:i] {
				if r := shorter.rate(e, shorter.longest(), share); r > 0 && (best < 0 || r < best) {
					best = r
				}
			}
		}
		break
	}
	return best
}

// farther is the greatest estimate of the horizons that look back longer.
func (e *Estimator) farther(blocks int) float64 {
	best := -1.0
	for _, h := range e.horizons[1:] {
		if blocks <= h.longest() {
			best = max(best, h.rate(e, blocks, doublySure))
		}
	}
	return best
}
