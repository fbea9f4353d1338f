package wire

import (
	"errors"

	"github.com/troupe-node/troupe/tx"
)

// Block answers GetData. At most 4,000,000 bytes, which is what the weight
// limit of 4,000,000 allows (BIP141). To send one without witnesses, or one
// straight from the store, use [Raw].
type Block struct{ Block *tx.Block }

// Command is "block".
func (*Block) Command() string { return CmdBlock }

// AppendPayload writes the block with its witnesses.
func (m *Block) AppendPayload(dst []byte) []byte { return append(dst, m.Block.Bytes()...) }

func decodeBlock(c *cursor) Message {
	b, err := tx.ParseBlockIf(c.b, c.admit)
	if errors.Is(err, tx.ErrTrailing) {
		b, err = tx.ParseBlockIf(c.b[:blockEnd(c.b)], c.admit)
	}
	if err != nil {
		c.fail(fromTx(c.command, err))
		return nil
	}
	return &Block{b}
}

// blockEnd finds where the block at the head of raw ends. It walks the block
// once more, which is fine for frames with bytes behind their block: nobody
// honest sends them.
func blockEnd(raw []byte) int {
	c := cursor{command: CmdBlock, b: raw}
	c.header()
	for range c.count(MaxPayload, minTx) {
		c.transaction()
	}
	return len(raw) - len(c.b)
}

// minTx is the least size of a transaction: version, one input and output
// count each, lock time.
const minTx = 4 + 1 + 1 + 4

// Tx answers GetData. At most 4,000,000 bytes; policy draws its own line much
// lower.
type Tx struct{ Tx *tx.Tx }

// Command is "tx".
func (*Tx) Command() string { return CmdTx }

// AppendPayload writes the transaction with its witnesses.
func (m *Tx) AppendPayload(dst []byte) []byte { return append(dst, m.Tx.Bytes()...) }

func decodeTx(c *cursor) Message {
	t := c.transaction()
	if t == nil {
		return nil
	}
	return &Tx{t}
}
