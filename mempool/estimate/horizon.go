package estimate

// horizon remembers, per bucket, how long transactions took. All sums fade by
// decay with every block.
type horizon struct {
	scale  int // blocks in a period
	decay  float64
	enough float64 // transactions a block

	count  []float64   // by bucket: confirmed ones
	paid   []float64   // and the sum of their feerates
	within [][]float64 // by period and bucket: confirmed within so many periods
	failed [][]float64 // left the pool unconfirmed after so many periods

	waiting [][]int // by age in blocks (as a ring of heights) and bucket
	old     []int   // older than all of these
}

func newHorizon(buckets, periods, scale int, decay, enough float64) *horizon {
	h := &horizon{scale: scale, decay: decay, enough: enough}
	h.count, h.paid, h.old = make([]float64, buckets), make([]float64, buckets), make([]int, buckets)
	for range periods {
		h.within = append(h.within, make([]float64, buckets))
		h.failed = append(h.failed, make([]float64, buckets))
	}
	for range periods * scale {
		h.waiting = append(h.waiting, make([]int, buckets))
	}
	return h
}

// longest is the largest target that it can tell of, in blocks.
func (h *horizon) longest() int { return len(h.within) * h.scale }

func (h *horizon) at(height int32) []int { return h.waiting[int(height)%len(h.waiting)] }

func (h *horizon) enter(height int32, bucket int) { h.at(height)[bucket]++ }

func (h *horizon) leave(t tracked, height int32, confirmed bool) {
	ago := int(height - t.height)
	if ago >= len(h.waiting) {
		h.old[t.bucket]--
	} else {
		h.at(t.height)[t.bucket]--
	}
	if confirmed {
		return
	}
	for i := 0; i < min(ago/h.scale, len(h.failed)); i++ {
		h.failed[i][t.bucket]++
	}
}

// next begins another block: what waits in its place of the ring is old now, and
// everything fades.
func (h *horizon) next(height int32) {
	ring := h.at(height)
	for b, n := range ring {
		h.old[b] += n
		ring[b] = 0
	}
	for b := range h.count {
		h.count[b] *= h.decay
		h.paid[b] *= h.decay
		for i := range h.within {
			h.within[i][b] *= h.decay
			h.failed[i][b] *= h.decay
		}
	}
}

func (h *horizon) confirm(took, bucket int, perKVB float64) {
	for i := (took+h.scale-1)/h.scale - 1; i < len(h.within); i++ {
		h.within[i][bucket]++
	}
	h.count[bucket]++
	h.paid[bucket] += perKVB
}

// rate is the median feerate of the lowest range of buckets of which, as of all
// higher ones, a large enough share was confirmed within so many blocks; -1 if
// there is none.
func (h *horizon) rate(e *Estimator, blocks int, share float64) float64 {
	period := (blocks+h.scale-1)/h.scale - 1
	need := h.enough / (1 - h.decay)
	var sum group
	low, high, top := -1, -1, len(h.count)-1
	for b := len(h.count) - 1; b >= 0; b-- {
		sum.total += h.count[b]
		sum.within += h.within[period][b]
		sum.failed += h.failed[period][b]
		sum.waiting += h.waitingLonger(e, blocks, b)
		if sum.total < need {
			continue // too few to tell: take the next bucket along
		}
		if sum.share() < share {
			break
		}
		low, high = b, top
		top, sum = b-1, group{}
	}
	if low < 0 {
		return -1
	}
	return h.median(low, high)
}

// group sums up a range of buckets.
type group struct{ total, within, failed, waiting float64 }

func (g group) share() float64 { return g.within / (g.total + g.failed + g.waiting) }

// waitingLonger counts what has waited for at least so many blocks.
func (h *horizon) waitingLonger(e *Estimator, blocks, bucket int) float64 {
	n := h.old[bucket]
	for ago := blocks; ago < len(h.waiting) && ago <= int(e.height); ago++ {
		n += h.at(e.height - int32(ago))[bucket]
	}
	return float64(n)
}

// median is the average feerate of the bucket in which the median of a range is.
func (h *horizon) median(low, high int) float64 {
	total := 0.0
	for b := low; b <= high; b++ {
		total += h.count[b]
	}
	half := total / 2
	for b := low; b <= high; b++ {
		if h.count[b] >= half {
			return h.paid[b] / h.count[b]
		}
		half -= h.count[b]
	}
	return -1
}
