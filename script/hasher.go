package script

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/troupe-node/troupe/tx"
)

// hasher collects what a signature hash covers. What fits its buffer, which is nearly everything but the legacy hash
// of a large transaction, is hashed in one call; the rest streams through one reused SHA-256 state.
type hasher struct {
	stream  hash.Hash // made when first needed
	flushed bool
	n       int
	sum     [sha256.Size]byte
	buf     [2048]byte
}

func (h *hasher) reset() {
	h.n = 0
	if h.flushed {
		h.stream.Reset()
		h.flushed = false
	}
}

func (h *hasher) flush() {
	if h.stream == nil {
		h.stream = sha256.New()
	}
	h.stream.Write(h.buf[:h.n])
	h.n = 0
	h.flushed = true
}

// reserve makes room for n bytes, n far below the buffer's size.
func (h *hasher) reserve(n int) {
	if h.n+n > len(h.buf) {
		h.flush()
	}
}

func (h *hasher) byte(b byte) {
	h.reserve(1)
	h.buf[h.n] = b
	h.n++
}

func (h *hasher) uint32(v uint32) {
	h.reserve(4)
	binary.LittleEndian.PutUint32(h.buf[h.n:], v)
	h.n += 4
}

func (h *hasher) uint64(v uint64) {
	h.reserve(8)
	binary.LittleEndian.PutUint64(h.buf[h.n:], v)
	h.n += 8
}

func (h *hasher) hash32(b *[32]byte) {
	h.reserve(32)
	h.n += copy(h.buf[h.n:], b[:])
}

func (h *hasher) bytes(b []byte) {
	if len(b) > len(h.buf)-h.n {
		h.flush()
		if len(b) > len(h.buf) {
			h.stream.Write(b)
			return
		}
	}
	h.n += copy(h.buf[h.n:], b)
}

func (h *hasher) compactSize(v int) {
	h.reserve(9)
	h.n = len(tx.AppendCompactSize(h.buf[:h.n], uint64(v)))
}

func (h *hasher) varBytes(b []byte) {
	h.compactSize(len(b))
	h.bytes(b)
}

func (h *hasher) outPoint(o *tx.OutPoint) {
	h.reserve(36)
	h.n += copy(h.buf[h.n:], o.Hash[:])
	binary.LittleEndian.PutUint32(h.buf[h.n:], o.Index)
	h.n += 4
}

func (h *hasher) output(o *tx.Output) {
	h.uint64(uint64(o.Value))
	h.varBytes(o.PkScript)
}

// single writes the SHA-256 of everything since reset.
func (h *hasher) single(out *[32]byte) {
	if !h.flushed {
		*out = sha256.Sum256(h.buf[:h.n])
		return
	}
	h.flush()
	h.stream.Sum(h.sum[:0])
	*out = h.sum
}

// double writes the SHA-256 of the SHA-256.
func (h *hasher) double(out *[32]byte) {
	h.single(out)
	*out = sha256.Sum256(out[:])
}
