package download

import (
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// PeerID names a connection. It is never used twice in a process.
type PeerID int64

// Node is a header that was accepted. *chainstate.Node is one.
type Node interface {
	Hash() tx.Hash
	Height() int32
	Time() uint32 // seconds since 1970
	Work() consensus.Work
	HasBody() bool // stored, or about to be
	Failed() bool  // it or an ancestor broke a rule
}

// Tree answers questions about the accepted headers. What it returns may
// change between two calls of a machine, never what a Node is.
type Tree interface {
	// Lookup finds a header; a nil interface when it is unknown.
	Lookup(hash tx.Hash) Node
	// Ancestor is the header at a height on the chain that ends with n; a nil
	// interface when the height is negative or above n.
	Ancestor(n Node, height int32) Node
	// Tip is the last connected block.
	Tip() Node
	// Best is the header with the most work that has not failed.
	Best() Node
}

// isAncestor says whether a lies on the chain that ends with n.
func isAncestor(t Tree, a, n Node) bool {
	return a.Height() <= n.Height() && t.Ancestor(n, a.Height()) == a
}

// forkHeight is the height of the last header that both chains have in common.
func forkHeight(t Tree, a, b Node) int32 {
	low, high := int32(0), min(a.Height(), b.Height()) // they share genesis
	for low < high {
		mid := low + (high-low+1)/2
		if t.Ancestor(a, mid) == t.Ancestor(b, mid) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}

// locator lists hashes from n back to genesis, the first ten without gaps and
// then in doubling steps, for getheaders.
func locator(t Tree, n Node) []tx.Hash {
	var hashes []tx.Hash
	for step := int32(1); ; {
		hashes = append(hashes, n.Hash())
		if n.Height() == 0 {
			return hashes
		}
		n = t.Ancestor(n, max(n.Height()-step, 0))
		if len(hashes) > 10 {
			step *= 2
		}
	}
}
