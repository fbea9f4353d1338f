package chainstate

import (
	"sync/atomic"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Node is one header in the tree. Everything that follows from the header is
// fixed when the node is made, so that any goroutine may read it; what is
// learned later (status bits, transaction counts) is atomic and written by the
// Machine alone. 160 bytes: a tree of 900,000 headers stays under 150 MB.
type Node struct {
	hash   tx.Hash
	merkle tx.Hash
	work   consensus.Work // of the whole chain up to and including this header
	parent *Node
	jump   *Node // skew-binary skip pointer, see newNode

	chainTxs atomic.Uint64 // transactions from genesis to here; 0 while a body in between is missing
	order    int64         // when the chain up to here became complete; Machine only

	version int32
	time    uint32
	bits    uint32
	nonce   uint32
	height  int32
	status  atomic.Uint32
	txs     atomic.Uint32 // transactions in the body; 0 until it has been seen
}

// newNode links a header to its parent (nil for genesis).
//
// The skip pointers form Myers' skew-binary list: a node jumps as far as its
// parent's two jumps together when these are equally long, otherwise to its
// parent. Each node needs one pointer, and any ancestor is O(log n) away.
func newNode(h *tx.Header, hash tx.Hash, parent *Node) *Node {
	n := &Node{
		hash: hash, merkle: h.MerkleRoot, parent: parent,
		version: h.Version, time: h.Time, bits: h.Bits, nonce: h.Nonce,
		work: consensus.BlockWork(h.Bits),
	}
	if parent == nil {
		return n
	}
	n.height = parent.height + 1
	n.work = parent.work.Add(n.work)
	n.jump = parent
	if a := parent.jump; a != nil && a.jump != nil && parent.height-a.height == a.height-a.jump.height {
		n.jump = a.jump
	}
	return n
}

// Hash returns the block hash.
func (n *Node) Hash() tx.Hash { return n.hash }

// Height is the distance from genesis, which is at 0.
func (n *Node) Height() int32 { return n.height }

// Time is the header's timestamp, seconds since 1970.
func (n *Node) Time() uint32 { return n.time }

// Bits is the header's compact target.
func (n *Node) Bits() uint32 { return n.bits }

// Version is the header's version field.
func (n *Node) Version() int32 { return n.version }

// Work is the expected number of hashes behind the chain that ends here.
func (n *Node) Work() consensus.Work { return n.work }

// Prev returns the parent, nil for genesis.
func (n *Node) Prev() *Node { return n.parent }

// Header rebuilds the 80-byte header's fields.
func (n *Node) Header() tx.Header {
	h := tx.Header{Version: n.version, MerkleRoot: n.merkle, Time: n.time, Bits: n.bits, Nonce: n.nonce}
	if n.parent != nil {
		h.Prev = n.parent.hash
	}
	return h
}

// Parent is Prev for consensus.Ancestry: a nil interface below genesis.
func (n *Node) Parent() consensus.Ancestry {
	if n.parent == nil {
		return nil
	}
	return n.parent
}

// Ancestor is At for consensus.Ancestry: a nil interface when there is none.
func (n *Node) Ancestor(height int32) consensus.Ancestry {
	if a := n.At(height); a != nil {
		return a
	}
	return nil
}

// At returns the ancestor at height, n itself at its own height, nil when the
// height is negative or above n.
func (n *Node) At(height int32) *Node {
	if height < 0 || height > n.height {
		return nil
	}
	for n.height > height {
		if n.jump.height >= height {
			n = n.jump
		} else {
			n = n.parent
		}
	}
	return n
}

// Descends reports whether a is n or one of its ancestors.
func (n *Node) Descends(a *Node) bool { return n.At(a.height) == a }

// Fork returns the last block that both chains have in common.
func Fork(a, b *Node) *Node {
	if a.height > b.height {
		a = a.At(b.height)
	} else {
		b = b.At(a.height)
	}
	for a != b {
		if a.jump != b.jump {
			a, b = a.jump, b.jump
		} else {
			a, b = a.parent, b.parent
		}
	}
	return a
}

// Txs is the number of transactions in the body, 0 when it was never seen.
func (n *Node) Txs() uint32 { return n.txs.Load() }

// ChainTxs is the number of transactions from genesis to here, 0 while a body
// on the way is missing.
func (n *Node) ChainTxs() uint64 { return n.chainTxs.Load() }

// HasBody reports whether the store holds (or is about to hold) the body.
func (n *Node) HasBody() bool { return n.has(chainstore.StatusHaveBody) }

// HasUndo reports whether the store holds the coins the block spent.
func (n *Node) HasUndo() bool { return n.has(chainstore.StatusHaveUndo) }

// ScriptsValid reports whether every script of the block was found good, or
// was taken for good below the assumed-valid block.
func (n *Node) ScriptsValid() bool { return n.has(chainstore.StatusScriptsValid) }

// Failed reports whether the block or one of its ancestors broke a rule or was
// invalidated by hand.
func (n *Node) Failed() bool { return n.has(failedMask) }

func (n *Node) has(bits uint32) bool { return n.status.Load()&bits != 0 }

func (n *Node) set(bits uint32) { n.status.Store(n.status.Load() | bits) }

func (n *Node) clear(bits uint32) { n.status.Store(n.status.Load() &^ bits) }
