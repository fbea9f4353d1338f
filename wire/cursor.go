package wire

import (
	"encoding/binary"

	"github.com/troupe-node/troupe/tx"
)

// cursor reads a payload from front to back. The first failure sticks: every
// later read gives zero values, so that a decoder can be written as a straight
// list of fields and checked once at its end.
type cursor struct {
	command string
	b       []byte
	err     *Error
	admit   tx.Admit // asked before a block or a transaction takes memory
}

func (c *cursor) fail(e *Error) {
	if c.err == nil {
		c.err = e
	}
	c.b = nil
}

// bytes are the next n bytes, aliasing the payload; nil after a failure.
func (c *cursor) bytes(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n > len(c.b) {
		c.fail(failf(Malformed, c.command, "%s message: end of data %d bytes before what it announces", c.command, n-len(c.b)))
		return nil
	}
	out := c.b[:n:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) u8() uint8 {
	if b := c.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// port is big-endian, alone in the protocol.
func (c *cursor) port() uint16 {
	if b := c.bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) hash() (h tx.Hash) {
	copy(h[:], c.bytes(tx.HashSize))
	return h
}

func (c *cursor) hashes(n int) []tx.Hash {
	b := c.bytes(n * tx.HashSize)
	if b == nil {
		return nil
	}
	out := make([]tx.Hash, n)
	for i := range out {
		copy(out[i][:], b[i*tx.HashSize:])
	}
	return out
}

func (c *cursor) header() tx.Header {
	b := c.bytes(tx.HeaderSize)
	if b == nil {
		return tx.Header{}
	}
	h, err := tx.ParseHeader(b)
	if err != nil {
		c.fail(fromTx(c.command, err))
	}
	return h
}

func (c *cursor) transaction() *tx.Tx {
	if c.err != nil {
		return nil
	}
	t, n, err := tx.ParsePrefixIf(c.b, c.admit)
	if err != nil {
		c.fail(fromTx(c.command, err))
		return nil
	}
	c.b = c.b[n:]
	return t
}

// size reads a compact size that counts something.
func (c *cursor) size() uint64 {
	if c.err != nil {
		return 0
	}
	v, n, err := tx.ReadCompactSize(c.b)
	if err != nil {
		c.fail(fromTx(c.command, err))
		return 0
	}
	c.b = c.b[n:]
	return v
}

// bits reads a compact size that holds flags, which may use all 64 bits.
func (c *cursor) bits() uint64 {
	if c.err != nil {
		return 0
	}
	if len(c.b) == 0 || c.b[0] < 0xfe {
		return c.size()
	}
	var v, least uint64 = 0, 1 << 16
	if c.u8() == 0xfe {
		v = uint64(c.u32())
	} else {
		v, least = c.u64(), 1<<32
	}
	if c.err == nil && v < least {
		c.fail(failf(NonCanonical, c.command, "%s: %v", c.command, tx.ErrNonCanonical))
	}
	return v
}

// count reads how many entries follow, refuses more than limit in Core's words,
// and refuses more than the rest of the payload could hold at least bytes
// each: nothing is ever allocated for entries that did not arrive.
func (c *cursor) count(limit, least int) int {
	n := c.size()
	if c.err != nil {
		return 0
	}
	if n > uint64(limit) {
		c.fail(failf(Oversize, c.command, "%s message size = %d", c.command, n))
		return 0
	}
	if n*uint64(least) > uint64(len(c.b)) {
		c.fail(failf(Malformed, c.command, "%s message: end of data: %d entries announced in %d bytes", c.command, n, len(c.b)))
		return 0
	}
	return int(n)
}

// varBytes reads a length and that many bytes, aliasing the payload.
func (c *cursor) varBytes(limit int) []byte { return c.bytes(c.count(limit, 1)) }

// appendVarBytes is the opposite of varBytes.
func appendVarBytes(dst, b []byte) []byte {
	return append(tx.AppendCompactSize(dst, uint64(len(b))), b...)
}
