package mempool

import (
	"iter"
	"maps"
	"sync/atomic"

	"github.com/troupe-node/troupe/tx"
)

// View is what readers see of the pool. A fresh one is published after each
// batch of changes: its sums never change. What it finds by id is the pool as it
// is now, which may be a little younger than the sums.
type View struct {
	tip      tx.Hash
	count    int
	vsize    int64
	usage    int64
	fees     int64
	minFee   int64
	sequence uint64
	loaded   bool
	unbroad  int
	policy   *Policy
	deltas   map[tx.Hash]int64
	recent   *recent
	index    *index
	logEnd   *LogEntry

	orphans   *Orphanage
	refusals  *Refusals
	confirmed *Confirmed
}

// Tip is the block on top of which the pool's transactions are valid.
func (v *View) Tip() tx.Hash { return v.tip }

// Count is the number of transactions.
func (v *View) Count() int { return v.count }

// VSize is the sum of their virtual sizes.
func (v *View) VSize() int64 { return v.vsize }

// Usage is the memory they take, in bytes.
func (v *View) Usage() int64 { return v.usage }

// MaxBytes is the limit of Usage.
func (v *View) MaxBytes() int64 { return v.policy.MaxBytes }

// Fees is the sum of their base fees in satoshis.
func (v *View) Fees() int64 { return v.fees }

// MinFeePerKVB is the feerate below which nothing enters, in satoshis: the
// relay minimum, or more while the pool is full.
func (v *View) MinFeePerKVB() int64 { return v.minFee }

// Sequence is above that of every entry there is.
func (v *View) Sequence() uint64 { return v.sequence }

// Unbroadcast is how many of our operator's transactions no peer has asked for.
func (v *View) Unbroadcast() int { return v.unbroad }

// Policy is what the operator decided. Do not change it.
func (v *View) Policy() *Policy { return v.policy }

// Deltas are the fee deltas of prioritisetransaction in force, in satoshis, also
// for transactions that are not here.
func (v *View) Deltas() iter.Seq2[tx.Hash, int64] { return maps.All(v.deltas) }

// Loaded tells whether the pool of the last run is back (getmempoolinfo).
func (v *View) Loaded() bool { return v.loaded }

// ByID finds an entry by transaction id, or nil.
func (v *View) ByID(id tx.Hash) *Entry { return v.index.byID.get(id) }

// ByWitnessID finds an entry by witness id, or nil.
func (v *View) ByWitnessID(id tx.Hash) *Entry { return v.index.byWitnessID.get(id) }

// Spender finds the entry that spends the outpoint, or nil.
func (v *View) Spender(op tx.OutPoint) *Entry { return v.index.spends.get(op) }

// Entries lists the pool, in no particular order.
func (v *View) Entries() []*Entry {
	list := make([]*Entry, 0, v.count)
	v.index.byID.each(func(e *Entry) { list = append(list, e) })
	return list
}

// Orphans are the transactions whose parents are unknown, as they are now. Do not
// change them.
func (v *View) Orphans() *Orphanage { return v.orphans }

// Refusals tells what was refused, as it is now.
func (v *View) Refusals() *Refusals { return v.refusals }

// Confirmed tells what the last blocks confirmed, as it is now.
func (v *View) Confirmed() *Confirmed { return v.confirmed }

// LogEnd is the last transaction that was accepted: a reader walks on from here.
func (v *View) LogEnd() *LogEntry { return v.logEnd }

// LogEntry is one accepted transaction in the order of acceptance. Whoever holds
// one can walk on; what all have passed is forgotten.
type LogEntry struct {
	Entry *Entry // nil for the first of all
	next  atomic.Pointer[LogEntry]
}

// Next is the transaction accepted after this one, or nil as yet.
func (l *LogEntry) Next() *LogEntry { return l.next.Load() }

// Ancestors lists what an entry depends on, without itself, nearest first.
func (v *View) Ancestors(e *Entry) []*Entry { return reachable(e, parentsOf) }

// Descendants lists what depends on an entry, without itself, nearest first.
func (v *View) Descendants(e *Entry) []*Entry { return reachable(e, childrenOf) }

// reachable walks the graph as a reader may: without the owner's marks.
func reachable(e *Entry, next func(*Entry) []*Entry) (list []*Entry) {
	seen := map[*Entry]bool{e: true}
	for queue := []*Entry{e}; len(queue) > 0; queue = queue[1:] {
		for _, n := range next(queue[0]) {
			if !seen[n] {
				seen[n] = true
				list = append(list, n)
				queue = append(queue, n)
			}
		}
	}
	return list
}
