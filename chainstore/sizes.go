package chainstore

import (
	"github.com/troupe-node/troupe/tx"
)

// Sizes calls back with each block that has a body or undo data in the store, and about how many bytes that takes: once for the
// body and once for the undo data. It reads keys alone, a million in about a second.
func (s *Snapshot) Sizes(fn func(block tx.Hash, bytes int64) error) error {
	return s.at(latest, func(r reader) error {
		for _, prefix := range []byte{prefixBody, prefixUndo} {
			err := r.sizes([]byte{prefix}, func(key []byte, bytes int64) error {
				if s.pin.expired.Load() {
					return ErrSnapshotExpired
				}
				return fn(tx.Hash(key[1:]), bytes)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// bodyBytes is about how much room bodies and undo data need.
func (c *core) bodyBytes() (sum int64, err error) {
	snap, err := c.Snapshot()
	if err != nil {
		return 0, err
	}
	defer snap.Release()
	err = snap.Sizes(func(_ tx.Hash, bytes int64) error {
		sum += bytes
		return nil
	})
	return sum, err
}

const (
	// collectRatio of a value log file must be garbage for it to be rewritten.
	collectRatio = 0.5
	// spareFiles of the value log may be garbage that nobody has noticed before all tables are merged for it.
	spareFiles = 2
)

// Collect gives the room of pruned bodies back to the disk; keepOn, unless nil, is asked between steps, and its error ends the work.
//
// Badger notices that a value is garbage when a merge of tables meets it and its deletion, and merges happen as the tree grows: in the
// initial download soon, on a quiet node perhaps never. So when more of the value log than spareFiles, and more than a quarter of what
// the tables take, is garbage that no merge has met, all tables are merged once. The work is bounded by four times the room it gives back.
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

// merge brings all tables to one level. Writes go on; they wait when more than fifteen memtables fill up meanwhile.
func (b *Badger) merge() error {
	if err := b.Sync(); err != nil { // what is deleted may be forgotten only then
		return err
	}
	b.use.RLock()
	defer b.use.RUnlock()
	if err := b.usable(); err != nil {
		return err
	}
	b.opts.Failpoint("merge")
	if err := b.db.Flatten(1); err != nil {
		// A merge that could not be done, because another one has the same tables, leaves everything as it was.
		badgerLog{b.opts.Log}.Warningf("merging all tables: %v", err)
	}
	return nil
}
