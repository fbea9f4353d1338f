package chainstate

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/troupe-node/troupe/tx"
)

// coinTable finds the newest change of each outpoint: chained hashing over slots that
// never move while they are in use, so that a step finds its own changes again by
// their slots, without hashing. A Go map took three searches a change where this takes
// one. The hash is salted, so that nobody can choose outpoints that collide.
type coinTable struct {
	seed    maphash.Seed
	buckets []int32 // first slot of each chain, plus one; length a power of two
	slots   []coinSlot
	free    int32 // first of the slots not in use, plus one
	n       int
}

// coinSlot is a coin, or nil for a spent one, and the step that put it.
type coinSlot struct {
	op   tx.OutPoint
	hash uint32
	next int32 // in the chain, or among the free slots, plus one
	overlayEntry
}

const minBuckets = 1 << 10

func newCoinTable() coinTable {
	return coinTable{seed: maphash.MakeSeed(), buckets: make([]int32, minBuckets)}
}

func (t *coinTable) hash(op *tx.OutPoint) uint32 {
	var key [tx.HashSize + 4]byte
	copy(key[:], op.Hash[:])
	binary.LittleEndian.PutUint32(key[tx.HashSize:], op.Index)
	return uint32(maphash.Bytes(t.seed, key[:]))
}

func (t *coinTable) chain(hash uint32) *int32 { return &t.buckets[hash&uint32(len(t.buckets)-1)] }

// find returns the outpoint's slot, or nil. It is good until the next insertion.
func (t *coinTable) find(op *tx.OutPoint) *coinSlot {
	if t.n == 0 {
		return nil
	}
	if i := t.search(t.hash(op), op); i >= 0 {
		return &t.slots[i]
	}
	return nil
}

func (t *coinTable) search(hash uint32, op *tx.OutPoint) int32 {
	for i := *t.chain(hash) - 1; i >= 0; i = t.slots[i].next - 1 {
		if s := &t.slots[i]; s.hash == hash && s.op == *op {
			return i
		}
	}
	return -1
}

// set puts an entry and returns where it is, and what it replaced: nothing if prev's
// step is zero.
func (t *coinTable) set(op *tx.OutPoint, e overlayEntry) (slot int32, prev overlayEntry) {
	hash := t.hash(op)
	if i := t.search(hash, op); i >= 0 {
		prev = t.slots[i].overlayEntry
		t.slots[i].overlayEntry = e
		return i, prev
	}
	if t.n >= len(t.buckets) {
		t.grow()
	}
	i := t.take()
	first := t.chain(hash)
	t.slots[i] = coinSlot{op: *op, hash: hash, next: *first, overlayEntry: e}
	*first = i + 1
	t.n++
	return i, prev
}

// take is a slot not in use.
func (t *coinTable) take() int32 {
	if i := t.free - 1; i >= 0 {
		t.free = t.slots[i].next
		return i
	}
	t.slots = append(t.slots, coinSlot{})
	return int32(len(t.slots) - 1)
}

func (t *coinTable) grow() {
	t.buckets = make([]int32, 2*len(t.buckets))
	inUse := t.slots
	for i := range inUse {
		if s := &inUse[i]; s.step != 0 {
			first := t.chain(s.hash)
			s.next, *first = *first, int32(i)+1
		}
	}
}

// remove frees a slot that is in use.
func (t *coinTable) remove(i int32) {
	s := &t.slots[i]
	link := t.chain(s.hash)
	for *link != i+1 {
		link = &t.slots[*link-1].next
	}
	*link = s.next
	*s = coinSlot{next: t.free} // lets go of the coin
	t.free = i + 1
	t.n--
}

// keepSlots is how much of the table outlives the changes that needed it.
const keepSlots = 1 << 16

// clear forgets everything, and gives back what an unusual number of changes took.
func (t *coinTable) clear() {
	if len(t.slots) > keepSlots {
		*t = coinTable{seed: t.seed, buckets: make([]int32, minBuckets)}
		return
	}
	clear(t.buckets)
	clear(t.slots)
	t.slots, t.free, t.n = t.slots[:0], 0, 0
}
