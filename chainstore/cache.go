package chainstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Cache is the bounded coin cache over a Store. Coins change here and reach the store in flushes of many blocks; a coin made and
// spent between two flushes never does.
//
// Four layers, newest first; a look-up takes the first that knows the outpoint:
//
//	active   changes since the last Freeze
//	frozen   the changes being written, immutable until Flushed
//	drained  the changes written last, on their way into clean a few at a time
//	clean    coins equal to the store's, evicted when room is needed
//
// One goroutine owns a cache. Others may only read a [Layer], and fetch coins from snapshots for it:
//
//	missing := cache.Missing(outpoints, nil)        // owner
//	fetched, err := snapshot.Fetch(missing)         // anybody
//	cache.Insert(fetched)                           // owner
type Cache struct {
	store Store
	snap  *Snapshot
	seed  maphash.Seed
	limit int

	arena                          arena
	active, frozen, drained, clean *table
	layer                          *Layer
	base                           uint64 // older snapshots may contradict the layers
	dirty                          int    // bytes of active records
	drain, hand                    walk
	space                          scriptSpace
	scratch                        []byte
	stats                          CacheStats
}

// CacheStats counts since the cache was made.
type CacheStats struct {
	Hits, Misses, Evicted uint64
	Avoided               uint64 // coins made and spent between two flushes
}

// MinCacheBytes is the least a cache works with, whatever its limit says.
const MinCacheBytes = 4 << 20

// ErrCoinExists says that Add met an unspent coin of the same outpoint.
var ErrCoinExists = errors.New("an unspent coin already has this outpoint")

// NewCache returns an empty cache that uses about limit bytes.
func NewCache(store Store, limit int) *Cache {
	return &Cache{
		store: store, seed: maphash.MakeSeed(), limit: max(limit, MinCacheBytes),
		active: new(table), clean: new(table), base: store.State().Seq,
	}
}

// Close lets go of the store.
func (c *Cache) Close() {
	if c.snap != nil {
		c.snap.Release()
		c.snap = nil
	}
}

func (c *Cache) hash(op *tx.OutPoint) uint64 {
	var key [tx.HashSize + 4]byte
	copy(key[:], op.Hash[:])
	binary.LittleEndian.PutUint32(key[tx.HashSize:], op.Index)
	return maphash.Bytes(c.seed, key[:])
}

// find looks through the layers, newest first.
func (c *Cache) find(h uint64, op *tx.OutPoint) (*table, ref) {
	if r := c.active.find(h, op, &c.arena); r != 0 {
		return c.active, r
	}
	if c.frozen != nil {
		if r := c.frozen.find(h, op, &c.arena); r != 0 {
			return c.frozen, r
		}
	}
	if c.drained != nil {
		if r := c.drained.find(h, op, &c.arena); r != 0 {
			return c.drained, r
		}
	}
	if r := c.clean.find(h, op, &c.arena); r != 0 {
		return c.clean, r
	}
	return nil, 0
}

func (c *Cache) decode(t *table, r ref) (coin consensus.Coin, live bool, err error) {
	rec := c.arena.record(r)
	if rec[0]&flagSpent != 0 {
		return coin, false, nil
	}
	if t == c.clean {
		rec[0] |= flagUsed
	}
	_, err = decodeCoin(rec.value(), &c.space, &coin)
	return coin, true, err
}

// Get is the unspent coin at the outpoint, from the cache or else the store. The script is the caller's.
func (c *Cache) Get(op tx.OutPoint) (coin consensus.Coin, ok bool, err error) {
	h := c.hash(&op)
	t, r := c.find(h, &op)
	if r == 0 {
		if r, err = c.load(h, &op); r == 0 {
			return coin, false, err
		}
		t = c.clean
	} else {
		c.stats.Hits++
	}
	return c.decode(t, r)
}

// load brings a coin from the store into clean.
func (c *Cache) load(h uint64, op *tx.OutPoint) (ref, error) {
	c.stats.Misses++
	for {
		if c.snap == nil {
			snap, err := c.store.Snapshot()
			if err != nil {
				return 0, err
			}
			c.snap = snap
		}
		val, err := c.snap.coinBytes(op, c.scratch[:0])
		if errors.Is(err, ErrSnapshotExpired) {
			c.Close()
			continue
		}
		if err != nil {
			return 0, err
		}
		c.scratch = val
		if len(val) == 0 {
			return 0, nil
		}
		c.room(len(val))
		r := c.arena.put(op, 0, val)
		c.clean.insert(h, r)
		return r, nil
	}
}

