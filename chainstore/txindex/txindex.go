// Package txindex keeps where each transaction of the chain is: its block's
// height and its place in the block's bytes, as records of the chain store.
//
// It owns the layout and nothing more: it reads no block, follows no tip and
// writes nothing. The index is of the chain that ends at its [Position], which is
// a record, too, and moves in the commit of the entries: a reader who takes both
// from one snapshot knows the block from the height. An entry that a
// reorganisation left behind points to what is no longer there, and is not found.
//
// Start reading at [Append], then [Find].
package txindex

import (
	"encoding/binary"
	"fmt"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/tx"
)

// The keys begin with one of these, below the store's own byte for records.
const (
	entryKey    = 't' // t | txid -> height, offset (varints)
	positionKey = 'T' // T        -> block hash
)

// Append appends the entries of a block.
func Append(records []chainstore.Record, b *tx.Block, height int32) []chainstore.Record {
	offset := tx.HeaderSize + tx.CompactSizeLen(uint64(len(b.Txs)))
	for _, t := range b.Txs {
		val := binary.AppendUvarint(make([]byte, 0, 8), uint64(height))
		records = append(records, chainstore.Record{Key: key(t.ID()), Value: binary.AppendUvarint(val, uint64(offset))})
		offset += t.Size()
	}
	return records
}

// Position is the record that says that the index is complete up to a block.
func Position(hash tx.Hash) chainstore.Record {
	return chainstore.Record{Key: []byte{positionKey}, Value: hash[:]}
}

func key(id tx.Hash) []byte {
	return append(append(make([]byte, 0, 1+tx.HashSize), entryKey), id[:]...)
}

// ReadPosition is the block up to which the index is complete; false when
// nothing is indexed.
func ReadPosition(s *chainstore.Snapshot) (hash tx.Hash, ok bool, err error) {
	val, err := s.Record([]byte{positionKey})
	if err != nil || val == nil {
		return hash, false, err
	}
	if len(val) != tx.HashSize {
		return hash, false, fmt.Errorf("%w: position of the transaction index", chainstore.ErrDecode)
	}
	return tx.Hash(val), true, nil
}

// Place is where a transaction is.
type Place struct {
	Height int32
	Offset int // in the block's bytes
}

// Find looks for a transaction. What it finds may be of a block that is no longer
// in the chain: [Read] tells.
func Find(s *chainstore.Snapshot, id tx.Hash) (p Place, ok bool, err error) {
	val, err := s.Record(key(id))
	if err != nil || val == nil {
		return p, false, err
	}
	return decodePlace(val)
}

func decodePlace(val []byte) (p Place, ok bool, err error) {
	height, n := binary.Uvarint(val)
	if n <= 0 || height > 1<<31-1 {
		return p, false, fmt.Errorf("%w: entry of the transaction index", chainstore.ErrDecode)
	}
	offset, m := binary.Uvarint(val[n:])
	if m <= 0 || n+m != len(val) || offset > 1<<31-1 {
		return p, false, fmt.Errorf("%w: entry of the transaction index", chainstore.ErrDecode)
	}
	return Place{Height: int32(height), Offset: int(offset)}, true, nil
}

// Read takes the transaction out of a block's bytes. It answers nil when another
// one, or none, is at that place.
func (p Place) Read(raw []byte, id tx.Hash) *tx.Tx {
	if p.Offset >= len(raw) {
		return nil
	}
	t, _, err := tx.ParsePrefix(raw[p.Offset:])
	if err != nil || t.ID() != id {
		return nil
	}
	return t
}
