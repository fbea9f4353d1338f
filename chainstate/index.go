package chainstate

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/troupe-node/troupe/tx"
)

// Index finds nodes by hash: an open-addressing table of pointers, 12 to 24
// bytes a node. One writer, any number of readers, no lock: a slot changes
// once, from nil to its node, and a grown table is swapped in whole. A reader
// on the old table misses at most the nodes added since it looked.
type Index struct {
	table atomic.Pointer[indexTable]
	count atomic.Int64
}

type indexTable struct {
	slots []atomic.Pointer[Node]
	shift uint
}

const indexMinBits = 10

func newIndexTable(bits uint) *indexTable {
	return &indexTable{slots: make([]atomic.Pointer[Node], 1<<bits), shift: 64 - bits}
}

// slot spreads the hash over the table. The first bytes of a hash in wire
// order are those that proof of work leaves random; the multiplication makes
// runs in them harmless where work costs nothing.
func (t *indexTable) slot(h *tx.Hash) int {
	x := binary.LittleEndian.Uint64(h[:8]) ^ binary.LittleEndian.Uint64(h[8:16])*0xd6e8feb86659fd93
	return int(x * 0x9e3779b97f4a7c15 >> t.shift)
}

func (t *indexTable) put(n *Node) {
	mask := len(t.slots) - 1
	i := t.slot(&n.hash)
	for t.slots[i].Load() != nil {
		i = (i + 1) & mask
	}
	t.slots[i].Store(n)
}

// NewIndex returns an empty index with room for about expect nodes.
func NewIndex(expect int) *Index {
	bits := uint(indexMinBits)
	for 1<<bits < expect*3/2 {
		bits++
	}
	x := &Index{}
	x.table.Store(newIndexTable(bits))
	return x
}

// Get returns the node with that hash, or nil. Safe from any goroutine.
func (x *Index) Get(hash tx.Hash) *Node {
	t := x.table.Load()
	mask := len(t.slots) - 1
	for i := t.slot(&hash); ; i = (i + 1) & mask {
		n := t.slots[i].Load()
		if n == nil || n.hash == hash {
			return n
		}
	}
}

// Len is the number of nodes. Safe from any goroutine.
func (x *Index) Len() int { return int(x.count.Load()) }

// All visits every node, in no particular order, until f returns false.
func (x *Index) All(f func(*Node) bool) {
	t := x.table.Load()
	for i := range t.slots {
		if n := t.slots[i].Load(); n != nil && !f(n) {
			return
		}
	}
}

// insert adds a node that is not there yet. Writer only.
func (x *Index) insert(n *Node) {
	t := x.table.Load()
	if int(x.count.Load())*4 >= len(t.slots)*3 {
		grown := newIndexTable(64 - t.shift + 1)
		for i := range t.slots {
			if old := t.slots[i].Load(); old != nil {
				grown.put(old)
			}
		}
		t = grown
		t.put(n)
		x.table.Store(t)
	} else {
		t.put(n)
	}
	x.count.Add(1)
}