// Add makes a coin that was not there before. The caller has made sure that the outpoint never existed or is long spent (BIP30);
// where a coin may be overwritten, use Restore.
func (c *Cache) Add(op tx.OutPoint, out *tx.Output, height int32, coinbase bool) error {
	c.scratch = appendCoinParts(c.scratch[:0], out, height, coinbase)
	c.prepare(len(c.scratch))
	h := c.hash(&op)
	flags := flagFresh
	t, r := c.find(h, &op)
	if r != 0 {
		if c.arena.record(r)[0]&flagSpent == 0 {
			return fmt.Errorf("%w: %s", ErrCoinExists, op)
		}
		if t == c.active {
			flags = 0 // the store still has the coin that is marked spent here
		}
	}
	c.write(h, &op, flags, c.scratch, t, r)
	return nil
}

// Restore makes a coin whatever was there before: undo data taken back, or one of the two old coinbases that repeat another.
func (c *Cache) Restore(op tx.OutPoint, coin *consensus.Coin) {
	c.scratch = appendCoin(c.scratch[:0], coin)
	c.prepare(len(c.scratch))
	h := c.hash(&op)
	flags := byte(0)
	t, r := c.find(h, &op)
	if t == c.active {
		flags = c.arena.record(r)[0] & flagFresh
	}
	c.write(h, &op, flags, c.scratch, t, r)
}

// prepare does what may move or evict records, before one is looked up to be
// replaced.
func (c *Cache) prepare(valLen int) {
	c.advance()
	c.room(valLen)
}

// write puts a record into active, in place of what find found. Clean knows an
// outpoint only if no newer layer does, so that there is nothing else to look for.
func (c *Cache) write(h uint64, op *tx.OutPoint, flags byte, val []byte, in *table, old ref) {
	r := c.arena.put(op, flags, val)
	c.dirty += recordClass(len(val)) * 8
	if in == c.active {
		c.active.replace(h, old, r)
		c.forget(old)
		return
	}
	c.active.insert(h, r)
	if in == c.clean {
		c.clean.remove(h, old)
		c.arena.drop(old)
	}
}

// forget frees a record of active.
func (c *Cache) forget(r ref) {
	c.dirty -= recordClass(c.arena.record(r).valLen()) * 8
	c.arena.drop(r)
}

// Spend takes the coin away and returns it; ok is false when there is none.
func (c *Cache) Spend(op tx.OutPoint) (coin consensus.Coin, ok bool, err error) {
	c.prepare(0)
	h := c.hash(&op)
	t, r := c.find(h, &op)
	if r == 0 {
		if r, err = c.load(h, &op); r == 0 {
			return coin, false, err
		}
		t = c.clean
	} else {
		c.stats.Hits++
	}
	if coin, ok, err = c.decode(t, r); !ok || err != nil {
		return coin, false, err
	}
	if t == c.active && c.arena.record(r)[0]&flagFresh != 0 {
		c.active.remove(h, r)
		c.forget(r)
		c.stats.Avoided++
		return coin, true, nil
	}
	c.write(h, &op, flagSpent, nil, t, r)
	return coin, true, nil
}

// Missing appends to dst those outpoints that only the store can tell about.
func (c *Cache) Missing(ops []tx.OutPoint, dst []tx.OutPoint) []tx.OutPoint {
	for i := range ops {
		if _, r := c.find(c.hash(&ops[i]), &ops[i]); r == 0 {
			dst = append(dst, ops[i])
		}
	}
	return dst
}

// Insert takes coins fetched from a snapshot and returns how many were new. What the cache knows better stays; a fetch from a
// snapshot older than the last flush is worthless and ignored.
func (c *Cache) Insert(f *Fetched) (inserted int) {
	if f.seq < c.base {
		return 0
	}
	for i := range f.ops {
		val := f.value(i)
		if len(val) == 0 {
			continue
		}
		h := c.hash(&f.ops[i])
		if _, r := c.find(h, &f.ops[i]); r != 0 {
			continue
		}
		c.room(len(val))
		c.clean.insert(h, c.arena.put(&f.ops[i], flagUsed, val))
		inserted++
	}
	return inserted
}

// Bytes is the memory the cache holds: coins, free room between them, and tables.
func (c *Cache) Bytes() int {
	n := c.arena.bytes
	for _, t := range []*table{c.active, c.frozen, c.drained, c.clean} {
		if t != nil {
			n += t.bytes()
		}
	}
	return n
}

// DirtyBytes is the part of Bytes that a flush would write.
func (c *Cache) DirtyBytes() int { return c.dirty + c.active.bytes() }

// Dirty is the number of changes a flush would write.
func (c *Cache) Dirty() int { return c.active.n }

// Limit is the memory the cache was given, in bytes.
func (c *Cache) Limit() int { return c.limit }

// ShouldFlush says that the changes fill half of the memory, or that they have driven out everything else.
func (c *Cache) ShouldFlush() bool {
	return c.DirtyBytes() > c.limit/2 || (c.active.n > 0 && c.clean.n == 0 && c.drained == nil && c.Bytes() > c.limit)
}

// Full says that the limit is reached and a flush is already under way: wait for it.
func (c *Cache) Full() bool { return c.frozen != nil && c.ShouldFlush() }

// Stats returns the counters.
func (c *Cache) Stats() CacheStats { return c.stats }
