// Package msgtx converts between Troupe's transactions and blocks and the wire
// types of the btcsuite modules, for tests that use those as an oracle and for
// libraries that want them. The node itself never needs it.
package msgtx

import (
	"bytes"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/troupe-node/troupe/tx"
)

// FromTx converts to btcsuite's type. A transaction that Troupe reads and
// btcsuite refuses gives an error.
func FromTx(t *tx.Tx) (*wire.MsgTx, error) {
	m := new(wire.MsgTx)
	if err := m.Deserialize(bytes.NewReader(t.Bytes())); err != nil {
		return nil, fmt.Errorf("transaction %s as wire.MsgTx: %w", t.ID(), err)
	}
	return m, nil
}

// ToTx converts from btcsuite's type.
func ToTx(m *wire.MsgTx) (*tx.Tx, error) {
	var b bytes.Buffer
	if err := m.Serialize(&b); err != nil {
		return nil, fmt.Errorf("wire.MsgTx as transaction: %w", err)
	}
	return tx.Parse(b.Bytes())
}

// FromBlock converts to btcsuite's type.
func FromBlock(b *tx.Block) (*wire.MsgBlock, error) {
	m := new(wire.MsgBlock)
	if err := m.Deserialize(bytes.NewReader(b.Bytes())); err != nil {
		return nil, fmt.Errorf("block %s as wire.MsgBlock: %w", b.Hash(), err)
	}
	return m, nil
}

// ToBlock converts from btcsuite's type.
func ToBlock(m *wire.MsgBlock) (*tx.Block, error) {
	var b bytes.Buffer
	if err := m.Serialize(&b); err != nil {
		return nil, fmt.Errorf("wire.MsgBlock as block: %w", err)
	}
	return tx.ParseBlock(b.Bytes())
}
