package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/troupe-node/troupe/tx"
)

// MaxInv is the most entries of Inv, GetData and NotFound (Core's MAX_INV_SZ).
const MaxInv = 50_000

const invSize = 36

// InvType says what a hash in an inventory stands for.
type InvType uint32

// The types. Announcements use Tx, WTx and Block; the others only ask.
const (
	InvTx            InvType = 1
	InvBlock         InvType = 2
	InvFilteredBlock InvType = 3 // BIP37: wants a MerkleBlock
	InvCmpctBlock    InvType = 4 // BIP152: wants a CmpctBlock
	InvWTx           InvType = 5 // BIP339: by witness id

	InvWitnessFlag  InvType = 1 << 30 // BIP144: with witnesses
	InvWitnessTx            = InvTx | InvWitnessFlag
	InvWitnessBlock         = InvBlock | InvWitnessFlag
)

// String is Core's name of the type.
func (t InvType) String() string {
	switch t {
	case InvTx:
		return "tx"
	case InvBlock:
		return "block"
	case InvFilteredBlock:
		return "merkleblock"
	case InvCmpctBlock:
		return "cmpctblock"
	case InvWTx:
		return "wtx"
	case InvWitnessTx:
		return "witness-tx"
	case InvWitnessBlock:
		return "witness-block"
	}
	return fmt.Sprintf("0x%08x", uint32(t))
}

// IsTx says whether a transaction is meant, by whatever id.
func (t InvType) IsTx() bool { return t == InvTx || t == InvWTx || t == InvWitnessTx }

// IsBlock says whether a block is meant, in whatever form.
func (t InvType) IsBlock() bool {
	return t == InvBlock || t == InvFilteredBlock || t == InvCmpctBlock || t == InvWitnessBlock
}

// InvVect is one entry of an inventory.
type InvVect struct {
	Type InvType
	Hash tx.Hash
}

// String names it in logs.
func (v InvVect) String() string { return v.Type.String() + " " + v.Hash.String() }

// Inv announces what its sender has; GetData asks for it. At most 50,000
// entries of 36 bytes.
type Inv struct{ List []InvVect }

// Command is "inv".
func (*Inv) Command() string { return CmdInv }

// AppendPayload writes the list.
func (m *Inv) AppendPayload(dst []byte) []byte { return appendInventory(dst, m.List) }

func decodeInv(c *cursor) Message { return &Inv{c.inventory()} }

// GetData asks for blocks and transactions; Block, Tx, CmpctBlock or
// MerkleBlock answer, or NotFound for transactions. At most 50,000 entries.
type GetData struct{ List []InvVect }

// Command is "getdata".
func (*GetData) Command() string { return CmdGetData }

// AppendPayload writes the list.
func (m *GetData) AppendPayload(dst []byte) []byte { return appendInventory(dst, m.List) }

func decodeGetData(c *cursor) Message { return &GetData{c.inventory()} }

// NotFound answers a GetData for what its sender does not have (any more).
// Core sends it for transactions only. At most 50,000 entries.
type NotFound struct{ List []InvVect }

// Command is "notfound".
func (*NotFound) Command() string { return CmdNotFound }

// AppendPayload writes the list.
func (m *NotFound) AppendPayload(dst []byte) []byte { return appendInventory(dst, m.List) }

func decodeNotFound(c *cursor) Message { return &NotFound{c.inventory()} }

func appendInventory(dst []byte, list []InvVect) []byte {
	dst = tx.AppendCompactSize(dst, uint64(len(list)))
	for i := range list {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(list[i].Type))
		dst = append(dst, list[i].Hash[:]...)
	}
	return dst
}

func (c *cursor) inventory() []InvVect {
	n := c.count(MaxInv, invSize)
	b := c.bytes(n * invSize)
	list := make([]InvVect, n)
	for i := range list {
		list[i].Type = InvType(binary.LittleEndian.Uint32(b))
		list[i].Hash = tx.Hash(b[4:invSize])
		b = b[invSize:]
	}
	return list
}
