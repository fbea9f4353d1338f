package chainstore

import (
	"os"
	"path/filepath"
)

// Usage says where a store's bytes are.
type Usage struct {
	Tables, ValueLog, Logs int64 // bytes on disk: the tree, bodies and undo data, memtable logs
	Coins                  int64 // of the tree, roughly: tables with nothing but coins
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
	coins, _ := b.db.EstimateSize([]byte{prefixCoin})
	u.Coins = int64(coins)
	return u, nil
}
