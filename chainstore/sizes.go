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
