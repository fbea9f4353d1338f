package rpc

import (
	"slices"

	"github.com/troupe-node/troupe/tx"
)

// partialTree is BIP37's partial merkle tree: enough of a block's tree to prove
// that some of its transactions are in it.
type partialTree struct {
	total  int // transactions of the block
	bits   []bool
	hashes []tx.Hash
	// while reading
	bit, hash int
	bad       bool
	found     []tx.Hash
}

// maxProofTxs is how many transactions a block can have at most.
const maxProofTxs = 4_000_000 / 240

func (p *partialTree) width(height int) int { return (p.total + 1<<height - 1) >> height }

func (p *partialTree) height() (h int) {
	for p.width(h) > 1 {
		h++
	}
	return h
}

// proveTxs makes the tree of those ids that are wanted.
func proveTxs(ids []tx.Hash, wanted map[tx.Hash]bool) *partialTree {
	p := &partialTree{total: len(ids)}
	p.build(p.height(), 0, ids, wanted)
	return p
}

func (p *partialTree) build(height, pos int, ids []tx.Hash, wanted map[tx.Hash]bool) {
	below := ids[pos<<height : min((pos+1)<<height, p.total)]
	parent := slices.ContainsFunc(below, func(id tx.Hash) bool { return wanted[id] })
	p.bits = append(p.bits, parent)
	if height == 0 || !parent {
		p.hashes = append(p.hashes, p.node(height, pos, ids))
		return
	}
	p.build(height-1, 2*pos, ids, wanted)
	if 2*pos+1 < p.width(height-1) {
		p.build(height-1, 2*pos+1, ids, wanted)
	}
}

// node is an inner hash of the whole tree.
func (p *partialTree) node(height, pos int, ids []tx.Hash) tx.Hash {
	if height == 0 {
		return ids[pos]
	}
	left := p.node(height-1, 2*pos, ids)
	right := left
	if 2*pos+1 < p.width(height-1) {
		right = p.node(height-1, 2*pos+1, ids)
	}
	return joined(left, right)
}

func joined(left, right tx.Hash) tx.Hash {
	return tx.DoubleSHA256(append(append(make([]byte, 0, 64), left[:]...), right[:]...))
}

// append writes the tree as a merkleblock message has it behind the header.
func (p *partialTree) append(b []byte) []byte {
	b = append(b, byte(p.total), byte(p.total>>8), byte(p.total>>16), byte(p.total>>24))
	b = tx.AppendCompactSize(b, uint64(len(p.hashes)))
	for _, h := range p.hashes {
		b = append(b, h[:]...)
	}
	packed := make([]byte, (len(p.bits)+7)/8)
	for i, bit := range p.bits {
		if bit {
			packed[i/8] |= 1 << (i % 8)
		}
	}
	return append(tx.AppendCompactSize(b, uint64(len(packed))), packed...)
}

// parsePartialTree reads what append writes; ok is false when it is cut short.
func parsePartialTree(b []byte) (p *partialTree, ok bool) {
	if len(b) < 4 {
		return nil, false
	}
	p = &partialTree{total: int(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)}
	b = b[4:]
	count, n, err := tx.ReadCompactSize(b)
	if err != nil || count > uint64(len(b)-n)/32 {
		return nil, false
	}
	b = b[n:]
	for range count {
		p.hashes = append(p.hashes, tx.Hash(b[:32]))
		b = b[32:]
	}
	size, n, err := tx.ReadCompactSize(b)
	if err != nil || size > uint64(len(b)-n) {
		return nil, false
	}
	for _, octet := range b[n : n+int(size)] {
		for i := range 8 {
			p.bits = append(p.bits, octet>>i&1 == 1)
		}
	}
	return p, true
}

// extract computes the root and the transactions that the tree proves; ok is
// false for a tree that nobody would make (Core's ExtractMatches).
func (p *partialTree) extract() (root tx.Hash, found []tx.Hash, ok bool) {
	if p.total == 0 || p.total > maxProofTxs || len(p.hashes) > p.total || len(p.bits) < len(p.hashes) {
		return root, nil, false
	}
	root = p.read(p.height(), 0)
	whole := (p.bit+7)/8 == (len(p.bits)+7)/8 && p.hash == len(p.hashes)
	return root, p.found, whole && !p.bad
}

func (p *partialTree) read(height, pos int) (h tx.Hash) {
	if p.bit >= len(p.bits) {
		p.bad = true
		return h
	}
	parent := p.bits[p.bit]
	p.bit++
	if height == 0 || !parent {
		if p.hash >= len(p.hashes) {
			p.bad = true
			return h
		}
		h = p.hashes[p.hash]
		p.hash++
		if height == 0 && parent {
			p.found = append(p.found, h)
		}
		return h
	}
	left := p.read(height-1, 2*pos)
	right := left
	if 2*pos+1 < p.width(height-1) {
		// Two equal halves would let one transaction stand for two (CVE-2012-2459).
		if right = p.read(height-1, 2*pos+1); right == left {
			p.bad = true
		}
	}
	return joined(left, right)
}
