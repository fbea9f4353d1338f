package mempool

import (
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Entry is one transaction of the pool. Everything but its links is immutable,
// and the links are replaced as a whole: any goroutine may read an entry.
type Entry struct {
	Tx             *tx.Tx
	Fee            int64 // satoshis, without prioritisetransaction's delta
	VSize          int64 // virtual bytes, adjusted for signature operations
	SigOpCost      int64
	Time           int64 // when it came, seconds since 1970
	Height         int32 // of the tip then
	Sequence       uint64
	SpendsCoinbase bool

	links     atomic.Pointer[Links]
	unbroad   atomic.Bool
	lock      consensus.LockPoint // the owner's alone, as is everything below
	coinsFrom int32               // height of the youngest confirmed coin it spends
	returned  bool                // from a disconnected block
	batch     uint64              // that it came back with
	together  Totals              // it and its descendants of that batch, without fees
	mark      uint64              // of the last walk
	evict     int                 // place in the eviction heap; -1 when it is not there
	due       int                 // place in the expiry heap
	slot      int                 // place in the list of all
}

// Totals are sums over an entry and its relatives.
type Totals struct {
	Count int
	VSize int64
	Fees  int64 // with deltas
}

func (t *Totals) add(o Totals) {
	t.Count += o.Count
	t.VSize += o.VSize
	t.Fees += o.Fees
}

func (t *Totals) sub(o Totals) {
	t.Count -= o.Count
	t.VSize -= o.VSize
	t.Fees -= o.Fees
}

// Links are an entry's place in the graph of unconfirmed transactions.
type Links struct {
	Parents     []*Entry // in the pool
	Children    []*Entry
	Ancestors   Totals // it and all it depends on
	Descendants Totals // it and all that depends on it
	Delta       int64  // of prioritisetransaction, satoshis
}

// Links is the entry's present place in the graph.
func (e *Entry) Links() *Links { return e.links.Load() }

// ModifiedFee is the fee with prioritisetransaction's delta.
func (e *Entry) ModifiedFee() int64 { return e.Fee + e.Links().Delta }

// FeePerKVB is the base feerate in satoshis per 1000 virtual bytes.
func (e *Entry) FeePerKVB() int64 { return e.Fee * 1000 / e.VSize }

// Unbroadcast says that no peer has asked for it yet, although our operator
// gave it to us: it will be announced again.
func (e *Entry) Unbroadcast() bool { return e.unbroad.Load() }

// AncestorCount is how many transactions must be in a block for this one to be,
// itself included.
func (e *Entry) AncestorCount() int { return e.Links().Ancestors.Count }

func (e *Entry) own() Totals {
	return Totals{Count: 1, VSize: e.VSize, Fees: e.ModifiedFee()}
}

// edit replaces the links by a changed copy.
func (e *Entry) edit(f func(*Links)) {
	l := *e.links.Load()
	f(&l)
	e.links.Store(&l)
}

func (e *Entry) addChild(c *Entry) {
	e.edit(func(l *Links) { l.Children = append(slices.Clip(l.Children), c) })
}

func without(list []*Entry, e *Entry) []*Entry {
	i := slices.Index(list, e)
	if i < 0 {
		return list
	}
	return append(append(make([]*Entry, 0, len(list)-1), list[:i]...), list[i+1:]...)
}

// What an entry costs in memory besides the transaction itself: the entry, its
// links, its places in two indexes, the log and the map of spent outpoints.
const (
	entryOverhead  = int64(unsafe.Sizeof(Entry{})+unsafe.Sizeof(Links{})+unsafe.Sizeof(LogEntry{})) + 2*indexOverhead
	indexOverhead  = 80
	inputOverhead  = int64(unsafe.Sizeof(tx.Input{})) + 96 // with its place among the spent
	outputOverhead = int64(unsafe.Sizeof(tx.Output{}))
	itemOverhead   = 24
)

// usage is the memory that an entry holds, in bytes.
func (e *Entry) usage() int64 {
	n := entryOverhead + int64(unsafe.Sizeof(tx.Tx{})) + int64(cap(e.Tx.Bytes())) +
		int64(len(e.Tx.Inputs))*inputOverhead + rounded(int64(len(e.Tx.Outputs))*outputOverhead)
	for i := range e.Tx.Inputs {
		n += int64(len(e.Tx.Inputs[i].Witness)) * itemOverhead
	}
	return n
}

// rounded adds what the allocator leaves unused behind a large piece, on average.
func rounded(n int64) int64 {
	if n <= 1024 {
		return n
	}
	return n + n/16
}
