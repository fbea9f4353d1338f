package download

import "github.com/troupe-node/troupe/tx"

// Effect is something that a machine wants done. Its owner performs the effects
// in their order.
type Effect interface{ effect() }

// AskHeaders sends getheaders. From Headers; the peer answers with headers.
type AskHeaders struct {
	Peer    PeerID
	Locator []tx.Hash
}

// CheckHeaders gives headers to the chain. From Headers; its owner answers with
// Checked and the same batch.
type CheckHeaders struct {
	Peer    PeerID
	Batch   uint64
	Headers []tx.Header
}

// PeerHas tells the Blocks machine which chain a peer has. From Headers. Direct
// means that the peer just announced it.
type PeerHas struct {
	Peer   PeerID
	Node   Node
	Direct bool
}

// AskBlocks sends getdata for blocks with witnesses. From Blocks; the peer
// answers with blocks, in this order as a rule.
type AskBlocks struct {
	Peer   PeerID
	Hashes []tx.Hash
}

// Deliver hands a staged block to the chain. From Blocks; its owner answers with
// Settled.
type Deliver struct{ Hash tx.Hash }

// Discard drops a staged block that is not wanted any more. From Blocks.
type Discard struct{ Hash tx.Hash }

// AskTxs sends getdata for transactions. From Txs; the peer answers with tx or
// notfound.
type AskTxs struct {
	Peer PeerID
	IDs  []TxID
}

// Disconnect ends a connection. Misbehaved says that the peer broke the
// protocol; otherwise it is only of no use to us.
type Disconnect struct {
	Peer       PeerID
	Reason     string
	Misbehaved bool
}

// Note is something worth a line in the log, about a peer or Nobody.
type Note struct {
	Peer PeerID
	Text string
}

func (Note) effect()         {}
func (AskHeaders) effect()   {}
func (CheckHeaders) effect() {}
func (PeerHas) effect()      {}
func (AskBlocks) effect()    {}
func (Deliver) effect()      {}
func (Discard) effect()      {}
func (AskTxs) effect()       {}
func (Disconnect) effect()   {}

// effects collects what a machine wants done until its owner takes it.
type effects struct{ list []Effect }

func (e *effects) add(x Effect) { e.list = append(e.list, x) }

// Ready takes the effects that gathered since the last call.
func (e *effects) Ready() []Effect {
	out := e.list
	e.list = nil
	return out
}

// TxID is the id by which a transaction was announced: its txid, or with
// Witness its wtxid (BIP339).
type TxID struct {
	Hash    tx.Hash
	Witness bool
}
