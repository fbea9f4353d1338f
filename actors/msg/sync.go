package msg

import (
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/tx"
)

// HeadersArrived gives headers the headers a peer sent. Sender: conn.
// Answer: *Done, after whatever they caused us to ask of the peer was queued; its
// error is what the peer deserves to be disconnected for.
type HeadersArrived struct {
	Peer    *Peer
	Headers []tx.Header
}

// Size is what the headers take.
func (m *HeadersArrived) Size() int { return 64 + len(m.Headers)*tx.HeaderSize }

// BlocksAnnounced says that a peer has blocks by these hashes (inv).
// Sender: conn. Answer: *Done.
type BlocksAnnounced struct {
	Peer   *Peer
	Hashes []tx.Hash
}

// Size is what the hashes take.
func (m *BlocksAnnounced) Size() int { return 64 + len(m.Hashes)*tx.HashSize }

// PeerHas tells blocks the best header that a peer is known to have the chain
// of. Sender: headers. Direct says that a peer just announced it, so that blocks
// may ask at once.
type PeerHas struct {
	Peer   *Peer
	Node   *chainstate.Node
	Direct bool
	// Then hears Done when whatever blocks wants of the peer has been queued: it
	// is the conn whose frame caused this.
	Then kit.ReplyTo
}

// BlockArrived gives blocks a block from a peer. Sender: conn. Answer: *Done,
// when the block is connected, refused or stored, and what it caused us to ask was
// queued. Err is what consensus.CheckMutation and CheckBlock said in the conn's
// reader.
type BlockArrived struct {
	Peer   *Peer
	Block  *tx.Block
	Err    error
	Credit *kit.Token
}

// Size is what the block takes.
func (m *BlockArrived) Size() int { return 256 + m.Block.Size() }

// Release gives the credit back.
func (m *BlockArrived) Release() { m.Credit.Release() }

// ConnPaused says that we stopped to read from a peer, for reasons of our own, or
// that we go on: its answers wait for us. Sender: conn.
type ConnPaused struct {
	Peer   *Peer
	Paused bool
}

// BlocksNotFound says that a peer does not have blocks it was asked for.
// Sender: conn.
type BlocksNotFound struct {
	Peer   *Peer
	Hashes []tx.Hash
}

// FetchBlock asks blocks to get a block of one peer, whether or not it is needed.
// Sender: outside (getblockfrompeer). Answer: *Done when it was asked for, or why it was
// not.
type FetchBlock struct {
	Peer PeerID
	Hash tx.Hash
}

var (
	_ = kit.Register[*HeadersArrived](kit.Message{
		Lane: kit.Headers, Full: kit.Hold, Role: kit.Work, From: []string{KindConn}, To: []string{KindHeaders},
		Reply: "*Done", Doc: "headers from a peer",
	})
	_ = kit.Register[*BlocksAnnounced](kit.Message{
		Lane: kit.Headers, Full: kit.Hold, Role: kit.Work, From: []string{KindConn}, To: []string{KindHeaders},
		Reply: "*Done", Doc: "a peer announced blocks by hash",
	})
	_ = kit.Register[*PeerHas](kit.Message{
		Lane: kit.Headers, Full: kit.Hold, Role: kit.Work, From: []string{KindHeaders}, To: []string{KindBlocks},
		Doc:   "which chain a peer has",
		Reply: "*Done, to Then",
	})
	_ = kit.Register[*BlockArrived](kit.Message{
		Lane: kit.Block, Full: kit.Hold, Role: kit.Work, From: []string{KindConn}, To: []string{KindBlocks},
		Reply: "*Done", Doc: "a block from a peer",
	})
	_ = kit.Register[*FetchBlock](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindBlocks},
		Reply: "*Done", Doc: "our operator wants a block of one peer",
	})
	_ = kit.Register[*ConnPaused](kit.Message{
		Lane: kit.Control, Full: kit.Shed, Role: kit.Event, From: []string{KindConn}, To: []string{KindBlocks},
		Doc: "a peer is not read from, or is again",
	})
	_ = kit.Register[*BlocksNotFound](kit.Message{
		Lane: kit.Headers, Full: kit.Shed, Role: kit.Work, From: []string{KindConn}, To: []string{KindBlocks},
		Doc: "a peer does not have what it was asked for; if lost, the lease runs out",
	})
)
