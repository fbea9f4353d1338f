package chainstate

import (
	"errors"
	"iter"
	"sync/atomic"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Snapshot is the chain at one moment. It never changes, and any goroutine may
// read it. What needs only headers works for ever; what reads coins, bodies or
// undo data pins the store: Acquire it first, Release it afterwards.
type Snapshot struct {
	seq    uint64
	tip    *Node
	best   *Node
	leaves []*Node
	ibd    bool
	index  *Index
	params *consensus.Params

	base   *coinBase
	layers [2][]*layer // oldest first; together with base the coins at coins
	coins  *Node
	young  *young
	refs   atomic.Int64
}

// coinBase is a snapshot of the store, shared by all of ours until the next
// commit.
type coinBase struct {
	snap *chainstore.Snapshot
	tip  *Node
	refs atomic.Int64
}

func newCoinBase(snap *chainstore.Snapshot, tip *Node) *coinBase {
	b := &coinBase{snap: snap, tip: tip}
	b.refs.Store(1)
	return b
}

func (b *coinBase) release() {
	if b.refs.Add(-1) == 0 {
		b.snap.Release()
	}
}

// ErrReleased says that a snapshot was read after its last Release.
var ErrReleased = errors.New("the chain snapshot was released; load the current one")

// Seq counts the connect and disconnect steps up to this state. It never goes
// back, not even over a restart.
func (s *Snapshot) Seq() uint64 { return s.seq }

// Tip is the last block of the best chain.
func (s *Snapshot) Tip() *Node { return s.tip }

// BestHeader is the header with the most work that is not known to be invalid.
func (s *Snapshot) BestHeader() *Node { return s.best }

// InitialDownload reports whether the node is still catching up for the first
// time since it was started (Core's IsInitialBlockDownload).
func (s *Snapshot) InitialDownload() bool { return s.ibd }

// CoinsTip is the block whose coins Coin answers for. It is the tip, except
// that it may stay behind, at the last commit, during a long download.
func (s *Snapshot) CoinsTip() *Node { return s.coins }

// HasCoins reports whether CoinsTip is the tip.
func (s *Snapshot) HasCoins() bool { return s.coins == s.tip }

// Header finds any header of the tree, or nil.
func (s *Snapshot) Header(hash tx.Hash) *Node { return s.index.Get(hash) }

// Contains reports whether the block is part of the best chain.
func (s *Snapshot) Contains(n *Node) bool { return s.tip.Descends(n) }

// AtHeight returns the best chain's block at that height, or nil.
func (s *Snapshot) AtHeight(height int32) *Node { return s.tip.At(height) }

// Range returns up to max blocks of the best chain upwards from height.
func (s *Snapshot) Range(height int32, max int) []*Node {
	if height < 0 || height > s.tip.height || max <= 0 {
		return nil
	}
	count := int(min(int64(max), int64(s.tip.height-height)+1))
	nodes := make([]*Node, count)
	n := s.tip.At(height + int32(count) - 1)
	for i := count - 1; i >= 0; i-- {
		nodes[i] = n
		n = n.parent
	}
	return nodes
}

// Locator lists hashes of the best chain: see [Node.Locator].
func (s *Snapshot) Locator() []tx.Hash { return s.tip.Locator() }

// Locator lists hashes of the chain that ends at n, dense at its end and
// sparse towards genesis, for a peer to find the fork with its own.
func (n *Node) Locator() []tx.Hash {
	var hashes []tx.Hash
	for step := int32(1); ; {
		hashes = append(hashes, n.hash)
		if n.height == 0 {
			return hashes
		}
		n = n.At(max(n.height-step, 0))
		if len(hashes) > 10 {
			step *= 2
		}
	}
}

// FindFork returns the last block of the best chain that the locator's owner
// has, too: genesis when nothing else matches.
func (s *Snapshot) FindFork(locator []tx.Hash) *Node {
	for i := range locator {
		n := s.index.Get(locator[i])
		if n == nil {
			continue
		}
		if s.Contains(n) {
			return n
		}
		if n.Descends(s.tip) { // the other is ahead of us on our chain
			return s.tip
		}
	}
	return s.tip.At(0)
}

// Acquire keeps the snapshot's coins and bodies readable until Release. It
// reports false when the last holder has released it already: load the
// current snapshot again.
func (s *Snapshot) Acquire() bool {
	for {
		refs := s.refs.Load()
		if refs == 0 {
			return false
		}
		if s.refs.CompareAndSwap(refs, refs+1) {
			return true
		}
	}
}

// Release ends an Acquire. A snapshot from Machine.Ready comes acquired once,
// for whoever publishes it.
func (s *Snapshot) Release() {
	if s.refs.Add(-1) == 0 {
		s.base.release()
	}
}

// Coin returns an unspent coin at CoinsTip, or nil.
func (s *Snapshot) Coin(op tx.OutPoint) (*consensus.Coin, error) {
	if s.refs.Load() <= 0 {
		return nil, ErrReleased
	}
	if coin, known := s.layered(op); known {
		return coin, nil
	}
	return s.base.snap.Coin(op)
}

// Coins reads many at once; absent ones are nil in the answer.
func (s *Snapshot) Coins(ops []tx.OutPoint) ([]*consensus.Coin, error) {
	if s.refs.Load() <= 0 {
		return nil, ErrReleased
	}
	if len(s.layers[0])+len(s.layers[1]) == 0 {
		return s.base.snap.Coins(ops)
	}
	coins := make([]*consensus.Coin, len(ops))
	var below []tx.OutPoint
	var places []int
	for i, op := range ops {
		coin, known := s.layered(op)
		if coins[i] = coin; !known {
			below, places = append(below, op), append(places, i)
		}
	}
	stored, err := s.base.snap.Coins(below)
	if err != nil {
		return nil, err
	}
	for i, place := range places {
		coins[place] = stored[i]
	}
	return coins, nil
}

// layered looks through the layers, newest first.
func (s *Snapshot) layered(op tx.OutPoint) (coin *consensus.Coin, known bool) {
	for seg := len(s.layers) - 1; seg >= 0; seg-- {
		for i := len(s.layers[seg]) - 1; i >= 0; i-- {
			if coin, known = s.layers[seg][i].get(op); known {
				return coin, true
			}
		}
	}
	return nil, false
}

// Stored is the store's snapshot below this one, for reading all coins in
// order or an index. Its coins are those of the last commit, which this snapshot may
// be a few blocks ahead of: compare its Tip with CoinsTip.
func (s *Snapshot) Stored() *chainstore.Snapshot { return s.base.snap }

// Blocks walks the best chain from the tip to genesis, as the first blockchain
// iterator anybody writes does. It ends at the first error.
func (s *Snapshot) Blocks() iter.Seq2[*tx.Block, error] {
	return func(yield func(*tx.Block, error) bool) {
		for n := s.tip; n != nil; n = n.parent {
			b, err := s.Block(n)
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// ReadBlock reads and parses a body from the store, for who follows what is
// committed and not what is published.
func ReadBlock(snap *chainstore.Snapshot, n *Node) (*tx.Block, error) {
	raw, err := snap.Block(n.hash)
	if err != nil {
		return nil, err
	}
	b, err := tx.ParseBlock(raw)
	if err != nil {
		return nil, &internalError{"stored body of block " + n.hash.String() + " is damaged (run `troupe store verify`)", err}
	}
	if b.Hash() != n.hash {
		return nil, &internalError{"stored body of block " + n.hash.String(), errors.New("belongs to block " + b.Hash().String() + " (run `troupe store verify`)")}
	}
	return b, nil
}
