package conn

import (
	"sync"

	"github.com/troupe-node/troupe/mempool"
)

// waitingTx is a transaction that the peer is to hear of, and what decides about its
// turn; with every block ancestors go.
type waitingTx struct {
	entry     *mempool.Entry
	ancestors int
	feerate   int64
}

// before says whose turn comes first: parents before children, then the best
// feerate, then whoever came first.
func (w *waitingTx) before(o *waitingTx) bool {
	if w.ancestors != o.ancestors {
		return w.ancestors < o.ancestors
	}
	if w.feerate != o.feerate {
		return w.feerate > o.feerate
	}
	return w.entry.Sequence < o.entry.Sequence
}

// turns are the waiting of one peer as a heap. A peer is told of few of many at a time,
// so that sorting all of them would be most of the work of announcing (Core's heap in
// SendMessages). The memory is shared by all connections, one after the other.
type turns struct{ heap []waitingTx }

var turnsPool = sync.Pool{New: func() any { return new(turns) }}

// rank finds everybody's turn.
func rank(waiting []*mempool.Entry) *turns {
	t := turnsPool.Get().(*turns)
	for _, e := range waiting {
		t.heap = append(t.heap, waitingTx{entry: e, ancestors: e.AncestorCount(), feerate: e.FeePerKVB()})
	}
	t.build()
	return t
}

func (t *turns) build() {
	for i := len(t.heap)/2 - 1; i >= 0; i-- {
		t.sink(i)
	}
}

// pop takes the first.
func (t *turns) pop() *mempool.Entry {
	first, last := t.heap[0].entry, len(t.heap)-1
	t.heap[0] = t.heap[last]
	t.heap[last] = waitingTx{}
	t.heap = t.heap[:last]
	t.sink(0)
	return first
}

// rest puts those that are left into dst's memory.
func (t *turns) rest(dst []*mempool.Entry) []*mempool.Entry {
	clear(dst[len(t.heap):])
	dst = dst[:len(t.heap)]
	for i := range t.heap {
		dst[i] = t.heap[i].entry
	}
	return dst
}

// done gives the memory back.
func (t *turns) done() {
	clear(t.heap)
	t.heap = t.heap[:0]
	turnsPool.Put(t)
}

func (t *turns) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(t.heap) {
			return
		}
		if right := child + 1; right < len(t.heap) && t.heap[right].before(&t.heap[child]) {
			child = right
		}
		if !t.heap[child].before(&t.heap[i]) {
			return
		}
		t.heap[i], t.heap[child] = t.heap[child], t.heap[i]
		i = child
	}
}
