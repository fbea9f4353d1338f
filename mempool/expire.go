package mempool

import "container/heap"

// expiryHeap has the oldest entry on top.
type expiryHeap []*Entry

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, j int) bool { return h[i].Time < h[j].Time }

func (h expiryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].due, h[j].due = i, j
}

// Push is heap.Interface's.
func (h *expiryHeap) Push(x any) {
	e := x.(*Entry)
	e.due = len(*h)
	*h = append(*h, e)
}

// Pop is heap.Interface's.
func (h *expiryHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}

var _ heap.Interface = (*expiryHeap)(nil)

// Expire takes out what is older than policy allows, with all that depends on
// it, and tells how many went. It costs next to nothing when none is.
func (p *Pool) Expire(now int64) int {
	before := p.totals.Count
	for len(p.expiry) > 0 && p.expiry[0].Time < now-p.policy.ExpirySeconds {
		p.removeAll(RemovedExpiry, p.expiry[0])
	}
	return before - p.totals.Count
}
