package mempool

import "github.com/troupe-node/troupe/tx"

// remembered is a set of ids that forgets the older half of them when it is full.
// Core has rolling Bloom filters for that; this one is never wrong.
type remembered struct {
	young, old map[tx.Hash]struct{}
	half       int // how many ids each half may hold
}

func (r *remembered) has(id tx.Hash) bool {
	if _, ok := r.young[id]; ok {
		return true
	}
	_, ok := r.old[id]
	return ok
}

func (r *remembered) add(id tx.Hash) {
	if len(r.young) >= r.half {
		r.old, r.young = r.young, nil
	}
	if r.young == nil {
		r.young = map[tx.Hash]struct{}{}
	}
	r.young[id] = struct{}{}
}

func (r *remembered) clear() { r.young, r.old = nil, nil }
