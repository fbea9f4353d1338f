package estimate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/troupe-node/troupe/tx"
)

// FileName is Core's name for what is kept.
const FileName = "fee_estimates.dat"

// MaxFileAge is how old a file may be: what was paid before says little of today.
const MaxFileAge = 60 * time.Hour

// FlushInterval is how often the file is written while the node runs.
const FlushInterval = time.Hour

// MaxFileSize is more bytes than the largest file that is within bounds: three
// horizons of a week in blocks, a thousand buckets.
const MaxFileSize = 64 << 20

// What a file may hold (Core's bounds).
const (
	fileVersion = 149900 // since Core 0.15
	maxBuckets  = 1000
	maxBlocks   = 6 * 24 * 7 // a week
)

// TooOld tells whether a file last written so long ago is ignored. Core counts in
// whole hours.
func TooOld(age time.Duration) bool { return age.Truncate(time.Hour) > MaxFileAge }

// Encode writes Core's fee_estimates.dat: everything but what waits. See
// [Estimator.FlushUnconfirmed].
func (e *Estimator) Encode() []byte {
	n := len(e.limits)
	size := 64 + 8*n
	for _, r := range e.records {
		size += 64 + (2+2*len(r.within))*(8*n+3)
	}
	w := writer{make([]byte, 0, size)}
	w.uint32(fileVersion)
	w.uint32(0) // the version that wrote it, once; read by nobody
	w.uint32(uint32(e.height))
	w.uint32(uint32(e.written().first))
	w.uint32(uint32(e.written().last))
	w.floats(e.limits)
	for _, h := range [...]Horizon{Medium, Short, Long} {
		r := e.records[h]
		w.float(r.decay)
		w.uint32(uint32(r.scale))
		w.floats(r.paid)
		w.floats(r.count)
		w.rows(r.within)
		w.rows(r.failed)
	}
	return w.b
}

// written is which blocks a file says its records are of: our own, once they are
// more than half as many as those that we began with.
func (e *Estimator) written() span {
	if own, past := e.spans(); own > past/2 {
		return span{e.first, e.height}
	}
	return e.past
}

type writer struct{ b []byte }

func (w *writer) uint32(v uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, v) }
func (w *writer) float(v float64) { w.b = binary.LittleEndian.AppendUint64(w.b, math.Float64bits(v)) }
func (w *writer) count(n int)     { w.b = tx.AppendCompactSize(w.b, uint64(n)) }
func (w *writer) floats(v []float64) {
	w.count(len(v))
	for _, f := range v {
		w.float(f)
	}
}

func (w *writer) rows(v [][]float64) {
	w.count(len(v))
	for _, row := range v {
		w.floats(row)
	}
}

// ErrFile says that a file is not a fee_estimates.dat, or a damaged one.
var ErrFile = errors.New("not a readable fee_estimates.dat")

// Decode reads fee_estimates.dat as we and Core since 0.15 write it. The buckets
// and the lengths of the horizons are the file's.
func Decode(b []byte) (*Estimator, error) {
	r := reader{b: b}
	if v := int32(r.uint32()); r.err == nil && v > fileVersion {
		r.fail("its version is %d, and later than %d is not known", v, fileVersion)
	} else if v < fileVersion {
		r.fail("its version is %d, and earlier than %d is not read any more", v, fileVersion)
	}
	r.uint32()
	e := &Estimator{tracked: map[tx.Hash]tracked{}}
	e.height = r.height()
	e.past = span{r.height(), r.height()}
	if r.err == nil && (e.past.first > e.past.last || e.past.last > e.height) {
		r.fail("it is of the blocks %d to %d of %d", e.past.first, e.past.last, e.height)
	}
	e.limits = r.limits()
	n := len(e.limits)
	e.records[Medium] = r.records(n, enough)
	e.records[Short] = r.records(n, enoughShort)
	e.records[Long] = r.records(n, enough)
	// What reaches a target is looked for from the shortest up.
	if s, m, l := e.records[Short].longest(), e.records[Medium].longest(), e.records[Long].longest(); s > m || m > l {
		r.fail("its horizons reach %d, %d and %d blocks", s, m, l)
	}
	if r.err != nil {
		return nil, r.err
	}
	return e, nil
}

// reader takes values from the front of what is left; after the first error it
// returns zeros.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrFile, fmt.Sprintf(format, args...))
	}
}

func (r *reader) take(n int) []byte {
	if r.err == nil && n > len(r.b) {
		r.fail("it ends early")
	}
	if r.err != nil {
		return make([]byte, 8)
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) uint32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }

func (r *reader) height() int32 {
	v := r.uint32()
	if v > math.MaxInt32 {
		r.fail("it is of block %d", v)
	}
	return int32(v)
}

// float refuses what no sum is.
func (r *reader) float() float64 {
	v := math.Float64frombits(binary.LittleEndian.Uint64(r.take(8)))
	if !(v >= 0 && v <= math.MaxFloat64) {
		r.fail("it counts to %v", v)
	}
	return v
}

// count is how many follow, of which each takes at least one byte.
func (r *reader) count(most int, what string) int {
	if r.err != nil {
		return 0
	}
	v, n, err := tx.ReadCompactSize(r.b)
	switch {
	case err != nil:
		r.fail("%v", err)
	case v > uint64(most):
		r.fail("it has %d %s, and more than %d are too many", v, what, most)
	}
	if r.err != nil {
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

func (r *reader) limits() []float64 {
	list := make([]float64, r.count(maxBuckets, "buckets"))
	for i := range list {
		list[i] = r.float()
		if i > 0 && list[i] <= list[i-1] {
			r.fail("bucket %d ends at %v, and the one before at %v", i, list[i], list[i-1])
		}
	}
	if len(list) < 2 {
		r.fail("it has %d buckets", len(list))
	}
	return list
}

func (r *reader) records(buckets int, enough float64) *records {
	s := &records{enough: enough, decay: r.float()}
	if s.decay <= 0 || s.decay >= 1 {
		r.fail("its past fades by %v", s.decay)
	}
	scale := r.uint32()
	if scale == 0 || scale > maxBlocks {
		r.fail("its periods have %d blocks", scale)
	}
	s.scale = int(scale)
	s.paid = r.floats(buckets)
	s.count = r.floats(buckets)
	s.within = r.rows(buckets)
	s.failed = r.rows(buckets)
	if blocks := s.longest(); blocks < 1 || blocks > maxBlocks {
		r.fail("it has records of %d blocks, and 1 to %d there may be", blocks, maxBlocks)
	}
	if len(s.failed) != len(s.within) {
		r.fail("it has %d periods for what was confirmed, and %d for what failed", len(s.within), len(s.failed))
	}
	if r.err == nil {
		s.ring(s.longest())
	}
	return s
}

func (r *reader) floats(want int) []float64 {
	if n := r.count(maxBuckets, "buckets"); n != want {
		r.fail("it has %d buckets in one place, and %d in another", want, n)
		return nil
	}
	list := make([]float64, want)
	for i := range list {
		list[i] = r.float()
	}
	return list
}

func (r *reader) rows(buckets int) (list [][]float64) {
	for n := r.count(maxBlocks, "periods"); n > 0 && r.err == nil; n-- {
		list = append(list, r.floats(buckets))
	}
	return list
}
