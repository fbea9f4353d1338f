package estimate

// Range is a range of feerates in satoshis per kvB, and what became of the
// transactions in it. Sums have faded.
type Range struct {
	From, To  float64 // -1 if there is no such range
	Within    float64 // confirmed within the target
	Confirmed float64 // at any time
	Waiting   float64 // in the pool for the target or longer
	Left      float64 // left it unconfirmed after the target
}

// Reading is what one horizon's records say of a target.
type Reading struct {
	Rate  float64 // satoshis per kvB; -1 if unknown
	Pass  Range   // the lowest that was confirmed surely enough
	Fail  Range   // the highest below it that was not
	Decay float64
	Scale int // blocks
}

var nowhere = Range{From: -1, To: -1}

// search is a walk over the buckets from the best paying down. It takes as many
// together as are needed to tell.
type search struct {
	limits    []float64
	low, high int // the buckets taken together
	fresh     bool
	sum       Range
	passing   bool

	found             bool
	bestLow, bestHigh int
	pass, fail        Range
}

// read looks for the lowest range of buckets of which, as of all higher ones, a
// large enough share was confirmed within so many blocks (Core's EstimateMedianVal).
func (r *records) read(limits []float64, height int32, blocks int, share float64) Reading {
	top := len(limits) - 1
	s := search{limits: limits, low: top, high: top, bestLow: top, bestHigh: top, fresh: true, passing: true, pass: nowhere, fail: nowhere}
	period := (blocks+r.scale-1)/r.scale - 1
	need := r.enough / (1 - r.decay)
	waiting := r.waitingLonger(height, blocks)
	seen := 0.0
	for b := top; b >= 0; b-- {
		if s.fresh {
			s.high, s.fresh = b, false
		}
		s.low = b
		s.sum.Within += r.within[period][b]
		seen += r.count[b]
		s.sum.Confirmed += r.count[b]
		s.sum.Left += r.failed[period][b]
		s.sum.Waiting += float64(waiting[b])
		if seen < need {
			continue // too few to tell: take the next bucket along
		}
		seen = 0
		s.judge(share)
	}
	if s.passing && !s.fresh {
		s.fail = s.taken() // too few of them to tell
	}
	median := -1.0
	if s.found {
		if rate, ok := r.median(s.bestLow, s.bestHigh); ok {
			median = rate
		}
	}
	return Reading{Rate: median, Pass: s.pass, Fail: s.fail, Decay: r.decay, Scale: r.scale}
}

// judge decides about the buckets taken so far. Those that fail stay in the sums:
// lower ones may make good for them.
func (s *search) judge(share float64) {
	if s.sum.Within/(s.sum.Confirmed+s.sum.Left+s.sum.Waiting) < share {
		if s.passing {
			s.fail, s.passing = s.taken(), false
		}
		return
	}
	s.fail, s.passing, s.found = nowhere, true, true
	s.pass, s.bestLow, s.bestHigh = s.taken(), s.low, s.high
	s.sum, s.fresh = Range{}, true
}

func (s *search) taken() Range {
	r := s.sum
	r.To = s.limits[s.high]
	if s.low > 0 {
		r.From = s.limits[s.low-1]
	}
	return r
}

// waitingLonger counts by bucket what has waited for at least so many blocks.
func (r *records) waitingLonger(height int32, blocks int) []int32 {
	n := append([]int32(nil), r.old...)
	for ago := blocks; ago < len(r.waiting); ago++ {
		for b, w := range r.at(height - int32(ago)) {
			n[b] += w
		}
	}
	return n
}

// median is the average feerate of the bucket in which the median of a range is.
func (r *records) median(low, high int) (rate float64, ok bool) {
	half := 0.0
	for b := low; b <= high; b++ {
		half += r.count[b]
	}
	if half == 0 {
		return 0, false
	}
	half /= 2
	for b := low; b <= high; b++ {
		if r.count[b] >= half {
			return r.paid[b] / r.count[b], true
		}
		half -= r.count[b]
	}
	return 0, false
}
