package mempool

import (
	"sync/atomic"

	"github.com/troupe-node/troupe/tx"
)

// recentSize and recentBytes bound what is remembered of what is not in the pool
// (Core's -blockreconstructionextratxn, and its limit for one of them).
const (
	recentSize  = 100
	recentBytes = 100_000
)

// recent is a ring of transactions that a block may yet hold although the pool
// does not: replaced, refused, evicted. One goroutine writes, any may read.
type recent struct {
	ring [recentSize]atomic.Pointer[tx.Tx]
	next int
}

func (r *recent) add(t *tx.Tx) {
	if t.Size() > recentBytes {
		return
	}
	r.ring[r.next].Store(t)
	r.next = (r.next + 1) % recentSize
}

// Recall remembers a transaction that did not get in, for compact blocks.
func (p *Pool) Recall(t *tx.Tx) { p.recent.add(t) }

// Recent lists transactions that left or did not get in lately, for putting
// compact blocks together.
func (v *View) Recent() (list []*tx.Tx) {
	for i := range v.recent.ring {
		if t := v.recent.ring[i].Load(); t != nil {
			list = append(list, t)
		}
	}
	return list
}
