package chainstore

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"sort"

	badger "github.com/dgraph-io/badger/v3"
)

// Recovery says what opening the store found beyond the last sync.
type Recovery struct {
	Synced     uint64 // what a power cut could not touch
	Kept       int    // commits after it that are whole
	RolledBack int    // entries of commits that are not, taken back
}

// recover finds the last whole commit and takes back what lies above it.
//
// Up to the synced sequence everything is there. Above, a power cut may have kept any part: a log's end is missing, or its middle,
// or all of it while a later log survived; a body may be torn while the entry that points to it is not. So every entry above
// the synced sequence is counted, every body read, and the marks are followed from the synced one: a commit whose entries
// are not as many as its mark counts ends the chain. What is above the end is undone by writing, at a new sequence, each
// such key as it was at the end; versions at and below it are still there because trim never lets go of them before a sync.
// A crash during this leaves a commit without its mark, which the next start undoes with the rest.
func (b *Badger) recover(synced uint64) (State, error) {
	b.synced.Store(synced)
	b.recovered.Synced = synced
	base, err := b.markAt(synced)
	if err != nil {
		return State{}, err
	}
	if base.Seq != synced {
		return State{}, &Damage{
			What: "the log of the store in " + b.dir,
			Why:  fmt.Sprintf("sequence %d was synced, but it reaches only %d: a *.mem or *.sst file was lost or cut", synced, base.Seq),
			Mend: mendReindex,
		}
	}
	found, err := b.countAbove(synced)
	if err != nil {
		return State{}, err
	}
	end := found.follow(base)
	b.recovered.Kept = end.commits
	if found.top <= end.state.Seq {
		return end.state, nil
	}
	return b.rollBack(end.state, found)
}

func (b *Badger) markAt(seq uint64) (State, error) {
	if seq == 0 {
		return State{}, nil
	}
	txn := b.db.NewTransactionAt(seq, false)
	defer txn.Discard()
	item, err := txn.Get(commitKey)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return State{}, nil
	}
	if err != nil {
		return State{}, damagedRead(commitKey, err)
	}
	var m mark
	err = readValue(item, func(val []byte) (err error) {
		m, err = decodeMark(val)
		return err
	})
	if err != nil {
		return State{}, damagedRead(commitKey, err)
	}
	return m.state, nil
}

// above is what lies above the synced sequence.
type above struct {
	counts map[uint64]uint64 // entries per version, marks not counted
	torn   map[uint64]bool   // versions with a value that cannot be read
	marks  []mark
	top    uint64 // highest version
}

// eachAbove calls back with every version of every key above a sequence, newest first within a key.
func (b *Badger) eachAbove(seq uint64, fn func(item *badger.Item) error) error {
	txn := b.db.NewTransactionAt(math.MaxUint64, false)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{AllVersions: true, SinceTs: seq})
	defer it.Close()
	var last []byte
	var lastVersion uint64
	for it.Rewind(); it.Valid(); it.Next() {
		item := it.Item()
		if item.Version() <= seq || (item.Version() == lastVersion && bytes.Equal(item.Key(), last)) {
			continue
		}
		last, lastVersion = append(last[:0], item.Key()...), item.Version()
		if err := fn(item); err != nil {
			return err
		}
	}
	return nil
}

func (b *Badger) countAbove(seq uint64) (*above, error) {
	a := &above{counts: make(map[uint64]uint64), torn: make(map[uint64]bool)}
	err := b.eachAbove(seq, func(item *badger.Item) error {
		v := item.Version()
		a.top = max(a.top, v)
		if bytes.Equal(item.Key(), commitKey) {
			return item.Value(func(val []byte) error {
				m, err := decodeMark(val)
				if err == nil && m.state.Seq == v {
					a.marks = append(a.marks, m)
				}
				return nil // a mark that does not decode is no mark
			})
		}
		a.counts[v]++
		// Values beside their key are covered by the log's own checksums; larger ones lie in another file. (The size is an estimate.)
		if !item.IsDeletedOrExpired() && item.ValueSize() >= valueThreshold/2 {
			if err := readValue(item, func([]byte) error { return nil }); err != nil {
				a.torn[v] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, &Damage{What: "the log of the store in " + b.dir, Why: "it cannot be read back", Mend: mendVerify, Err: err}
	}
	sort.Slice(a.marks, func(i, j int) bool { return a.marks[i].state.Seq < a.marks[j].state.Seq })
	return a, nil
}

type chainEnd struct {
	state   State
	commits int
}

// follow goes from mark to mark as long as each commit is whole.
func (a *above) follow(base State) chainEnd {
	end := chainEnd{state: base}
	versions := make([]uint64, 0, len(a.counts))
	for v := range a.counts {
		versions = append(versions, v)
	}
	sort.Slice(versions, func(i, j int) bool { return versions[i] < versions[j] })
	for _, m := range a.marks {
		if m.prev != end.state.Seq {
			break
		}
		n, whole := uint64(0), true
		for len(versions) > 0 && versions[0] <= m.state.Seq {
			n += a.counts[versions[0]]
			whole = whole && !a.torn[versions[0]]
			versions = versions[1:]
		}
		if !whole || n != m.count {
			break
		}
		end = chainEnd{state: m.state, commits: end.commits + 1}
	}
	return end
}

// rollBack writes every key above the end as it was there, under a sequence above all others.
func (b *Badger) rollBack(end State, found *above) (State, error) {
	state := State{Seq: max(found.top, b.db.MaxVersion()) + 1, Tip: end.Tip}
	then := b.db.NewTransactionAt(end.Seq, false)
	defer then.Discard()
	w := &parts{b: b, version: state.Seq, point: "rollback", slots: make(chan struct{}, partsInFlight)}
	count := uint64(0)
	for v, n := range found.counts {
		if v > end.Seq {
			count += n
		}
	}
	var last []byte
	err := b.eachAbove(end.Seq, func(item *badger.Item) error {
		key := item.Key()
		if item.Version() == state.Seq || bytes.Equal(key, last) || bytes.Equal(key, commitKey) {
			return nil
		}
		last = append(last[:0], key...)
		count++
		b.recovered.RolledBack++
		key = append([]byte(nil), key...)
		old, err := then.Get(key)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return w.put(key, nil)
		}
		if err != nil {
			return damagedRead(key, err)
		}
		var val []byte
		err = readValue(old, func(v []byte) error {
			val = append(val, v...)
			return nil
		})
		if err != nil {
			return damagedRead(key, err)
		}
		return w.put(key, val)
	})
	// Marks alone (a header commit whose other entries are lost) leave nothing to write, but still a version to go above.
	if err == nil {
		m := mark{state: state, prev: end.Seq, count: count}
		err = w.finish(m.encode())
	}
	if err != nil {
		w.wait()
		return State{}, err
	}
	b.recovered.RolledBack = max(b.recovered.RolledBack, 1)
	b.opts.Failpoint("rollback-done")
	return state, nil
}
