package chainstore

import (
	"fmt"
	"sync"

	badger "github.com/dgraph-io/badger/v3"
)

// A commit is written as entries that all carry its sequence as their version, in as many database transactions as it takes, and
// one more entry: the mark, which counts them. Readers stay at the sequence before until State is published, which is after
// all of it is written. A restart believes a mark only if everything it counts is there (recover.go).

const (
	// partEntries and partBytes bound one database transaction of a commit: small, so that a body put meanwhile waits for
	// milliseconds and not for the flush.
	partEntries = 8 << 10
	partBytes   = 1 << 20
	// partsInFlight lets the next part be encoded while one is written.
	partsInFlight = 2
	// maxPutting bounds the bodies handed over and not yet written; PutAll waits beyond.
	maxPutting = 32 << 20
)

// generation is what was put since a commit began. The next commit counts it and waits for it.
type generation struct {
	version uint64
	keys    map[string]struct{}
	wait    sync.WaitGroup
}

func newGeneration(version uint64) *generation {
	return &generation{version: version, keys: make(map[string]struct{})}
}

// Commit writes c.
func (b *Badger) Commit(c *Commit) error {
	b.commit.Lock()
	defer b.commit.Unlock()
	if err := b.usable(); err != nil {
		return err
	}
	now := b.State()
	after, err := c.next(now)
	if err != nil {
		return err
	}
	c = c.sorted()
	gen := b.turn(after.Seq + 1)
	gen.wait.Wait()
	w := &parts{b: b, version: after.Seq, point: "commit", slots: make(chan struct{}, partsInFlight)}
	count := uint64(len(gen.keys))
	err = c.entries(func(key, val []byte) error {
		// Written over in place when the very same version was put ahead; one entry then, not two.
		if _, again := gen.keys[string(key)]; !again || gen.version != after.Seq {
			count++
		}
		return w.put(key, val)
	})
	if err == nil {
		m := mark{state: after, prev: now.Seq, count: count}
		err = w.finish(m.encode())
	}
	if err != nil {
		w.wait()
		return b.fail(fmt.Errorf("commit of sequence %d: %w", after.Seq, err))
	}
	b.opts.Failpoint("commit-done")
	b.state.Store(&after)
	b.trim()
	return nil
}

// turn ends the generation of puts: those that come from now on belong to the commit after this one.
func (b *Badger) turn(version uint64) *generation {
	b.putMu.Lock()
	defer b.putMu.Unlock()
	gen := b.gen
	b.gen = newGeneration(version)
	return gen
}

// parts writes the entries of one version in transactions of bounded size.
type parts struct {
	b       *Badger
	version uint64
	point   string
	txn     *badger.Txn
	n, size int

	slots chan struct{}
	mu    sync.Mutex
	err   error
	group sync.WaitGroup
}

func (w *parts) put(key, val []byte) error {
	for {
		if w.txn == nil {
			w.txn = w.b.db.NewTransactionAt(0, true)
		}
		var err error
		if val == nil {
			err = w.txn.Delete(key)
		} else {
			err = w.txn.Set(key, val)
		}
		if err == badger.ErrTxnTooBig && w.n > 0 {
			if err := w.send(); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		w.n++
		w.size += len(key) + len(val)
		if w.n >= partEntries || w.size >= partBytes {
			return w.send()
		}
		return nil
	}
}

func (w *parts) send() error {
	txn := w.txn
	w.txn, w.n, w.size = nil, 0, 0
	w.b.opts.Failpoint(w.point + "-part")
	w.slots <- struct{}{}
	w.group.Add(1)
	err := txn.CommitAt(w.version, func(err error) {
		w.done(err)
		<-w.slots
		w.group.Done()
	})
	if err != nil {
		<-w.slots
		w.group.Done()
		return err
	}
	return w.failed()
}

func (w *parts) done(err error) {
	if err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
}

func (w *parts) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *parts) wait() {
	if w.txn != nil {
		w.txn.Discard()
		w.txn = nil
	}
	w.group.Wait()
}

// finish writes the mark and waits until everything is in the database. A short commit is one transaction, mark included.
func (w *parts) finish(mark []byte) error {
	if err := w.put(commitKey, mark); err != nil {
		return err
	}
	if w.txn != nil {
		w.b.opts.Failpoint(w.point + "-mark")
		if err := w.send(); err != nil {
			return err
		}
	}
	w.wait()
	return w.failed()
}
