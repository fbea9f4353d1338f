package mend

import (
	"errors"
	"io/fs"
	"os"

	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// moveBytes of bodies are committed at a time.
const moveBytes = 16 << 20

// mover puts bodies into the new store.
type mover struct {
	*Options
	store   *chainstore.Badger
	index   *chainstate.Index
	records map[tx.Hash]chainstore.HeaderRecord
	pending []chainstore.HeaderRecord
	bytes   int
	found   *Salvaged
}

// moveBodies empties the old store file by file.
func (o *Options) moveBodies(found *Salvaged) (err error) {
	if _, err := os.Stat(o.Dir + newSuffix); errors.Is(err, fs.ErrNotExist) {
		return nil // it is in its place already
	}
	old, err := chainstore.OpenSalvage(o.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing is left of it
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	store, err := o.openNew()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	m := &mover{Options: o, store: store, records: make(map[tx.Hash]chainstore.HeaderRecord), found: found}
	if err := m.load(); err != nil {
		return err
	}
	files, err := old.Files()
	if err != nil {
		return err
	}
	return eachFile(files, "moving blocks", o.Report, func(f chainstore.SalvageFile) error {
		if err := old.Read(f, chainstore.Salvaged{Body: m.body}); err != nil {
			return err
		}
		if err := m.commit(); err != nil {
			return err
		}
		if err := store.Sync(); err != nil {
			return err
		}
		o.fail("reindex-moved")
		return old.Remove(f)
	})
}

// load reads the tree that was made from the headers, and what has moved already.
func (m *mover) load() error {
	machine, err := chainstate.Open(m.Params, m.store, m.Now, chainstate.Options{CacheBytes: chainstore.MinCacheBytes})
	if err != nil {
		return err
	}
	m.index = machine.Index()
	machine.Close() // its nodes know their ancestors; nothing is asked of the machine
	m.found.Headers = m.index.Len()
	return m.store.Headers(func(r chainstore.HeaderRecord) error {
		m.records[r.Hash] = r
		return nil
	})
}

// body takes one body.
func (m *mover) body(hash tx.Hash, raw []byte) error {
	r, known := m.records[hash]
	if r.Status&chainstore.StatusHaveBody != 0 {
		return nil // twice in the files, or moved before
	}
	n := m.index.Get(hash)
	if !known || n == nil {
		m.found.Lost++
		return nil
	}
	b, err := tx.ParseBlock(append(make([]byte, 0, len(raw)), raw...))
	if err != nil || b.Hash() != hash || consensus.CheckBlock(b, m.Params) != nil || n.Prev() != nil && consensus.CheckBlockContext(b, n.Parent(), m.Params) != nil {
		m.found.Lost++
		return nil
	}
	if err := m.store.PutAll([]chainstore.Put{{Hash: hash, Data: b.Bytes()}}); err != nil {
		return err
	}
	r.Status, r.TxCount = chainstore.StatusHaveBody, uint32(len(b.Txs))
	m.records[hash] = r
	m.pending = append(m.pending, r)
	m.found.Bodies++
	if m.bytes += len(raw); m.bytes < moveBytes {
		return nil
	}
	return m.commit()
}

func (m *mover) commit() error {
	if len(m.pending) == 0 {
		return nil
	}
	m.fail("reindex-commit")
	err := m.store.Commit(&chainstore.Commit{Headers: m.pending})
	m.pending, m.bytes = m.pending[:0], 0
	return err
}
