package mempool

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/troupe-node/troupe/tx"
)

// View is what readers see of the pool. A fresh one is published after each
// batch of changes: its sums never change. What it finds by id is the pool as it
// is now, which may be a little younger than the sums.
type View struct {
	tip      tx.Hash
	count    int
	vsize    int64
	usage    int64
	fees     int64
	minFee   int64
	maxBytes int64
	sequence uint64
	loaded   bool
	unbroad  int
	index    *index
	logEnd   *LogEntry
}

// Tip is the block on top of which the pool's transactions are valid.
func (v *View) Tip() tx.Hash { return v.tip }

// Count is the number of transactions.
func (v *View) Count() int { return v.count }

// VSize is the sum of their virtual sizes.
func (v *View) VSize() int64 { return v.vsize }

// Usage is the memory they take, in bytes.
func (v *View) Usage() int64 { return v.usage }

// MaxBytes is the limit of Usage.
func (v *View) MaxBytes() int64 { return v.maxBytes }

// Fees is the sum of their base fees in satoshis.
func (v *View) Fees() int64 { return v.fees }

// MinFeePerKVB is the feerate below which nothing enters, in satoshis: the
// relay minimum, or more while the pool is full.
func (v *View) MinFeePerKVB() int64 { return v.minFee }

// Sequence is above that of every entry there is.
func (v *View) Sequence() uint64 { return v.sequence }

// Loaded tells whether the pool of the last run is back (getmempoolinfo).
func (v *View) Loaded() bool { return v.loaded }

// ByID finds an entry by transaction id, or nil.
func (v *View) ByID(id tx.Hash) *Entry { return v.index.byID.get(id) }

// ByWitnessID finds an entry by witness id, or nil.
func (v *View) ByWitnessID(id tx.Hash) *Entry { return v.index.byWitnessID.get(id) }

// Spender finds the entry that spends the outpoint, or nil.
func (v *View) Spender(op tx.OutPoint) *Entry { return v.index.spends.get(op) }

// Entries lists the pool, in no particular order.
func (v *View) Entries() []*Entry {
	list := make([]*Entry, 0, v.count)
	v.index.byID.each(func(e *Entry) { list = append(list, e) })
	return list
}

// LogEnd is the last transaction that was accepted: a reader walks on from here.
func (v *View) LogEnd() *LogEntry { return v.logEnd }

// LogEntry is one accepted transaction in the order of acceptance. Whoever holds
// one can walk on; what all have passed is forgotten.
type LogEntry struct {
	Entry *Entry // nil for the first of all
	next  atomic.Pointer[LogEntry]
}

// Next is the transaction accepted after this one, or nil as yet.
func (l *LogEntry) Next() *LogEntry { return l.next.Load() }

// index finds entries. One goroutine writes, any may read.
type index struct {
	byID        shards[tx.Hash]
	byWitnessID shards[tx.Hash]
	spends      shards[tx.OutPoint]
}

const shardCount = 64

// shards is a map in parts, so that a reader rarely meets the writer.
type shards[K comparable] struct {
	part [shardCount]struct {
		mu sync.RWMutex
		m  map[K]*Entry
		_  [32]byte // keeps neighbours off this one's cache line
	}
	hash func(K) uint64
}

func newIndex() *index {
	x := &index{}
	byHash := func(h tx.Hash) uint64 { return binary.LittleEndian.Uint64(h[:]) }
	x.byID.init(byHash)
	x.byWitnessID.init(byHash)
	x.spends.init(func(o tx.OutPoint) uint64 { return byHash(o.Hash) + uint64(o.Index) })
	return x
}

func (s *shards[K]) init(hash func(K) uint64) {
	s.hash = hash
	for i := range s.part {
		s.part[i].m = make(map[K]*Entry)
	}
}

func (s *shards[K]) get(k K) *Entry {
	p := &s.part[s.hash(k)%shardCount]
	p.mu.RLock()
	e := p.m[k]
	p.mu.RUnlock()
	return e
}

func (s *shards[K]) put(k K, e *Entry) {
	p := &s.part[s.hash(k)%shardCount]
	p.mu.Lock()
	p.m[k] = e
	p.mu.Unlock()
}

func (s *shards[K]) remove(k K) {
	p := &s.part[s.hash(k)%shardCount]
	p.mu.Lock()
	delete(p.m, k)
	p.mu.Unlock()
}

func (s *shards[K]) each(f func(*Entry)) {
	for i := range s.part {
		p := &s.part[i]
		p.mu.RLock()
		for _, e := range p.m {
			f(e)
		}
		p.mu.RUnlock()
	}
}
