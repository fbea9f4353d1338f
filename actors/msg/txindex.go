package msg

import (
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/chainstore/txindex"
	"github.com/troupe-node/troupe/tx"
)

// WriteRecords asks store to commit an index's records. Sender: txindex.
// Answer: *RecordsWritten. A failure to write ends the process.
type WriteRecords struct {
	Records []chainstore.Record
	Bytes   int // about, of all records
}

// Size is what the records take.
func (m *WriteRecords) Size() int { return m.Bytes }

// RecordsWritten answers WriteRecords.
type RecordsWritten struct{}

// TxIndex is the view of the transaction index. Owner: txindex.
type TxIndex struct {
	// Best is the block up to which everything is indexed.
	Best *chainstate.Node
	// Synced says that the index has reached the tip since the start; from then
	// on it follows it.
	Synced bool

	board *Board
}

// NewTxIndex is a view of the index of a board's store.
func NewTxIndex(b *Board, best *chainstate.Node, synced bool) *TxIndex {
	return &TxIndex{Best: best, Synced: synced, board: b}
}

// Lookup finds a transaction of the chain that is indexed, and its block, which
// may meanwhile have left the best chain. Both are nil when there is none: an
// index that is not Synced may just not have come to it.
func (v *TxIndex) Lookup(id tx.Hash) (*tx.Tx, *chainstate.Node, error) {
	snap, err := v.board.Store.Snapshot()
	if err != nil {
		return nil, nil, err
	}
	defer snap.Release()
	place, ok, err := txindex.Find(snap, id)
	if err != nil || !ok {
		return nil, nil, err
	}
	best, ok, err := txindex.ReadPosition(snap)
	if err != nil || !ok {
		return nil, nil, err
	}
	end := v.board.Index.Get(best)
	if end == nil || end.At(place.Height) == nil {
		return nil, nil, nil
	}
	n := end.At(place.Height)
	raw, err := snap.Block(n.Hash())
	if err != nil {
		return nil, nil, err
	}
	if t := place.Read(raw, id); t != nil {
		return t, n, nil
	}
	return nil, nil, nil
}

var (
	_ = kit.Register[*WriteRecords](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindTxIndex}, To: []string{KindStore},
		Reply: "*RecordsWritten", Doc: "an index's records to commit",
	})
	_ = kit.Register[*RecordsWritten](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindStore}, To: []string{KindTxIndex}, Doc: "an index's records are committed",
	})
)
