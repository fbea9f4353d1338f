package chainstore

import (
	"github.com/troupe-node/troupe/tx"
)

// Layer is the set of changes a cache froze for one flush. It is immutable and any goroutine may read it: Commit takes it as
// Commit.Layer while the owner goes on working with the cache.
type Layer struct {
	table  *table
	chunks [][]byte
}

// Len is the number of changed outpoints.
func (l *Layer) Len() int { return l.table.n }

// each calls back with every change; a nil coin is a deletion. Both belong to the callee.
func (l *Layer) each(fn func(op *tx.OutPoint, coin []byte) error) error {
	for _, r := range l.inOrder() {
		rec := record(chunkAt(l.chunks, r))
		op := rec.outpoint()
		var coin []byte
		if rec[0]&flagSpent == 0 {
			coin = append(make([]byte, 0, rec.valLen()), rec.value()...)
		}
		if err := fn(&op, coin); err != nil {
			return err
		}
	}
	return nil
}

// inOrder lists the records by the first two bytes of their txid. A flush in about the order of the keys is written in a third of the
// time: neighbours in the database's memtable are found near each other in memory.
func (l *Layer) inOrder() []ref {
	refs := make([]ref, l.table.n)
	var ends [1<<16 + 1]uint32
	prefix := func(slot uint64) int {
		rec := chunkAt(l.chunks, ref(slot))
		return int(rec[4])<<8 | int(rec[5])
	}
	l.eachSlot(func(slot uint64) { ends[prefix(slot)+1]++ })
	for i := 1; i < len(ends); i++ {
		ends[i] += ends[i-1]
	}
	l.eachSlot(func(slot uint64) {
		at := &ends[prefix(slot)]
		refs[*at] = ref(slot)
		*at++
	})
	return refs
}

func (l *Layer) eachSlot(fn func(slot uint64)) {
	for i := range l.table.shards {
		for _, slot := range l.table.shards[i].slots {
			if slot != 0 {
				fn(slot)
			}
		}
	}
}

// Freeze sets the changes so far aside for a flush and starts a new layer. It returns nil while the last one is not Flushed.
// It takes the same short time whatever the number of changes.
func (c *Cache) Freeze() *Layer {
	if c.frozen != nil {
		return nil
	}
	c.frozen = c.active
	c.active, c.dirty = new(table), 0
	c.layer = &Layer{table: c.frozen, chunks: c.arena.chunks[:len(c.arena.chunks):len(c.arena.chunks)]}
	return c.layer
}

// Flushing says that a layer is frozen and not yet flushed.
func (c *Cache) Flushing() bool { return c.frozen != nil }

// Flushed tells the cache that the store has committed the frozen layer. Its coins stay cached, as clean ones.
func (c *Cache) Flushed() {
	if c.frozen == nil {
		return
	}
	for c.drained != nil {
		c.drainSome(1 << 20)
	}
	c.drained, c.frozen, c.layer = c.frozen, nil, nil
	c.drain = walk{}
	c.base = c.store.State().Seq
	c.Close() // the next look-up takes a snapshot of what is stored now
	if c.drained.n <= smallFlush {
		c.drainSome(smallFlush)
	}
}

// smallFlush is what one block changes: so few entries are merged at once.
const smallFlush = 16 << 10

// drainStep entries are merged per change to the cache, so that the flush of millions delays no single block.
const drainStep = 12

// advance does a little of the work that is spread over the changes.
func (c *Cache) advance() {
	if c.drained != nil {
		c.drainSome(drainStep)
	}
}

// drainSome moves up to n entries of the flushed layer into clean: deletions are done with, coins are now the store's.
func (c *Cache) drainSome(n int) {
	t := c.drained
	for c.drain.shard < len(t.shards) {
		s := &t.shards[c.drain.shard]
		for c.drain.slot < len(s.slots) {
			if n == 0 {
				return
			}
			n--
			slot := s.slots[c.drain.slot]
			if slot == 0 {
				c.drain.slot++
				continue
			}
			s.removeAt(uint32(c.drain.slot)) // another entry may move here: look at the same slot again
			t.n--
			c.settle(ref(slot))
		}
		t.slots -= len(s.slots)
		*s = shard{}
		c.drain = walk{shard: c.drain.shard + 1}
	}
	c.drained = nil
}

// settle makes a flushed record clean, unless a newer layer has changed the outpoint again.
func (c *Cache) settle(r ref) {
	rec := c.arena.record(r)
	op := rec.outpoint()
	h := c.hash(&op)
	newer := c.active.find(h, &op, &c.arena)
	if newer == 0 && c.frozen != nil {
		newer = c.frozen.find(h, &op, &c.arena)
	}
	if old := c.clean.find(h, &op, &c.arena); old != 0 {
		c.clean.remove(h, old)
		c.arena.drop(old)
	}
	if newer != 0 || rec[0]&flagSpent != 0 {
		c.arena.drop(r)
		return
	}
	rec[0] = flagUsed
	c.clean.insert(h, r)
}

// room evicts clean coins until a value of this length fits into memory already held, once the limit is reached. It gives up
// after a while and lets the cache grow by a chunk: changes cannot be dropped, and ShouldFlush says so.
func (c *Cache) room(valLen int) {
	class := recordClass(valLen)
	if c.arena.fits(class) || c.Bytes()+chunkBytes <= c.limit {
		return
	}
	for tries := 0; tries < 64 && c.clean.n > 0; tries++ {
		c.evict(64)
		if c.arena.fits(class) {
			return
		}
	}
}

// evict frees up to n clean coins that were not used since the hand last passed.
func (c *Cache) evict(n int) {
	for steps := 0; n > 0 && c.clean.n > 0 && steps < 64*n+1024; steps++ {
		s := &c.clean.shards[c.hand.shard]
		if c.hand.slot >= len(s.slots) {
			c.hand = walk{shard: (c.hand.shard + 1) % len(c.clean.shards)}
			continue
		}
		slot := s.slots[c.hand.slot]
		if slot == 0 {
			c.hand.slot++
			continue
		}
		if rec := c.arena.record(ref(slot)); rec[0]&flagUsed != 0 {
			rec[0] &^= flagUsed
			c.hand.slot++
			continue
		}
		s.removeAt(uint32(c.hand.slot))
		c.clean.n--
		c.arena.drop(ref(slot))
		c.stats.Evicted++
		n--
	}
}
