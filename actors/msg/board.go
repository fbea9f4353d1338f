package msg

import (
	"sync/atomic"

	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/mempool"
)

// Board is where owners publish what others may read: one field per owner. A
// value that was loaded never changes.
type Board struct {
	Params *consensus.Params
	// Index finds headers by hash. Owner: chain.
	Index *chainstate.Index
	// Store is for reading bodies, undo data and snapshots. Only the store and
	// chain actors write.
	Store chainstore.Store
	// Upload counts what is sent. The connections add to it.
	Upload *Upload

	tip   atomic.Pointer[chainstate.Snapshot]
	pool  atomic.Pointer[mempool.View]
	peers atomic.Pointer[PeerList]

	bodies  atomic.Pointer[BodyUsage]
	txIndex atomic.Pointer[TxIndex]

	warnings atomic.Pointer[[]string]
}

// Tip is the published view of the chain; never nil once chain has started.
// Whoever reads coins through it must Acquire and Release it.
func (b *Board) Tip() *chainstate.Snapshot { return b.tip.Load() }

// PublishTip is chain's.
func (b *Board) PublishTip(s *chainstate.Snapshot) { b.tip.Store(s) }

// Pool is the published view of the mempool; nil before it has started.
func (b *Board) Pool() *mempool.View { return b.pool.Load() }

// PublishPool is mempool's.
func (b *Board) PublishPool(v *mempool.View) { b.pool.Store(v) }

// Peers lists the connections; never nil.
func (b *Board) Peers() *PeerList {
	if l := b.peers.Load(); l != nil {
		return l
	}
	return &PeerList{}
}

// TxIndex is the published view of the transaction index; nil without -txindex,
// and for a moment after the start.
func (b *Board) TxIndex() *TxIndex { return b.txIndex.Load() }

// PublishTxIndex is txindex's.
func (b *Board) PublishTxIndex(v *TxIndex) { b.txIndex.Store(v) }

// Bodies tells about how much room bodies and undo data take; undo data that came
// within the last minutes may be missing.
func (b *Board) Bodies() BodyUsage {
	if u := b.bodies.Load(); u != nil {
		return *u
	}
	return BodyUsage{}
}

// PublishBodies is chain's.
func (b *Board) PublishBodies(u BodyUsage) { b.bodies.Store(&u) }

// Warnings are what our operator should know, in Core's words; may be nil.
func (b *Board) Warnings() []string {
	if w := b.warnings.Load(); w != nil {
		return *w
	}
	return nil
}

// PublishWarnings is notify's.
func (b *Board) PublishWarnings(w []string) { b.warnings.Store(&w) }

// PublishPeers is registry's.
func (b *Board) PublishPeers(l *PeerList) { b.peers.Store(l) }
