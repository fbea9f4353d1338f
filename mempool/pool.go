package mempool

import (
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Tip is the block on top of which the pool's transactions must be valid.
type Tip struct {
	Node   consensus.Ancestry
	Params *consensus.Params
	mtp    int64
}

// NewTip prepares what the pool wants to know of a tip.
func NewTip(node consensus.Ancestry, params *consensus.Params) Tip {
	return Tip{Node: node, Params: params, mtp: consensus.MedianTimePast(node)}
}

// Hash of the tip.
func (t *Tip) Hash() tx.Hash { return t.Node.Hash() }

// next is the height of the block that the pool's transactions may be in.
func (t *Tip) next() int32 { return t.Node.Height() + 1 }

// Pool is the set of unconfirmed transactions. One goroutine owns it.
type Pool struct {
	policy Policy
	tip    Tip

	index    *index
	list     []*Entry // all, in no order
	totals   Totals
	baseFees int64
	usage    int64
	sequence uint64
	logEnd   *LogEntry
	loaded   bool

	deltas      map[tx.Hash]int64 // prioritisetransaction, also for what is not here
	deltasShown bool              // a view has the map: change a copy
	unbroadcast map[tx.Hash]*Entry
	recent      recent
	orphans     *Orphanage
	refusals    *Refusals
	confirmed   *Confirmed

	evict   evictHeap
	rolling rollingFee
	expiry  expiryHeap

	removed []Removed // since the last Drain

	walks uint64   // number of walks, to mark what one has seen
	stack []*Entry // their scratch
}

// New makes an empty pool on a tip.
func New(policy Policy, tip Tip) *Pool {
	p := &Pool{
		policy: policy, index: newIndex(), logEnd: &LogEntry{}, sequence: 1,
		deltas: map[tx.Hash]int64{}, unbroadcast: map[tx.Hash]*Entry{},
		orphans: NewOrphanage(policy.MaxOrphans), refusals: newRefusals(), confirmed: newConfirmed(),
	}
	p.SetTip(tip)
	return p
}

// Removal is why a transaction left the pool.
type Removal uint8

// The reasons, by Core's names.
const (
	RemovedForBlock Removal = iota
	RemovedReplaced
	RemovedConflict // a block spent its inputs
	RemovedReorg    // not valid on the new chain
	RemovedSizeLimit
	RemovedExpiry
)

// String is Core's name of the reason.
func (r Removal) String() string {
	return [...]string{"block", "replaced", "conflict", "reorg", "sizelimit", "expiry"}[r]
}

// Removed is a transaction that left.
type Removed struct {
	Entry *Entry
	Why   Removal
}

// Drain returns what left the pool since the last call.
func (p *Pool) Drain() []Removed {
	r := p.removed
	p.removed = nil
	return r
}

// Tip is the block that the pool stands on.
func (p *Pool) Tip() Tip { return p.tip }

// SetLoaded says that the transactions of the last run have been offered again.
func (p *Pool) SetLoaded() { p.loaded = true }

// View is the pool as readers may see it from now on.
func (p *Pool) View(now int64) *View {
	p.deltasShown = true
	return &View{
		tip: p.tip.Hash(), count: p.totals.Count, vsize: p.totals.VSize, usage: p.usage, fees: p.baseFees,
		minFee: p.minFee(now), sequence: p.sequence, loaded: p.loaded, unbroad: len(p.unbroadcast),
		policy: &p.policy, deltas: p.deltas, recent: &p.recent, index: p.index, logEnd: p.logEnd,
		orphans: p.orphans, refusals: p.refusals, confirmed: p.confirmed,
	}
}

// Count is the number of transactions.
func (p *Pool) Count() int { return p.totals.Count }

// ByID finds an entry, or nil.
func (p *Pool) ByID(id tx.Hash) *Entry { return p.index.byID.get(id) }

// Loaded tells whether SetLoaded was called.
func (p *Pool) Loaded() bool { return p.loaded }

// Sequence is above that of every entry there is.
func (p *Pool) Sequence() uint64 { return p.sequence }

// Deltas are the fee deltas in force, by transaction id. Do not change them.
func (p *Pool) Deltas() map[tx.Hash]int64 {
	p.deltasShown = true
	return p.deltas
}

// Continue takes up the log of an earlier pool, so that its readers need not
// notice.
func (p *Pool) Continue(old *View) { p.logEnd, p.sequence = old.logEnd, old.sequence }

// Orphans are the transactions whose parents are unknown.
func (p *Pool) Orphans() *Orphanage { return p.orphans }

// Announce appends to the log that readers walk.
func (p *Pool) Announce(e *Entry) {
	next := &LogEntry{Entry: e}
	p.logEnd.next.Store(next)
	p.logEnd = next
}
