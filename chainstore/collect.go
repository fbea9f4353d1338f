package chainstore

import (
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	badger "github.com/dgraph-io/badger/v3"
)

// RunGC rewrites the value log file with the most garbage, if that is at least the ratio of it, and says whether there was one.
// Call it again until there is none: after pruning, after reorganisations, once a day.
func (b *Badger) RunGC(discardRatio float64) (bool, error) {
	b.use.RLock()
	defer b.use.RUnlock()
	if err := b.usable(); err != nil {
		return false, err
	}
	// Badger deletes the old file at once, although the values moved out of it are not synced: a power cut would lose them. While
	// an iterator is open it defers the deletion, so that one is held until the moved values are safe.
	txn := b.db.NewTransactionAt(latest, false)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{Prefix: commitKey})
	defer it.Close()
	b.opts.Failpoint("gc-move")
	err := b.db.RunValueLogGC(discardRatio)
	if errors.Is(err, badger.ErrNoRewrite) || errors.Is(err, badger.ErrRejected) {
		return false, nil
	}
	if err != nil {
		return false, b.fail(err)
	}
	b.syncMu.Lock()
	defer b.syncMu.Unlock()
	if _, err := b.syncFiles(); err != nil {
		return false, b.fail(err)
	}
	b.opts.Failpoint("gc-delete")
	return true, nil
}

const (
	// collectRatio of a value log file must be garbage for it to be rewritten.
	collectRatio = 0.5
	// spareFiles of the value log may be garbage that nobody has noticed before all tables are merged for it.
	spareFiles = 2
)

// Collect gives the room of pruned bodies back to the disk; keepOn, unless nil, is asked between steps, and its error ends the work.
//
// Badger notices that a value is garbage when a merge of tables meets it together with its deletion, and merges happen as the tree
// grows: in the initial download soon, on a quiet node perhaps never. So when more of the value log than spareFiles, and more than
// a quarter of what the tables take, is garbage that no merge has met, all tables are merged once. What that writes is bounded by a few
// times the room it gives back.
func (b *Badger) Collect(keepOn func() error) (freed int64, err error) {
	before, err := b.Usage()
	if err != nil {
		return 0, err
	}
	if err := b.collect(keepOn); err != nil {
		return 0, err
	}
	now, err := b.Usage()
	if err != nil {
		return 0, err
	}
	live, err := b.bodyBytes()
	if err != nil {
		return 0, err
	}
	garbage := now.ValueLog - live
	if garbage > spareFiles*b.opts.badger(b.dir).ValueLogFileSize && garbage > now.Tables/4 {
		if err := b.merge(); err != nil {
			return 0, err
		}
		if err := b.collect(keepOn); err != nil {
			return 0, err
		}
		if now, err = b.Usage(); err != nil {
			return 0, err
		}
	}
	return before.ValueLog - now.ValueLog, nil
}

func (b *Badger) collect(keepOn func() error) error {
	for {
		if keepOn != nil {
			if err := keepOn(); err != nil {
				return err
			}
		}
		if moved, err := b.RunGC(collectRatio); err != nil || !moved {
			return err
		}
	}
}

// merge brings what is in memory and in all tables to one level. Writes go on; they wait when more than fifteen memtables fill up
// meanwhile.
func (b *Badger) merge() error {
	if err := b.Sync(); err != nil { // only then may anything deleted be forgotten
		return err
	}
	b.use.RLock()
	defer b.use.RUnlock()
	if err := b.usable(); err != nil {
		return err
	}
	if b.synced.Load() == 0 {
		return nil
	}
	b.opts.Failpoint("merge")
	if err := b.turnMemtable(); err != nil {
		return b.fail(err)
	}
	for b.onlyLevelZero() { // Flatten finds nothing to do there until there are more tables than it should have
		if err := b.turnMemtable(); err != nil {
			return b.fail(err)
		}
	}
	b.opts.Failpoint("merge-tables")
	if err := b.db.Flatten(1); err != nil {
		// A merge that could not be done, because another one has the same tables, leaves everything as it was.
		badgerLog{b.opts.Log}.Warningf("merging all tables: %v", err)
	}
	b.opts.Failpoint("merge-done")
	return nil
}

func (b *Badger) onlyLevelZero() bool {
	levels := b.db.Levels()
	for _, l := range levels[1:] {
		if l.NumTables > 0 {
			return false
		}
	}
	return levels[0].NumTables <= b.db.Opts().NumLevelZeroTables
}

// fillKey is written over and over to fill a memtable. Its version is below all synced ones, so that a restart never counts it.
var fillKey = []byte{prefixFill}

const fillVersion = 1

// turnMemtable makes the memtable a table. Badger does so when it is full and offers no other way: so it is filled, with one entry that is
// replaced again and again, of which one is left in the table.
func (b *Badger) turnMemtable() error {
	before, err := b.memtableLogs()
	if err != nil {
		return err
	}
	var failed atomic.Pointer[error]
	var group sync.WaitGroup
	slots := make(chan struct{}, 64)
	for room := b.opts.badger(b.dir).MemTableSize; room > 0; room -= fillBytes {
		txn := b.db.NewTransactionAt(0, true)
		if err := txn.Set(fillKey, make([]byte, fillBytes)); err != nil {
			return err
		}
		slots <- struct{}{}
		group.Add(1)
		err := txn.CommitAt(fillVersion, func(err error) {
			if err != nil {
				failed.CompareAndSwap(nil, &err)
			}
			<-slots
			group.Done()
		})
		if err != nil {
			return err
		}
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	for patience := 100; patience > 0; patience-- { // the table is written in the background
		logs, err := b.memtableLogs()
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(before, func(fid uint32) bool { return slices.Contains(logs, fid) }) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.syncMu.Lock()
	defer b.syncMu.Unlock()
	logs, err := b.syncFiles()
	if err != nil {
		return err
	}
	b.noteLogs(logs, b.synced.Load())
	b.trim()
	return nil
}

const fillBytes = valueThreshold - 1

func (b *Badger) memtableLogs() (fids []uint32, err error) {
	entries, err := os.ReadDir(b.dir)
	for _, e := range entries {
		if fid, kind := logFile(e.Name()); kind == ".mem" {
			fids = append(fids, fid)
		}
	}
	return fids, err
}
