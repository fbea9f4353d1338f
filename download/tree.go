package download

import (
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// PeerID names a connection. It is never used twice in a process.
type PeerID int64

// Node is a header that was accepted. *chainstate.Node is one. Two interfaces
// with the same header compare equal.
type Node interface {
	consensus.Ancestry
	Work() consensus.Work // of the chain up to here
	HasBody() bool        // stored, or about to be
	Failed() bool         // it or an ancestor broke a rule
}

// Tree answers questions about the accepted headers.
type Tree interface {
	// Lookup finds a header; a nil interface when it is unknown.
	Lookup(hash tx.Hash) Node
	// Tip is the last connected block.
	Tip() Node
	// Best is the header with the most work that has not failed.
	Best() Node
}

// at is the header at a height on the chain that ends with n; nil when the
// height is negative or above n.
func at(n Node, height int32) Node {
	if height == n.Height() {
		return n
	}
	a, _ := n.Ancestor(height).(Node)
	return a
}

// isAncestor says whether a lies on the chain that ends with n.
func isAncestor(a, n Node) bool { return a.Height() <= n.Height() && at(n, a.Height()) == a }

// forkHeight is the height of the last header that both chains have in common.
func forkHeight(a, b Node) int32 {
	low, high := int32(0), min(a.Height(), b.Height())
	if at(a, high) == at(b, high) {
		return high
	}
	for low < high { // they share genesis
		mid := low + (high-low+1)/2
		if at(a, mid) == at(b, mid) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}

// locator lists hashes from n back to genesis, the first ten without gaps and
// then in doubling steps, for getheaders.
func locator(n Node) []tx.Hash {
	var hashes []tx.Hash
	for step := int32(1); ; {
		hashes = append(hashes, n.Hash())
		if n.Height() == 0 {
			return hashes
		}
		n = at(n, max(n.Height()-step, 0))
		if len(hashes) > 10 {
			step *= 2
		}
	}
}

// before is the parent, or genesis itself.
func before(n Node) Node { return at(n, max(n.Height()-1, 0)) }
