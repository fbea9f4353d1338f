package chainstore

import "github.com/troupe-node/troupe/tx"

// table finds records by outpoint: open addressing, in 256 shards that grow one by one, so that no single insertion moves more
// than a 256th of the entries. A slot holds 32 bits of the hash and the reference; the hash is salted, so that nobody can
// choose outpoints that collide.
type table struct {
	shards [256]shard
	n      int
	slots  int
}

type shard struct {
	slots []uint64 // hash<<32 | ref; zero is empty; length a power of two
	n     int
}

const minShard = 8

func (t *table) shard(h uint64) *shard { return &t.shards[h>>56] }

// find returns the reference of the outpoint's record, or zero.
func (t *table) find(h uint64, op *tx.OutPoint, a *arena) ref {
	s := t.shard(h)
	if s.n == 0 {
		return 0
	}
	mask := uint32(len(s.slots) - 1)
	for i := uint32(h) & mask; ; i = (i + 1) & mask {
		slot := s.slots[i]
		if slot == 0 {
			return 0
		}
		if uint32(slot>>32) == uint32(h) && a.record(ref(slot)).is(op) {
			return ref(slot)
		}
	}
}

// insert adds a record whose outpoint is not in the table.
func (t *table) insert(h uint64, r ref) {
	s := t.shard(h)
	if s.n >= len(s.slots)*3/4 {
		t.slots += s.grow()
	}
	s.place(uint64(uint32(h))<<32 | uint64(r))
	s.n++
	t.n++
}

func (s *shard) place(slot uint64) {
	mask := uint32(len(s.slots) - 1)
	i := uint32(slot>>32) & mask
	for s.slots[i] != 0 {
		i = (i + 1) & mask
	}
	s.slots[i] = slot
}

func (s *shard) grow() (added int) {
	old := s.slots
	s.slots = make([]uint64, max(minShard, 2*len(old)))
	for _, slot := range old {
		if slot != 0 {
			s.place(slot)
		}
	}
	return len(s.slots) - len(old)
}

// replace points the slot of one record to another record of the same outpoint.
func (t *table) replace(h uint64, from, to ref) {
	s := t.shard(h)
	i := s.index(uint32(h), from)
	s.slots[i] = uint64(uint32(h))<<32 | uint64(to)
}

func (t *table) remove(h uint64, r ref) {
	s := t.shard(h)
	s.removeAt(s.index(uint32(h), r))
	t.n--
}

// index is the slot of a record that is in the shard.
func (s *shard) index(h uint32, r ref) uint32 {
	mask := uint32(len(s.slots) - 1)
	want := uint64(h)<<32 | uint64(r)
	i := h & mask
	for s.slots[i] != want {
		i = (i + 1) & mask
	}
	return i
}

// removeAt empties slot i and moves up what had to make way for it, so that no marker of a deletion is ever needed.
func (s *shard) removeAt(i uint32) {
	mask := uint32(len(s.slots) - 1)
	s.n--
	for j := i; ; {
		s.slots[i] = 0
		for {
			j = (j + 1) & mask
			if s.slots[j] == 0 {
				return
			}
			home := uint32(s.slots[j]>>32) & mask
			// The entry at j may move to i unless its home lies cyclically in (i, j].
			if (j-home)&mask >= (j-i)&mask {
				break
			}
		}
		s.slots[i] = s.slots[j]
		i = j
	}
}

// walk steps through a table that may change between steps: it visits up to n slots from where it stands.
type walk struct {
	shard int
	slot  int
}

// bytes is the memory of the slots.
func (t *table) bytes() int { return t.slots * 8 }
