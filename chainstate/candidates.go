package chainstate

import (
	"bytes"
	"container/heap"
)

// candidates are the chains that could become the best one: nodes with all
// bodies down to genesis. The best is on top. Entries that have become worse
// than the tip or failed are thrown away when they surface; after a decision
// of the operator's the heap is filled anew from the index.
type candidates struct{ nodes nodeHeap }

// better reports whether the chain ending at a is preferred over b's: more
// work, then the one that was complete first (Core's nSequenceId), then the
// smaller hash so that the order is total.
func better(a, b *Node) bool {
	if c := a.work.Cmp(b.work); c != 0 {
		return c > 0
	}
	if a.order != b.order {
		return a.order < b.order
	}
	return bytes.Compare(a.hash[:], b.hash[:]) < 0
}

type nodeHeap []*Node

func (h nodeHeap) Len() int           { return len(h) }
func (h nodeHeap) Less(i, j int) bool { return better(h[i], h[j]) }
func (h nodeHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *nodeHeap) Push(x any)        { *h = append(*h, x.(*Node)) }
func (h *nodeHeap) Pop() any {
	old := *h
	n := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return n
}

func (c *candidates) add(n *Node) { heap.Push(&c.nodes, n) }

func (c *candidates) fill(nodes []*Node) {
	c.nodes = nodes
	heap.Init(&c.nodes)
}

// best returns the most preferred node that is better than floor, or floor.
func (c *candidates) best(floor *Node) *Node {
	for len(c.nodes) > 0 {
		n := c.nodes[0]
		if !n.Failed() && better(n, floor) {
			return n
		}
		heap.Pop(&c.nodes)
	}
	return floor
}

// drop throws the top away.
func (c *candidates) drop() { heap.Pop(&c.nodes) }
