package wire

import (
	"encoding/binary"

	"github.com/troupe-node/troupe/tx"
)

// Limits of BIP37.
const (
	MaxFilterLoad  = 36_000 // bytes of a filter
	MaxFilterFuncs = 50     // hash functions of a filter
	MaxFilterAdd   = 520    // bytes of an element

	// maxMerkleHashes bounds a partial merkle tree: a block of 4,000,000
	// weight units cannot hold more transactions, and a tree never needs more
	// hashes than its block has transactions.
	maxMerkleHashes = 4_000_000 / (4 * 60)
)

// FilterLoad (BIP37) asks for only such transactions as match a bloom filter.
// Nodes that do not offer NodeBloom disconnect who sends it (BIP111). At most
// 36,000 bytes and 50 functions.
type FilterLoad struct {
	Filter []byte
	Funcs  uint32
	Tweak  uint32
	Flags  uint8
}

// Command is "filterload".
func (*FilterLoad) Command() string { return CmdFilterLoad }

// AppendPayload writes the filter.
func (m *FilterLoad) AppendPayload(dst []byte) []byte {
	dst = appendVarBytes(dst, m.Filter)
	dst = binary.LittleEndian.AppendUint32(dst, m.Funcs)
	dst = binary.LittleEndian.AppendUint32(dst, m.Tweak)
	return append(dst, m.Flags)
}

func decodeFilterLoad(c *cursor) Message {
	m := &FilterLoad{Filter: c.varBytes(MaxFilterLoad), Funcs: c.u32(), Tweak: c.u32(), Flags: c.u8()}
	if m.Funcs > MaxFilterFuncs {
		c.fail(failf(Oversize, c.command, "too-large bloom filter: %d hash functions", m.Funcs))
	}
	return m
}

// FilterAdd (BIP37) adds one element to the filter. At most 520 bytes.
type FilterAdd struct{ Data []byte }

// Command is "filteradd".
func (*FilterAdd) Command() string { return CmdFilterAdd }

// AppendPayload writes the element.
func (m *FilterAdd) AppendPayload(dst []byte) []byte { return appendVarBytes(dst, m.Data) }

func decodeFilterAdd(c *cursor) Message { return &FilterAdd{c.varBytes(MaxFilterAdd)} }

// FilterClear (BIP37) takes the filter back. Empty.
type FilterClear struct{}

// Command is "filterclear".
func (*FilterClear) Command() string { return CmdFilterClear }

// AppendPayload appends nothing.
func (*FilterClear) AppendPayload(dst []byte) []byte { return dst }

// MerkleBlock (BIP37) answers GetData for a filtered block: the header and the
// part of the merkle tree that leads to the matching transactions, which
// follow as Tx messages.
type MerkleBlock struct {
	Header tx.Header
	Txs    uint32 // of the whole block
	Hashes []tx.Hash
	Flags  []byte // bits, least significant first
}

// Command is "merkleblock".
func (*MerkleBlock) Command() string { return CmdMerkleBlock }

// AppendPayload writes the partial tree.
func (m *MerkleBlock) AppendPayload(dst []byte) []byte {
	header := m.Header.Bytes()
	dst = append(dst, header[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, m.Txs)
	dst = appendHashes(dst, m.Hashes)
	return appendVarBytes(dst, m.Flags)
}

func decodeMerkleBlock(c *cursor) Message {
	return &MerkleBlock{Header: c.header(), Txs: c.u32(), Hashes: c.hashes(c.count(maxMerkleHashes, tx.HashSize)), Flags: c.varBytes(maxMerkleHashes / 4)}
}
