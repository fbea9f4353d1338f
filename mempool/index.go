package mempool

import (
	"encoding/binary"
	"sync"

	"github.com/troupe-node/troupe/tx"
)

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
