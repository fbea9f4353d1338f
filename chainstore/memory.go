package chainstore

import (
	"bytes"
	"fmt"
	"sort"
	"sync"
	"time"
)

// Memory is a store that lives in memory: every key keeps the versions somebody may still read. It answers as Badger does and
// dies as Badger does (see Restart), which is what the simulation needs of it.
type Memory struct {
	core
	mu      sync.RWMutex
	keys    map[string][]version
	order   []string // sorted keys, nil when stale
	started uint64   // sequence of the last commit begun; bodies put since have started+1
	synced  State
	states  []State // commits since synced
}

type version struct {
	seq uint64
	val []byte // nil: deleted
}

// MemoryOptions tune a store in memory. The zero value is good.
type MemoryOptions struct {
	SnapshotLimit time.Duration    // a snapshot held longer than this expires; zero means never
	Now           func() time.Time // the clock that SnapshotLimit is measured by; nil means time.Now
}

// NewMemory returns an empty store in which snapshots never expire.
func NewMemory() *Memory { return NewMemoryWith(MemoryOptions{}) }

// NewMemoryWith returns an empty store.
func NewMemoryWith(o MemoryOptions) *Memory {
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Memory{keys: make(map[string][]version)}
	m.init(State{}, o.SnapshotLimit, o.Now)
	return m
}

func (m *Memory) init(s State, limit time.Duration, now func() time.Time) {
	m.backend = m
	m.state.Store(&s)
	m.started, m.synced = s.Seq, s
	m.pins = pins{state: &m.state, limit: limit, now: now}
}

// Synced is the last sequence that Restart keeps through a power cut.
func (m *Memory) Synced() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.synced.Seq
}

// PutAll stores bodies and undo data.
func (m *Memory) PutAll(list []Put) error {
	if m.closed.Load() {
		return ErrClosed
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range list {
		if err := list[i].check(); err != nil {
			return err
		}
		m.set(m.started+1, string(list[i].key()), list[i].Data, 0)
	}
	return nil
}

// set adds a version and drops those that nobody at or above keep can read.
func (m *Memory) set(seq uint64, key string, val []byte, keep uint64) {
	vs, known := m.keys[key]
	if !known {
		m.order = nil
	}
	if n := len(vs); n > 0 && vs[n-1].seq == seq {
		vs = vs[:n-1]
	}
	for len(vs) > 1 && vs[1].seq <= keep {
		vs = vs[1:]
	}
	if len(vs) == 1 && vs[0].seq <= keep && vs[0].val == nil {
		vs = vs[1:]
	}
	m.keys[key] = append(vs[:len(vs):len(vs)], version{seq, val})
}

// Commit writes c.
func (m *Memory) Commit(c *Commit) error {
	if m.closed.Load() {
		return ErrClosed
	}
	after, err := c.next(m.State())
	if err != nil {
		return err
	}
	keep := min(m.pins.oldest(), m.Synced())
	m.mu.Lock()
	defer m.mu.Unlock()
	err = c.sorted().entries(func(key, val []byte) error {
		m.set(after.Seq, string(key), val, keep)
		return nil
	})
	if err != nil {
		return err
	}
	m.started = after.Seq
	m.states = append(m.states, after)
	m.state.Store(&after)
	m.pins.oldest() // expires whom this commit made old
	return nil
}

// Sync notes that everything committed so far survives a power cut.
func (m *Memory) Sync() error {
	if m.closed.Load() {
		return ErrClosed
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.synced, m.states = m.State(), nil
	return nil
}

// Close closes the store.
func (m *Memory) Close() error {
	m.closed.Store(true)
	return nil
}

// Restart returns the store as a new process would find it, and closes this one. After a power cut only the commits up to
// keepSeq are left: at least those synced, at most all. A mere crash keeps all. Bodies and undo data that no commit followed are gone.
func (m *Memory) Restart(keepSeq uint64) (*Memory, error) {
	m.closed.Store(true)
	m.mu.Lock()
	defer m.mu.Unlock()
	if keepSeq < m.synced.Seq {
		return nil, fmt.Errorf("%w: keeping sequence %d of a store synced at %d", ErrSequence, keepSeq, m.synced.Seq)
	}
	left := m.synced
	for _, s := range m.states {
		if s.Seq <= keepSeq {
			left = s
		}
	}
	n := &Memory{keys: make(map[string][]version, len(m.keys))}
	for key, vs := range m.keys {
		for len(vs) > 0 && vs[len(vs)-1].seq > left.Seq {
			vs = vs[:len(vs)-1]
		}
		if len(vs) > 0 {
			n.keys[key] = vs
		}
	}
	n.init(left, m.pins.limit, m.pins.now)
	return n, nil
}

func (m *Memory) confirmAbsent([]byte) error { return nil }

type memoryReader struct {
	m   *Memory
	seq uint64
}

func (m *Memory) read(seq uint64) (reader, error) {
	if m.closed.Load() {
		return nil, ErrClosed
	}
	return memoryReader{m, seq}, nil
}

func (r memoryReader) close() {}

func (r memoryReader) value(key string) []byte {
	vs := r.m.keys[key]
	for i := len(vs) - 1; i >= 0; i-- {
		if vs[i].seq <= r.seq {
			return vs[i].val
		}
	}
	return nil
}

func (r memoryReader) get(key []byte, use func(val []byte) error) (bool, error) {
	r.m.mu.RLock()
	val := r.value(string(key))
	r.m.mu.RUnlock()
	if val == nil {
		return false, nil
	}
	return true, use(val)
}

// scan copies the matching entries first, so that the callback may use the store.
func (r memoryReader) scan(prefix []byte, fn func(key, val []byte) error) error {
	type entry struct {
		key string
		val []byte
	}
	var found []entry
	r.m.mu.Lock()
	if r.m.order == nil {
		r.m.order = make([]string, 0, len(r.m.keys))
		for key := range r.m.keys {
			r.m.order = append(r.m.order, key)
		}
		sort.Strings(r.m.order)
	}
	from := sort.SearchStrings(r.m.order, string(prefix))
	for _, key := range r.m.order[from:] {
		if !bytes.HasPrefix([]byte(key), prefix) {
			break
		}
		if val := r.value(key); val != nil {
			found = append(found, entry{key, val})
		}
	}
	r.m.mu.Unlock()
	for _, e := range found {
		if err := fn([]byte(e.key), e.val); err != nil {
			return err
		}
	}
	return nil
}

func (r memoryReader) sizes(prefix []byte, fn func(key []byte, bytes int64) error) error {
	return r.scan(prefix, func(key, val []byte) error { return fn(key, int64(len(val))) })
}
