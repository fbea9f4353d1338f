package wire

import (
	"encoding/binary"

	"github.com/troupe-node/troupe/tx"
)

// maxBlockTxs is the most transactions that compact blocks can number: indexes
// have 16 bits (BIP152).
const maxBlockTxs = 1 << 16

const shortIDSize = 6

// SendCmpct (BIP152) says which version of compact blocks its sender reads,
// and whether it wants new blocks announced by them (high bandwidth). Core
// knows version 2 only. Nine bytes.
type SendCmpct struct {
	HighBandwidth bool
	Version       uint64
}

// Command is "sendcmpct".
func (*SendCmpct) Command() string { return CmdSendCmpct }

// AppendPayload writes both fields.
func (m *SendCmpct) AppendPayload(dst []byte) []byte {
	if m.HighBandwidth {
		dst = append(dst, 1)
	} else {
		dst = append(dst, 0)
	}
	return binary.LittleEndian.AppendUint64(dst, m.Version)
}

func decodeSendCmpct(c *cursor) Message {
	return &SendCmpct{HighBandwidth: c.u8() != 0, Version: c.u64()}
}

// PrefilledTx is a transaction that a compact block brings along, with its
// place in the block.
type PrefilledTx struct {
	Index uint16
	Tx    *tx.Tx
}

// CmpctBlock (BIP152) is a block in which most transactions are replaced by six
// bytes of a keyed hash. It announces a block to high bandwidth peers or
// answers GetData; who cannot fill it asks with GetBlockTxn. At most 65,536
// transactions, prefilled ones in ascending order.
type CmpctBlock struct {
	Header    tx.Header
	Nonce     uint64
	ShortIDs  []uint64 // 48 bits each
	Prefilled []PrefilledTx
}

// Command is "cmpctblock".
func (*CmpctBlock) Command() string { return CmdCmpctBlock }

// AppendPayload writes the prefilled places as differences.
func (m *CmpctBlock) AppendPayload(dst []byte) []byte {
	header := m.Header.Bytes()
	dst = append(dst, header[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, m.Nonce)
	dst = tx.AppendCompactSize(dst, uint64(len(m.ShortIDs)))
	for _, id := range m.ShortIDs {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(id))
		dst = binary.LittleEndian.AppendUint16(dst, uint16(id>>32))
	}
	dst = tx.AppendCompactSize(dst, uint64(len(m.Prefilled)))
	next := 0
	for _, p := range m.Prefilled {
		dst = tx.AppendCompactSize(dst, uint64(int(p.Index)-next))
		dst = append(dst, p.Tx.Bytes()...)
		next = int(p.Index) + 1
	}
	return dst
}

func decodeCmpctBlock(c *cursor) Message {
	m := &CmpctBlock{Header: c.header(), Nonce: c.u64()}
	m.ShortIDs = make([]uint64, c.count(maxBlockTxs, shortIDSize))
	for i := range m.ShortIDs {
		m.ShortIDs[i] = uint64(c.u32()) | uint64(c.u16())<<32
	}
	n := c.count(maxBlockTxs, 1+minTx)
	m.Prefilled = make([]PrefilledTx, 0, n)
	next := 0
	for range n {
		index, ok := c.index(&next)
		if !ok {
			return nil
		}
		t := c.transaction()
		if t == nil {
			return nil
		}
		m.Prefilled = append(m.Prefilled, PrefilledTx{index, t})
	}
	if len(m.ShortIDs)+n > maxBlockTxs {
		c.fail(failf(Malformed, c.command, "%s: indexes overflowed 16 bits", c.command))
	}
	return m
}

// index reads a difference and gives the place it stands for.
func (c *cursor) index(next *int) (uint16, bool) {
	d := c.size()
	if c.err == nil && (d > 0xffff || *next+int(d) > 0xffff) {
		c.fail(failf(Malformed, c.command, "%s: indexes overflowed 16 bits", c.command))
	}
	if c.err != nil {
		return 0, false
	}
	at := *next + int(d)
	*next = at + 1
	return uint16(at), true
}

// GetBlockTxn (BIP152) asks for the transactions of a compact block that its
// sender lacks; BlockTxn answers. Indexes ascend; at most 65,536.
type GetBlockTxn struct {
	Block   tx.Hash
	Indexes []uint16
}

// Command is "getblocktxn".
func (*GetBlockTxn) Command() string { return CmdGetBlockTxn }

// AppendPayload writes the indexes as differences.
func (m *GetBlockTxn) AppendPayload(dst []byte) []byte {
	dst = append(dst, m.Block[:]...)
	dst = tx.AppendCompactSize(dst, uint64(len(m.Indexes)))
	next := 0
	for _, i := range m.Indexes {
		dst = tx.AppendCompactSize(dst, uint64(int(i)-next))
		next = int(i) + 1
	}
	return dst
}

func decodeGetBlockTxn(c *cursor) Message {
	m := &GetBlockTxn{Block: c.hash()}
	m.Indexes = make([]uint16, c.count(maxBlockTxs, 1))
	next := 0
	for i := range m.Indexes {
		m.Indexes[i], _ = c.index(&next)
	}
	return m
}

// BlockTxn (BIP152) answers GetBlockTxn with the transactions in the order
// asked.
type BlockTxn struct {
	Block tx.Hash
	Txs   []*tx.Tx
}

// Command is "blocktxn".
func (*BlockTxn) Command() string { return CmdBlockTxn }

// AppendPayload writes the transactions with their witnesses.
func (m *BlockTxn) AppendPayload(dst []byte) []byte {
	dst = append(dst, m.Block[:]...)
	dst = tx.AppendCompactSize(dst, uint64(len(m.Txs)))
	for _, t := range m.Txs {
		dst = append(dst, t.Bytes()...)
	}
	return dst
}

func decodeBlockTxn(c *cursor) Message {
	m := &BlockTxn{Block: c.hash()}
	n := c.count(maxBlockTxs, minTx)
	m.Txs = make([]*tx.Tx, 0, n)
	for range n {
		t := c.transaction()
		if t == nil {
			return nil
		}
		m.Txs = append(m.Txs, t)
	}
	return m
}
