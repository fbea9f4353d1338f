package wire

import (
	"encoding/binary"

	"github.com/troupe-node/troupe/tx"
)

// Limits of BIP157.
const (
	MaxCFilters      = 1000 // blocks that one GetCFilters may ask for
	MaxCFHeaders     = 2000
	CFCheckptSpacing = 1000 // blocks between two entries of CFCheckpt
	// MaxCFCheckpts is ours: enough for ten million blocks.
	MaxCFCheckpts = 10_000
)

// FilterType says how a block filter is made. There is one type, basic.
type FilterType uint8

// BasicFilter is BIP158's.
const BasicFilter FilterType = 0

// GetCFilters (BIP157) asks for the filters of a range of blocks; one CFilter
// per block answers. At most 1000 blocks.
type GetCFilters struct {
	Type  FilterType
	Start uint32 // height
	Stop  tx.Hash
}

// Command is "getcfilters".
func (*GetCFilters) Command() string { return CmdGetCFilters }

// AppendPayload writes the range.
func (m *GetCFilters) AppendPayload(dst []byte) []byte {
	return appendFilterRange(dst, m.Type, m.Start, m.Stop)
}

func decodeGetCFilters(c *cursor) Message {
	return &GetCFilters{Type: FilterType(c.u8()), Start: c.u32(), Stop: c.hash()}
}

// CFilter (BIP157) answers GetCFilters with the filter of one block.
type CFilter struct {
	Type   FilterType
	Block  tx.Hash
	Filter []byte
}

// Command is "cfilter".
func (*CFilter) Command() string { return CmdCFilter }

// AppendPayload writes the filter.
func (m *CFilter) AppendPayload(dst []byte) []byte {
	dst = append(append(dst, byte(m.Type)), m.Block[:]...)
	return appendVarBytes(dst, m.Filter)
}

func decodeCFilter(c *cursor) Message {
	return &CFilter{Type: FilterType(c.u8()), Block: c.hash(), Filter: c.varBytes(MaxPayload)}
}

// GetCFHeaders (BIP157) asks for the filter hashes of a range of blocks;
// CFHeaders answers. At most 2000 blocks.
type GetCFHeaders struct {
	Type  FilterType
	Start uint32 // height
	Stop  tx.Hash
}

// Command is "getcfheaders".
func (*GetCFHeaders) Command() string { return CmdGetCFHeaders }

// AppendPayload writes the range.
func (m *GetCFHeaders) AppendPayload(dst []byte) []byte {
	return appendFilterRange(dst, m.Type, m.Start, m.Stop)
}

func decodeGetCFHeaders(c *cursor) Message {
	return &GetCFHeaders{Type: FilterType(c.u8()), Start: c.u32(), Stop: c.hash()}
}

// CFHeaders (BIP157) answers GetCFHeaders: the filter header before the range
// and the filter hashes of the range. At most 2000.
type CFHeaders struct {
	Type       FilterType
	Stop       tx.Hash
	PrevHeader tx.Hash
	Hashes     []tx.Hash
}

// Command is "cfheaders".
func (*CFHeaders) Command() string { return CmdCFHeaders }

// AppendPayload writes the hashes.
func (m *CFHeaders) AppendPayload(dst []byte) []byte {
	dst = append(append(dst, byte(m.Type)), m.Stop[:]...)
	dst = append(dst, m.PrevHeader[:]...)
	return appendHashes(dst, m.Hashes)
}

func decodeCFHeaders(c *cursor) Message {
	return &CFHeaders{Type: FilterType(c.u8()), Stop: c.hash(), PrevHeader: c.hash(), Hashes: c.hashes(c.count(MaxCFHeaders, tx.HashSize))}
}

// GetCFCheckpt (BIP157) asks for every thousandth filter header up to Stop;
// CFCheckpt answers.
type GetCFCheckpt struct {
	Type FilterType
	Stop tx.Hash
}

// Command is "getcfcheckpt".
func (*GetCFCheckpt) Command() string { return CmdGetCFCheckpt }

// AppendPayload writes both fields.
func (m *GetCFCheckpt) AppendPayload(dst []byte) []byte {
	return append(append(dst, byte(m.Type)), m.Stop[:]...)
}

func decodeGetCFCheckpt(c *cursor) Message {
	return &GetCFCheckpt{Type: FilterType(c.u8()), Stop: c.hash()}
}

// CFCheckpt (BIP157) answers GetCFCheckpt.
type CFCheckpt struct {
	Type    FilterType
	Stop    tx.Hash
	Headers []tx.Hash
}

// Command is "cfcheckpt".
func (*CFCheckpt) Command() string { return CmdCFCheckpt }

// AppendPayload writes the filter headers.
func (m *CFCheckpt) AppendPayload(dst []byte) []byte {
	dst = append(append(dst, byte(m.Type)), m.Stop[:]...)
	return appendHashes(dst, m.Headers)
}

func decodeCFCheckpt(c *cursor) Message {
	return &CFCheckpt{Type: FilterType(c.u8()), Stop: c.hash(), Headers: c.hashes(c.count(MaxCFCheckpts, tx.HashSize))}
}

func appendFilterRange(dst []byte, t FilterType, start uint32, stop tx.Hash) []byte {
	dst = binary.LittleEndian.AppendUint32(append(dst, byte(t)), start)
	return append(dst, stop[:]...)
}

func appendHashes(dst []byte, hashes []tx.Hash) []byte {
	dst = tx.AppendCompactSize(dst, uint64(len(hashes)))
	for i := range hashes {
		dst = append(dst, hashes[i][:]...)
	}
	return dst
}
