package tx

import (
	"encoding/binary"
	"fmt"
	"sync"
)

// HeaderSize is the length of a serialised header in bytes.
const HeaderSize = 80

// Header is a block's header.
type Header struct {
	Version    int32
	Prev       Hash
	MerkleRoot Hash
	Time       uint32 // seconds since 1970
	Bits       uint32 // compact target
	Nonce      uint32
}

// ParseHeader reads the header at the head of b, which may be longer.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderSize {
		return Header{}, fmt.Errorf("header %w: %d of %d bytes", ErrTruncated, len(b), HeaderSize)
	}
	h := Header{
		Version: int32(binary.LittleEndian.Uint32(b)),
		Time:    binary.LittleEndian.Uint32(b[68:]),
		Bits:    binary.LittleEndian.Uint32(b[72:]),
		Nonce:   binary.LittleEndian.Uint32(b[76:]),
	}
	copy(h.Prev[:], b[4:])
	copy(h.MerkleRoot[:], b[36:])
	return h, nil
}

// Bytes serialises the header.
func (h *Header) Bytes() [HeaderSize]byte {
	var b [HeaderSize]byte
	binary.LittleEndian.PutUint32(b[:], uint32(h.Version))
	copy(b[4:], h.Prev[:])
	copy(b[36:], h.MerkleRoot[:])
	binary.LittleEndian.PutUint32(b[68:], h.Time)
	binary.LittleEndian.PutUint32(b[72:], h.Bits)
	binary.LittleEndian.PutUint32(b[76:], h.Nonce)
	return b
}

// Hash is the block's hash. It is computed at each call: keep it.
func (h *Header) Hash() Hash {
	b := h.Bytes()
	return DoubleSHA256(b[:])
}

// Block is a block over the bytes it came in. It is immutable: use
// [ParseBlock] to read one and [NewBlock] to make one.
type Block struct {
	Header Header
	Txs    []*Tx

	raw      []byte
	hash     Hash
	stripped int

	ids, witnessIDs tree
}

// tree is a merkle root that the first who asks for it computes: a block is
// looked at where it arrives and once more where it is connected.
type tree struct {
	once    sync.Once
	root    Hash
	mutated bool
}

// ParseBlock reads exactly one block and keeps raw. A block without
// transactions is read too: refusing it is consensus' business.
func ParseBlock(raw []byte) (*Block, error) { return ParseBlockIf(raw, nil) }

// ParseBlockIf is ParseBlock for bytes of a stranger, within the memory that admit
// allows.
func ParseBlockIf(raw []byte, admit Admit) (*Block, error) {
	header, err := ParseHeader(raw)
	if err != nil {
		return nil, err
	}
	s := scanner{raw: raw, pos: HeaderSize, allowWitness: true}
	count, err := s.size()
	if err != nil {
		return nil, fmt.Errorf("block's transaction count %w", err)
	}
	for i := range count {
		if err := s.transaction(); err != nil {
			return nil, fmt.Errorf("block's transaction %d of %d %w (at byte %d of %d)", i, count, err, s.pos, len(raw))
		}
	}
	if s.pos != len(raw) {
		return nil, fmt.Errorf("block of %d bytes %w: %d more", s.pos, ErrTrailing, len(raw)-s.pos)
	}
	if err := admit.ask(&s, int(count)); err != nil {
		return nil, err
	}
	b := &Block{Header: header, raw: raw, hash: DoubleSHA256(raw[:HeaderSize])}
	b.fill(&s, int(count))
	return b, nil
}

func (b *Block) fill(s *scanner, count int) {
	f := filler{raw: b.raw, pos: HeaderSize, arena: newArena(s)}
	f.size()
	txs := make([]Tx, count)
	b.Txs = make([]*Tx, count)
	b.stripped = f.pos
	var scratch []byte
	for i := range txs {
		t := &txs[i]
		f.transaction(t, true)
		scratch = t.computeIDs(scratch)
		b.stripped += t.stripped
		b.Txs[i] = t
	}
}

// NewBlock makes a block from a header and transactions, both kept.
func NewBlock(h Header, txs []*Tx) *Block {
	b := &Block{Header: h, Txs: txs, hash: h.Hash()}
	size := HeaderSize + CompactSizeLen(uint64(len(txs)))
	b.stripped = size
	for _, t := range txs {
		size += t.Size()
		b.stripped += t.StrippedSize()
	}
	head := h.Bytes()
	raw := append(make([]byte, 0, size), head[:]...)
	raw = AppendCompactSize(raw, uint64(len(txs)))
	for _, t := range txs {
		raw = append(raw, t.raw...)
	}
	b.raw = raw
	return b
}

// Hash is the hash of the header.
func (b *Block) Hash() Hash { return b.hash }

// Bytes are the block with its witnesses, as it travels. Do not modify.
func (b *Block) Bytes() []byte { return b.raw }

// AppendStripped appends the block without witnesses, for peers that did not
// ask for them.
func (b *Block) AppendStripped(dst []byte) []byte {
	head := b.Header.Bytes()
	dst = append(dst, head[:]...)
	dst = AppendCompactSize(dst, uint64(len(b.Txs)))
	for _, t := range b.Txs {
		dst = t.AppendStripped(dst)
	}
	return dst
}

// MerkleRoot is [MerkleRoot] of the transactions' ids, computed once.
func (b *Block) MerkleRoot() (root Hash, mutated bool) {
	b.ids.once.Do(func() {
		if len(b.Txs) == 0 {
			return
		}
		ids := make([]Hash, len(b.Txs), len(b.Txs)+1)
		for i, t := range b.Txs {
			ids[i] = t.id
		}
		b.ids.root, b.ids.mutated = foldTree(ids)
	})
	return b.ids.root, b.ids.mutated
}

// WitnessMerkleRoot is the root over the witness ids, with zero in the place of
// the coinbase, which cannot commit to itself (BIP141). It is computed once.
func (b *Block) WitnessMerkleRoot() Hash {
	b.witnessIDs.once.Do(func() { b.witnessIDs.root = WitnessMerkleRoot(b.Txs) })
	return b.witnessIDs.root
}

// Size is the length in bytes with witnesses.
func (b *Block) Size() int { return len(b.raw) }

// StrippedSize is the length in bytes without witnesses.
func (b *Block) StrippedSize() int { return b.stripped }

// Weight is in weight units (BIP141).
func (b *Block) Weight() int { return b.stripped*(WitnessScale-1) + len(b.raw) }
