package mempool

import "container/heap"

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
	h.list[i].evict, h.list[j].evict = i, j
}

// Push is heap.Interface's.
func (h *evictHeap) Push(x any) {
	e := x.(*Entry)
	e.evict = len(h.list)
	h.list = append(h.list, e)
	h.scores = append(h.scores, score(e))
}

// Pop is heap.Interface's.
func (h *evictHeap) Pop() any {
	last := len(h.list) - 1
	e := h.list[last]
	h.list[last] = nil
	h.list, h.scores = h.list[:last], h.scores[:last]
	e.evict = -1
	return e
}

func (p *Pool) track(e *Entry) {
	if p.evict.on {
		heap.Push(&p.evict, e)
	}
}

func (p *Pool) untrack(e *Entry) {
	if p.evict.on && e.evict >= 0 {
		heap.Remove(&p.evict, e.evict)
	}
}

// rescore moves an entry whose family has changed.
func (p *Pool) rescore(e *Entry) {
	if p.evict.on && e.evict >= 0 {
		p.evict.scores[e.evict] = score(e)
		heap.Fix(&p.evict, e.evict)
	}
}

// TrimToSize takes the least worthy families out until the pool fits its limit,
// and raises the feerate that a newcomer must pay.
func (p *Pool) TrimToSize() {
	if p.usage <= p.policy.MaxBytes {
		return
	}
	if !p.evict.on {
		p.evict.on = true
		for _, e := range p.list {
			heap.Push(&p.evict, e)
		}
	}
	for p.usage > p.policy.MaxBytes && p.evict.Len() > 0 {
		worst := p.evict.list[0]
		l := worst.Links()
		rate := l.Descendants.Fees * 1000 / l.Descendants.VSize
		p.rolling.raise(float64(rate + p.policy.IncrementalFee))
		p.removeAll(RemovedSizeLimit, worst)
	}
}
