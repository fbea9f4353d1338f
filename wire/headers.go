package wire

import (
	"encoding/binary"

	"github.com/troupe-node/troupe/tx"
)

const (
	// MaxHeaders is the most entries of Headers. A full message means that
	// there are more (Core's MAX_HEADERS_RESULTS).
	MaxHeaders = 2000
	// MaxLocator is the most hashes of a locator (Core's MAX_LOCATOR_SZ).
	MaxLocator = 101

	// headerSize is with the transaction count, which is always zero but may
	// be any compact size: nobody reads it.
	headerSize = tx.HeaderSize + 9
)

// GetHeaders asks for the headers after the first hash of the locator that the
// other side has in its best chain, up to Stop or 2000; Headers answers. With
// an empty locator it asks for the one header Stop. At most 101 hashes.
type GetHeaders struct {
	Protocol uint32 // ignored by all
	Locator  []tx.Hash
	Stop     tx.Hash
}

// Command is "getheaders".
func (*GetHeaders) Command() string { return CmdGetHeaders }

// AppendPayload writes the locator.
func (m *GetHeaders) AppendPayload(dst []byte) []byte {
	return appendLocator(dst, m.Protocol, m.Locator, m.Stop)
}

func decodeGetHeaders(c *cursor) Message {
	m := &GetHeaders{}
	m.Protocol, m.Locator, m.Stop = c.locator()
	return m
}

// GetBlocks asks like GetHeaders, but an Inv of up to 500 blocks answers. It is
// how nodes synchronised before headers came first. At most 101 hashes.
type GetBlocks struct {
	Protocol uint32
	Locator  []tx.Hash
	Stop     tx.Hash
}

// Command is "getblocks".
func (*GetBlocks) Command() string { return CmdGetBlocks }

// AppendPayload writes the locator.
func (m *GetBlocks) AppendPayload(dst []byte) []byte {
	return appendLocator(dst, m.Protocol, m.Locator, m.Stop)
}

func decodeGetBlocks(c *cursor) Message {
	m := &GetBlocks{}
	m.Protocol, m.Locator, m.Stop = c.locator()
	return m
}

func appendLocator(dst []byte, protocol uint32, locator []tx.Hash, stop tx.Hash) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, protocol)
	dst = tx.AppendCompactSize(dst, uint64(len(locator)))
	for i := range locator {
		dst = append(dst, locator[i][:]...)
	}
	return append(dst, stop[:]...)
}

func (c *cursor) locator() (protocol uint32, locator []tx.Hash, stop tx.Hash) {
	protocol = c.u32()
	locator = c.hashes(c.count(MaxLocator, tx.HashSize))
	return protocol, locator, c.hash()
}

// Headers answers GetHeaders, or announces new blocks to peers that sent
// SendHeaders (BIP130). At most 2000 entries.
type Headers struct{ Headers []tx.Header }

// Command is "headers".
func (*Headers) Command() string { return CmdHeaders }

// AppendPayload writes the list.
func (m *Headers) AppendPayload(dst []byte) []byte {
	dst = tx.AppendCompactSize(dst, uint64(len(m.Headers)))
	for i := range m.Headers {
		b := m.Headers[i].Bytes()
		dst = append(append(dst, b[:]...), 0)
	}
	return dst
}

func decodeHeaders(c *cursor) Message {
	n := c.count(MaxHeaders, tx.HeaderSize+1)
	m := &Headers{Headers: make([]tx.Header, n)}
	for i := range m.Headers {
		m.Headers[i] = c.header()
		c.size() // the number of transactions, meaningless here
	}
	return m
}
