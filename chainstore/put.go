package chainstore

import (
	"fmt"

	badger "github.com/dgraph-io/badger/v3"

	"github.com/troupe-node/troupe/tx"
)

// Bodies and undo data are written ahead of the commit that makes them count. Those handed over
// together share database transactions of bounded size: each one costs a goroutine and a turn
// through Badger's channels, whatever is in it.

// Put is a body or undo data for the store.
type Put struct {
	Hash tx.Hash
	Undo bool   // the block's undo data, not its body
	Data []byte // the store's from now on
}

func (p *Put) key() []byte {
	if p.Undo {
		return hashKey(prefixUndo, &p.Hash)
	}
	return hashKey(prefixBody, &p.Hash)
}

func (p *Put) check() error {
	if len(p.Data) == 0 {
		return fmt.Errorf("%w: an empty body or undo data for block %s", ErrBadCommit, p.Hash)
	}
	return nil
}

// PutAll hands bodies and undo data over; they are readable at once and written in the background.
func (b *Badger) PutAll(list []Put) error {
	b.use.RLock() // not closed between the check and the write
	defer b.use.RUnlock()
	batch := putBatch{b: b}
	for i := range list {
		err := list[i].check()
		if err == nil {
			err = batch.add(list[i].key(), list[i].Data)
		}
		if err != nil {
			batch.write()
			return err
		}
	}
	batch.write()
	return b.usable()
}

// putBatch gathers entries of one generation: noted there, readable, and not yet on their way to the
// database.
type putBatch struct {
	b    *Badger
	gen  *generation
	keys [][]byte
	vals [][]byte
	size int
}

func (p *putBatch) add(key, val []byte) error {
	b := p.b
	b.putMu.Lock()
	for b.usable() == nil {
		full := b.puttingBytes > maxPutting
		if !full && (len(p.keys) == 0 || p.gen == b.gen) {
			break
		}
		if len(p.keys) > 0 { // a commit that began meanwhile waits for these, and so may the room
			b.putMu.Unlock()
			p.write()
			b.putMu.Lock()
			continue
		}
		b.putRoom.Wait()
	}
	if err := b.usable(); err != nil {
		b.putMu.Unlock()
		return err
	}
	p.gen = b.gen
	_, again := p.gen.keys[string(key)]
	if !again {
		p.gen.keys[string(key)] = struct{}{}
		p.gen.wait.Add(1)
		b.putting[string(key)] = val
		b.puttingBytes += len(val)
	}
	b.putMu.Unlock()
	if again {
		return nil
	}
	p.keys, p.vals, p.size = append(p.keys, key), append(p.vals, val), p.size+len(val)
	if len(p.keys) >= partEntries || p.size >= partBytes {
		p.write()
	}
	return nil
}

// write sends what was gathered, in as few transactions as hold it.
func (p *putBatch) write() {
	b, gen := p.b, p.gen
	for len(p.keys) > 0 {
		txn := b.db.NewTransactionAt(0, true)
		n, err := 0, error(nil)
		for ; n < len(p.keys); n++ {
			b.opts.Failpoint("put")
			if err = txn.Set(p.keys[n], p.vals[n]); err != nil {
				break
			}
		}
		if err == badger.ErrTxnTooBig && n > 0 {
			err = nil
		}
		if err != nil {
			n = len(p.keys)
		}
		keys, vals := p.keys[:n], p.vals[:n]
		p.keys, p.vals = p.keys[n:], p.vals[n:]
		if err == nil {
			err = txn.CommitAt(gen.version, func(err error) { b.wasPut(gen, keys, vals, err) })
		}
		if err != nil {
			txn.Discard()
			b.wasPut(gen, keys, vals, err)
		}
	}
	p.keys, p.vals, p.size = nil, nil, 0
}

func (b *Badger) wasPut(gen *generation, keys, vals [][]byte, err error) {
	if err != nil {
		_ = b.fail(fmt.Errorf("storing a body or undo data: %w", err))
	}
	b.putMu.Lock()
	for i, key := range keys {
		// A key put again in the next generation before this callback shares the entry: the value is the same, and the database has it.
		delete(b.putting, string(key[:33]))
		b.puttingBytes -= len(vals[i])
	}
	b.putRoom.Broadcast()
	b.putMu.Unlock()
	gen.wait.Add(-len(keys))
}
