package msg

import (
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// TxsAnnounced says that a peer has transactions by these ids (inv).
// Sender: conn. Answer: *Done, when what we want of them has been asked for or is
// scheduled to be.
type TxsAnnounced struct {
	Peer *Peer
	List []wire.InvVect
}

// Size is what the list takes.
func (m *TxsAnnounced) Size() int { return 64 + 36*len(m.List) }

// TxsNotFound says that a peer does not have transactions it was asked for.
// Sender: conn.
type TxsNotFound struct {
	Peer *Peer
	List []wire.InvVect
}

// TxArrived gives txfetch a transaction from a peer. Sender: conn.
// Answer: *Done, when it is in the pool, an orphan, refused or shed.
type TxArrived struct {
	Peer   *Peer
	Tx     *tx.Tx
	Credit *kit.Token
}

// Size is what the transaction takes.
func (m *TxArrived) Size() int { return 256 + m.Tx.Size() }

// Release gives the credit back.
func (m *TxArrived) Release() { m.Credit.Release() }

// SubmitTx asks the pool to take a transaction. Sender: txfetch, outside
// (sendrawtransaction). Answer: *TxVerdict.
type SubmitTx struct {
	Tx   *tx.Tx
	Peer PeerID // who gave it; 0 for our operator
}

// Size is what the transaction takes.
func (m *SubmitTx) Size() int { return 256 + m.Tx.Size() }

// TxVerdict answers SubmitTx and TestTx.
type TxVerdict struct{ mempool.Verdict }

// PickTxs asks the pool for what a template on the published tip may hold.
// Sender: minter, outside. Answer: *TxsPicked.
type PickTxs struct{}

// TxsPicked answers PickTxs: candidates valid on the block Tip.
type TxsPicked struct {
	Tip   tx.Hash
	Picks mempool.Candidates
}

var (
	_ = kit.Register[*TxsAnnounced](kit.Message{
		Lane: kit.Gossip, Full: kit.Hold, Role: kit.Work, From: []string{KindConn}, To: []string{KindTxFetch},
		Reply: "*Done", Doc: "a peer announced transactions",
	})
	_ = kit.Register[*TxsNotFound](kit.Message{
		Lane: kit.Gossip, Full: kit.Shed, Role: kit.Work, From: []string{KindConn}, To: []string{KindTxFetch},
		Doc: "a peer does not have what it was asked for; if lost, the request times out",
	})
	_ = kit.Register[*TxArrived](kit.Message{
		Lane: kit.Tx, Full: kit.Hold, Role: kit.Work, From: []string{KindConn}, To: []string{KindTxFetch},
		Reply: "*Done", Doc: "a transaction from a peer",
	})
	_ = kit.Register[*SubmitTx](kit.Message{
		Lane: kit.Tx, Full: kit.Hold, Role: kit.Work, From: []string{KindTxFetch, KindOutside}, To: []string{KindMempool},
		Reply: "*TxVerdict", Doc: "a transaction for the pool",
	})
	_ = kit.Register[*TxVerdict](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindMempool}, To: []string{KindTxFetch}, Doc: "in or not, and why",
	})
	_ = kit.Register[*PickTxs](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindMinter, KindOutside}, To: []string{KindMempool},
		Reply: "*TxsPicked", Doc: "what a block may hold",
	})
	_ = kit.Register[*TxsPicked](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindMempool}, To: []string{KindMinter}, Doc: "candidates for a block",
	})
)
