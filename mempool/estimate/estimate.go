// Package estimate says what a transaction should pay to be confirmed soon, from
// how long others took that paid as much.
//
// It follows Core 28's CBlockPolicyEstimator rule by rule, so that both say the
// same after the same blocks and read each other's files: feerates fall into
// buckets, each bucket remembers over three horizons which share of its
// transactions was confirmed within how many blocks, and the past fades with every
// block. It never guesses: where too few transactions were seen,
// [Estimator.Estimate] says that it does not know.
//
// It is pure and belongs to one goroutine. Start reading at [Estimator]; answer.go
// is what is made of the records, search.go how a feerate is found in them, and
// file.go how they outlive the process.
package estimate

import (
	"sort"

	"github.com/troupe-node/troupe/tx"
)

// Buckets of feerates in satoshis per kvB, each a twentieth above the one before,
// and a last one for whatever pays more.
const (
	lowestRate  = 1000
	highestRate = 1e7
	spacing     = 1.05
	boundless   = 1e99 // Core's INF_FEERATE
)

// How many transactions a block there must be in a range of feerates, on
// average, for it to say anything.
const (
	enough      = 0.1
	enoughShort = 0.5
)

// Horizon is how far back records look.
type Horizon int

// The three of them: half of what they know is 18 blocks, a day, and a week old.
const (
	Short Horizon = iota
	Medium
	Long
	horizons
)

// String is Core's name.
func (h Horizon) String() string { return [...]string{"short", "medium", "long"}[h] }

// Estimator learns from what enters the pool and what blocks confirm.
type Estimator struct {
	limits  []float64 // upper ends of the buckets, themselves included
	records [horizons]*records
	tracked map[tx.Hash]tracked
	height  int32 // of the last block that it was told of
	first   int32 // height from which on it has records of its own; 0: none yet
	past    span  // what the records that it began with are of
	blank   bool  // nothing was ever recorded: there is nothing that could fade
}

// span is a range of heights.
type span struct{ first, last int32 }

type tracked struct {
	height int32
	bucket int
}

// New makes one that knows nothing.
func New() *Estimator {
	e := &Estimator{tracked: map[tx.Hash]tracked{}, blank: true}
	for rate := float64(lowestRate); rate <= highestRate; rate *= spacing {
		e.limits = append(e.limits, rate)
	}
	e.limits = append(e.limits, boundless)
	n := len(e.limits)
	e.records = [horizons]*records{
		Short:  newRecords(n, 12, 1, 0.962, enoughShort),
		Medium: newRecords(n, 24, 2, 0.9952, enough),
		Long:   newRecords(n, 42, 24, 0.99931, enough),
	}
	return e
}

// bucket is where a feerate falls.
func (e *Estimator) bucket(rate float64) int {
	return min(sort.SearchFloat64s(e.limits, rate), len(e.limits)-1)
}

// Added tells of a transaction that entered the pool when the tip was at height,
// paying perKVB satoshis. The caller leaves out what says nothing about the
// market: what has unconfirmed parents, came in a package or back from a
// disconnected block, or came while the node was behind.
func (e *Estimator) Added(id tx.Hash, height int32, perKVB int64) {
	if _, known := e.tracked[id]; known || height != e.height {
		return // the pool and the chain are not in step
	}
	e.blank = false
	b := e.bucket(float64(perKVB))
	e.tracked[id] = tracked{height, b}
	for _, r := range e.records {
		r.enter(height, b)
	}
}

// Removed tells of a transaction that left the pool unconfirmed.
func (e *Estimator) Removed(id tx.Hash) { e.forget(id, false) }

func (e *Estimator) forget(id tx.Hash, confirmed bool) (t tracked, ok bool) {
	if t, ok = e.tracked[id]; ok {
		delete(e.tracked, id)
		ago := 0
		if e.height > 0 {
			ago = int(e.height - t.height)
		}
		for _, r := range e.records {
			r.leave(t, ago, confirmed)
		}
	}
	return t, ok
}

// FlushUnconfirmed is for the end: whatever is still tracked counts as having
// waited so long in vain, and is forgotten. A file says nothing of it.
func (e *Estimator) FlushUnconfirmed() {
	for id := range e.tracked {
		e.forget(id, false)
	}
}

// Confirmation is a transaction of the pool that a block confirmed.
type Confirmation struct {
	ID     tx.Hash
	PerKVB int64 // satoshis
}

// Block tells of a block on the best chain and what it confirmed of the pool. It
// wants every block, one after the other: each makes the past fade. One that is not
// above the last teaches nothing, as an old one would after a reorganisation; what
// it confirmed is forgotten. (Core goes on counting that among what waits, for as
// long as it runs.) The answer is how many it learned from.
func (e *Estimator) Block(height int32, confirmed []Confirmation) (learned int) {
	if height <= e.height {
		for _, c := range confirmed {
			e.forget(c.ID, true)
		}
		return 0
	}
	e.height = height
	if e.blank {
		return 0
	}
	for _, r := range e.records {
		r.next(height)
	}
	for _, c := range confirmed {
		t, ok := e.forget(c.ID, true)
		took := int(height - t.height)
		if !ok || took <= 0 {
			continue
		}
		learned++
		rate := float64(c.PerKVB)
		b := e.bucket(rate)
		for _, r := range e.records {
			r.confirm(took, b, rate)
		}
	}
	if e.first == 0 && learned > 0 {
		e.first = height
	}
	return learned
}

// Height is that of the last block that it was told of.
func (e *Estimator) Height() int32 { return e.height }
