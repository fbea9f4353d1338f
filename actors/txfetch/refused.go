package txfetch

import "github.com/troupe-node/troupe/tx"

// mostRefused bounds each of two generations of refusals; Core remembers
// 120,000 in a rolling filter.
const mostRefused = 60_000

// refused remembers ids for a while, and forgets the older half when it is full.
type refused struct{ young, old map[tx.Hash]struct{} }

func (r *refused) has(id tx.Hash) bool {
	if _, ok := r.young[id]; ok {
		return true
	}
	_, ok := r.old[id]
	return ok
}

func (r *refused) add(id tx.Hash) {
	if len(r.young) >= mostRefused {
		r.old, r.young = r.young, nil
	}
	if r.young == nil {
		r.young = map[tx.Hash]struct{}{}
	}
	r.young[id] = struct{}{}
}
