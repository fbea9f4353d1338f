package mempool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"

	"github.com/troupe-node/troupe/tx"
)

// Versions of Core's mempool.dat: the second hides its bytes behind a key, so that
// no scanner takes a transaction for a virus.
const (
	dumpPlain  = 1
	dumpXORed  = 2
	dumpKeyLen = 8
)

// Dump is what mempool.dat holds.
type Dump struct {
	Txs         []DumpedTx
	Deltas      map[tx.Hash]int64 // of transactions that are not among Txs
	Unbroadcast []tx.Hash
}

// DumpedTx is one transaction as it is saved.
type DumpedTx struct {
	Tx    *tx.Tx
	Time  int64 // when it came, seconds since 1970
	Delta int64 // satoshis, of prioritisetransaction
}

// Save is the pool at one moment. Taking it is quick; Dump does the work, on any
// goroutine.
type Save struct {
	picks  Candidates
	deltas map[tx.Hash]int64
}

// Save notes what is to be saved.
func (p *Pool) Save() *Save {
	p.deltasShown = true
	return &Save{picks: p.Candidates(), deltas: p.deltas}
}

// Dump lists it, parents before children.
func (s *Save) Dump() *Dump {
	d := &Dump{Deltas: maps.Clone(s.deltas)}
	for _, x := range s.picks.sorted() {
		d.Txs = append(d.Txs, DumpedTx{Tx: x.e.Tx, Time: x.e.Time, Delta: x.l.Delta})
		delete(d.Deltas, x.e.Tx.ID())
		if x.e.Unbroadcast() {
			d.Unbroadcast = append(d.Unbroadcast, x.e.Tx.ID())
		}
	}
	return d
}

// Encode writes Core's mempool.dat, version 2, hidden behind a key.
func (d *Dump) Encode(key uint64) []byte {
	size := 64 + 40*len(d.Deltas) + 32*len(d.Unbroadcast)
	for i := range d.Txs {
		size += d.Txs[i].Tx.Size() + 16
	}
	b := make([]byte, 0, size)
	b = binary.LittleEndian.AppendUint64(b, dumpXORed)
	b = tx.AppendCompactSize(b, dumpKeyLen)
	b = binary.LittleEndian.AppendUint64(b, key)
	hidden := len(b)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(d.Txs)))
	for i := range d.Txs {
		b = append(b, d.Txs[i].Tx.Bytes()...)
		b = binary.LittleEndian.AppendUint64(b, uint64(d.Txs[i].Time))
		b = binary.LittleEndian.AppendUint64(b, uint64(d.Txs[i].Delta))
	}
	b = tx.AppendCompactSize(b, uint64(len(d.Deltas)))
	for id, delta := range d.Deltas {
		b = append(b, id[:]...)
		b = binary.LittleEndian.AppendUint64(b, uint64(delta))
	}
	b = tx.AppendCompactSize(b, uint64(len(d.Unbroadcast)))
	for _, id := range d.Unbroadcast {
		b = append(b, id[:]...)
	}
	xor(b, hidden, b[hidden-dumpKeyLen:hidden])
	return b
}

// xor hides or shows what is behind the head of a file. The key counts from the
// file's beginning, as in Core's AutoFile.
func xor(b []byte, from int, key []byte) {
	for i := from; i < len(b); i++ {
		b[i] ^= key[i%len(key)]
	}
}

// ErrDump says that a file is not a mempool.dat, or a damaged one.
var ErrDump = errors.New("not a readable mempool.dat")

// DecodeDump reads mempool.dat, of version 1 or 2. It changes and keeps b.
func DecodeDump(b []byte) (*Dump, error) {
	r := dumpReader{b: b}
	switch version := r.uint64(); {
	case r.err != nil:
	case version == dumpXORed:
		n := r.compact()
		key := r.take(n)
		if r.err == nil && n != dumpKeyLen {
			r.fail("its key has %d bytes, not %d", n, dumpKeyLen)
		}
		if r.err == nil {
			key = append([]byte(nil), key...)
			xor(b, len(b)-len(r.b), key)
		}
	case version != dumpPlain:
		r.fail("its version is %d; 1 and 2 are known", version)
	}
	d := &Dump{Deltas: map[tx.Hash]int64{}}
	for n := r.uint64(); n > 0 && r.err == nil; n-- {
		d.Txs = append(d.Txs, r.tx())
	}
	for n := r.compact(); n > 0 && r.err == nil; n-- {
		id := r.hash()
		d.Deltas[id] = int64(r.uint64())
	}
	for n := r.compact(); n > 0 && r.err == nil; n-- {
		d.Unbroadcast = append(d.Unbroadcast, r.hash())
	}
	if r.err != nil {
		return nil, r.err
	}
	return d, nil
}

// dumpReader takes values from the front of what is left; after the first error
// it returns zeros.
type dumpReader struct {
	b   []byte
	err error
}

func (r *dumpReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrDump, fmt.Sprintf(format, args...))
	}
}

func (r *dumpReader) take(n int) []byte {
	if r.err == nil && n > len(r.b) {
		r.fail("it ends early")
	}
	if r.err != nil {
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *dumpReader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *dumpReader) compact() int {
	if r.err != nil {
		return 0
	}
	v, n, err := tx.ReadCompactSize(r.b)
	if err != nil {
		r.fail("%v", err)
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

func (r *dumpReader) hash() (h tx.Hash) {
	copy(h[:], r.take(tx.HashSize))
	return h
}

func (r *dumpReader) tx() (d DumpedTx) {
	if r.err != nil {
		return d
	}
	_, n, err := tx.ParsePrefix(r.b)
	var t *tx.Tx
	if err == nil {
		// A copy, so that one transaction does not keep the whole file in memory.
		t, err = tx.Parse(append([]byte(nil), r.b[:n]...))
	}
	if err != nil {
		r.fail("a transaction: %v", err)
		return d
	}
	r.b = r.b[n:]
	return DumpedTx{Tx: t, Time: int64(r.uint64()), Delta: int64(r.uint64())}
}
