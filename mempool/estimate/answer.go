package estimate

import "math"

// How sure an estimate must be: of a target twice as near, of the target itself,
// and of one twice as far (Core's HALF_SUCCESS_PCT and its sisters).
const (
	halfSure   = 0.6
	sure       = 0.85
	doublySure = 0.95
)

// Records that were not added to for six weeks tell nothing of today (Core's
// OLDEST_ESTIMATE_HISTORY).
const oldestPast = 6 * 1008

// Answer is an estimate.
type Answer struct {
	Known  bool
	PerKVB int64 // satoshis
	// Blocks is the target that the estimate is for: the one asked for, at least 2,
	// and at most what the records reach, which may be 0.
	Blocks int
}

// Longest is the largest target that there may be an estimate for: half as far as
// the records go back, so that there was time for something to fail.
func (e *Estimator) Longest() int {
	own, past := e.spans()
	return min(e.records[Long].longest(), max(own, past)/2)
}

// spans are how many blocks there are records of: own ones, and those begun with.
func (e *Estimator) spans() (own, past int) {
	if e.first > 0 {
		own = int(e.height - e.first)
	}
	if e.past.first > 0 && e.height-e.past.last <= oldestPast {
		past = int(e.past.last - e.past.first)
	}
	return own, past
}

// Estimate is the lowest feerate that should get a transaction into one of the
// next blocks: the greatest of three, one for half the target, one for the target,
// one for twice the target, each the surer the more time there is (Core's
// estimateSmartFee). A conservative one looks farther back and answers a fall of
// feerates late.
func (e *Estimator) Estimate(blocks int, conservative bool) Answer {
	if blocks < 1 || blocks > e.records[Long].longest() {
		return Answer{Blocks: blocks}
	}
	blocks = min(max(blocks, 2), e.Longest()) // nobody can promise the next block
	if blocks <= 1 {
		return Answer{Blocks: blocks}
	}
	best := max(e.rate(blocks/2, halfSure, true), e.rate(blocks, sure, true), e.rate(2*blocks, doublySure, !conservative))
	if conservative || best < 0 {
		best = max(best, e.farther(2*blocks))
	}
	perKVB := int64(math.Round(best))
	if best < 0 || perKVB == 0 {
		return Answer{Blocks: blocks}
	}
	return Answer{Known: true, PerKVB: perKVB, Blocks: blocks}
}

func (e *Estimator) read(h Horizon, blocks int, share float64) Reading {
	return e.records[h].read(e.limits, e.height, blocks, share)
}

// rate is the estimate of the shortest horizon that reaches the target, or, with
// nearer, what a shorter one asks for its own longest target if that is less; -1 if
// unknown.
func (e *Estimator) rate(blocks int, share float64, nearer bool) float64 {
	if blocks < 1 || blocks > e.records[Long].longest() {
		return -1
	}
	h := Short
	for h < Long && blocks > e.records[h].longest() {
		h++
	}
	best := e.read(h, blocks, share).Rate
	if !nearer {
		return best
	}
	for _, shorter := range []Horizon{Medium, Short} {
		if longest := e.records[shorter].longest(); blocks > longest {
			if r := e.read(shorter, longest, share).Rate; r > 0 && (best == -1 || r < best) {
				best = r
			}
		}
	}
	return best
}

// farther is the greatest estimate of the horizons that look back longer than the
// one which reaches the target.
func (e *Estimator) farther(blocks int) float64 {
	best := -1.0
	if blocks <= e.records[Short].longest() {
		best = e.read(Medium, blocks, doublySure).Rate
	}
	if blocks <= e.records[Medium].longest() {
		best = max(best, e.read(Long, blocks, doublySure).Rate)
	}
	return best
}

// Raw is what one horizon says by itself.
type Raw struct {
	Horizon Horizon
	PerKVB  int64 // satoshis; 0 if unknown
	Reading
}

// Raw is what each horizon that reaches the target says of it, if so large a share
// must have been confirmed (Core's estimateRawFee).
func (e *Estimator) Raw(blocks int, share float64) (list []Raw) {
	for h := range horizons {
		if blocks < 1 || blocks > e.records[h].longest() {
			continue
		}
		r := Raw{Horizon: h, Reading: e.read(h, blocks, share)}
		if r.Rate >= 0 {
			r.PerKVB = int64(math.Round(r.Rate))
		}
		list = append(list, r)
	}
	return list
}
