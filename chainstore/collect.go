package chainstore

import (
	"errors"
	"os"
	"path/filepath"

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

// Usage says where a store's bytes are.
type Usage struct {
	Tables, ValueLog, Logs int64 // bytes on disk: the tree, bodies and undo data, memtable logs
	Snapshots              int   // open
	State                  State
	Synced                 uint64
}

// Usage measures the files. Files that are mapped ahead of their use count with the blocks they really have.
func (b *Badger) Usage() (Usage, error) {
	u := Usage{Snapshots: b.pins.count(), State: b.State(), Synced: b.Synced()}
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return u, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // deleted meanwhile
		}
		size := onDisk(info)
		switch filepath.Ext(e.Name()) {
		case ".sst":
			u.Tables += size
		case ".vlog":
			u.ValueLog += size
		case ".mem":
			u.Logs += size
		}
	}
	return u, nil
}
