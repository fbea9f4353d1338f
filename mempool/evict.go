package mempool

import (
	"container/heap"
	"math"
)

// score is what an entry is worth when room is short: the better of its own
// feerate and that of it with all that depends on it (Core's descendant score).
// Entries with the least go first.
func score(e *Entry) float64 {
	l := e.Links()
	own := float64(e.Fee+l.Delta) / float64(e.VSize)
	family := float64(l.Descendants.Fees) / float64(l.Descendants.VSize)
	return max(own, family)
}

// evictHeap has the entry that would go first on top. It is built when room is
// short for the first time, and kept from then on.
type evictHeap struct {
	on     bool
	list   []*Entry
	scores []float64
}

func (h *evictHeap) Len() int { return len(h.list) }

func (h *evictHeap) Less(i, j int) bool {
	if h.scores[i] != h.scores[j] {
		return h.scores[i] < h.scores[j]
	}
	return h.list[i].Sequence > h.list[j].Sequence // of equals the youngest
}

func (h *evictHeap) Swap(i, j int) {
	h.list[i], h.list[j] = h.list[j], h.list[i]
	h.scores[i], h.scores[j] = h.scores[j], h.scores[i]
	h.list[i].place, h.list[j].place = i, j
}

// Push is heap.Interface's.
func (h *evictHeap) Push(x any) {
	e := x.(*Entry)
	e.place = len(h.list)
	h.list = append(h.list, e)
	h.scores = append(h.scores, score(e))
}

// Pop is heap.Interface's.
func (h *evictHeap) Pop() any {
	last := len(h.list) - 1
	e := h.list[last]
	h.list[last] = nil
	h.list, h.scores = h.list[:last], h.scores[:last]
	e.place = -1
	return e
}

func (p *Pool) track(e *Entry) {
	if p.evict.on {
		heap.Push(&p.evict, e)
	}
}

func (p *Pool) untrack(e *Entry) {
	if p.evict.on && e.place >= 0 {
		heap.Remove(&p.evict, e.place)
	}
}

// rescore moves an entry whose family has changed.
func (p *Pool) rescore(e *Entry) {
	if p.evict.on && e.place >= 0 {
		p.evict.scores[e.place] = score(e)
		heap.Fix(&p.evict, e.place)
	}
}

// TrimToSize takes the least worthy families out until the pool fits its limit,
// and raises the feerate that a newcomer must pay.
func (p *Pool) TrimToSize(now int64) {
	if p.usage <= p.policy.MaxBytes {
		return
	}
	if !p.evict.on {
		p.evict.on = true
		p.index.byID.each(func(e *Entry) { heap.Push(&p.evict, e) })
	}
	for p.usage > p.policy.MaxBytes && p.evict.Len() > 0 {
		worst := p.evict.list[0]
		l := worst.Links()
		rate := l.Descendants.Fees * 1000 / l.Descendants.VSize
		p.rolling.raise(float64(rate+p.policy.IncrementalFee), now)
		p.removeAll(RemovedSizeLimit, worst)
	}
}

// Expire takes out what came before the cutoff, with all that depends on it, and
// tells how many went. Seconds since 1970.
func (p *Pool) Expire(cutoff int64) int {
	var old []*Entry
	p.index.byID.each(func(e *Entry) {
		if e.Time < cutoff {
			old = append(old, e)
		}
	})
	before := len(p.removed)
	if len(old) > 0 {
		p.removeAll(RemovedExpiry, old...)
	}
	return len(p.removed) - before
}

// rollingHalfLife is how fast the raised minimum falls again, in seconds
// (Core's ROLLING_FEE_HALFLIFE): faster while the pool has room.
const rollingHalfLife = 60 * 60 * 12

// rollingFee is the feerate that the last eviction has shown to be needed.
type rollingFee struct {
	rate       float64 // satoshis per kvB
	at         int64   // when it was last computed, seconds since 1970
	blockSince bool    // it falls only after a block
}

func (r *rollingFee) raise(rate float64, now int64) {
	if rate > r.rate {
		r.rate, r.blockSince = rate, false
		r.at = now
	}
}

// minFee is the feerate that a newcomer must pay, in satoshis per kvB: Core's
// GetMinFee, and never below the relay minimum.
func (p *Pool) minFee(now int64) int64 {
	r := &p.rolling
	if r.rate == 0 || !r.blockSince {
		return max(int64(math.Round(r.rate)), p.policy.MinRelayFee)
	}
	if now > r.at+10 {
		halfLife := float64(rollingHalfLife)
		switch {
		case p.usage < p.policy.MaxBytes/4:
			halfLife /= 4
		case p.usage < p.policy.MaxBytes/2:
			halfLife /= 2
		}
		r.rate /= math.Pow(2, float64(now-r.at)/halfLife)
		r.at = now
		if r.rate < float64(p.policy.IncrementalFee)/2 {
			r.rate = 0
		}
	}
	return max(int64(math.Round(r.rate)), p.policy.MinRelayFee)
}
