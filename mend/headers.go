package mend

import (
	"errors"
	"fmt"

	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/tx"
)

// gatherHeaders reads every header that the old store's files hold, puts those that lead back to genesis and follow
// the rules into the new store, and says how many.
func (o *Options) gatherHeaders() (count int, err error) {
	old, err := chainstore.OpenSalvage(o.Dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	children, orders, err := o.readHeaders(old)
	if err != nil {
		return 0, err
	}
	store, err := o.openNew()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	index, err := addHeaders(o, store, children)
	if err != nil {
		return 0, err
	}
	if err := keepOrders(store, index, orders); err != nil {
		return 0, err
	}
	return index.Len(), store.Sync()
}

// readHeaders lists the headers by their parent, and the order in which chains
// became complete as far as the old records tell.
func (o *Options) readHeaders(old *chainstore.Salvage) (children map[tx.Hash][]tx.Header, orders map[tx.Hash]uint64, err error) {
	files, err := old.Files()
	if err != nil {
		return nil, nil, err
	}
	children, orders = make(map[tx.Hash][]tx.Header), make(map[tx.Hash]uint64)
	seen := make(map[tx.Hash]bool)
	add := func(hash tx.Hash, h tx.Header) {
		if !seen[hash] {
			seen[hash] = true
			children[h.Prev] = append(children[h.Prev], h)
		}
	}
	what := chainstore.Salvaged{
		Header: func(r chainstore.HeaderRecord) error {
			if r.Header.Hash() == r.Hash {
				add(r.Hash, r.Header)
				orders[r.Hash] = max(orders[r.Hash], r.Order)
			}
			return nil
		},
		Body: func(hash tx.Hash, raw []byte) error {
			if len(raw) < tx.HeaderSize {
				return nil
			}
			if h, err := tx.ParseHeader(raw[:tx.HeaderSize]); err == nil && h.Hash() == hash {
				add(hash, h)
			}
			return nil
		},
	}
	err = eachFile(files, "gathering headers", o.Report, func(f chainstore.SalvageFile) error { return old.Read(f, what) })
	return children, orders, err
}

// eachFile goes through files with progress by their bytes.
func eachFile(files []chainstore.SalvageFile, stage string, report Report, do func(chainstore.SalvageFile) error) error {
	var done, of int64
	for _, f := range files {
		of += f.Bytes
	}
	for _, f := range files {
		if err := report.tell(Progress{Stage: stage, Done: done, Of: of, Unit: "bytes"}); err != nil {
			return err
		}
		if err := do(f); err != nil {
			return err
		}
		done += f.Bytes
	}
	return nil
}

// batch is how many records are written at a time.
const batch = 2000

// addHeaders has the machine check and keep the headers, parents first.
func addHeaders(o *Options, store *chainstore.Badger, children map[tx.Hash][]tx.Header) (*chainstate.Index, error) {
	m, err := chainstate.Open(o.Params, store, o.Now, chainstate.Options{CacheBytes: chainstore.MinCacheBytes})
	if err != nil {
		return nil, err
	}
	defer m.Close()
	queue := []tx.Hash{o.Params.GenesisHash}
	for len(queue) > 0 {
		parent := queue[0]
		queue = queue[1:]
		for _, h := range children[parent] {
			// A header that breaks a rule is left out, and with it what is on top of it.
			if last, err := m.AddHeaders(o.Now, []tx.Header{h}); err == nil && last != nil {
				queue = append(queue, last.Hash())
			}
		}
		delete(children, parent)
	}
	for !m.Clean() {
		m.Flush()
		if err := settle(m, store); err != nil {
			return nil, err
		}
	}
	return m.Index(), nil
}

// settle does what the machine wants written. It has headers alone, and nothing
// to verify.
func settle(m *chainstate.Machine, store chainstore.Store) error {
	for {
		ready := m.Ready()
		if ready.Err != nil {
			return ready.Err
		}
		if ready.Snapshot != nil {
			ready.Snapshot.Release()
		}
		if len(ready.Writes) == 0 {
			return nil
		}
		for _, w := range ready.Writes {
			if err := w.Run(store); err != nil {
				return fmt.Errorf("reindex: %w", err)
			}
			m.Committed(w.ID)
		}
	}
}

// keepOrders writes the known orders of arrival into the new records.
func keepOrders(store chainstore.Store, index *chainstate.Index, orders map[tx.Hash]uint64) error {
	var records []chainstore.HeaderRecord
	err := store.Headers(func(r chainstore.HeaderRecord) error {
		if order := orders[r.Hash]; order > 0 && index.Get(r.Hash) != nil {
			r.Order = order
			records = append(records, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for len(records) > 0 {
		n := min(len(records), batch)
		if err := store.Commit(&chainstore.Commit{Headers: records[:n]}); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}
