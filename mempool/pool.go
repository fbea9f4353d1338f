package mempool

import (
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/mining"
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
	totals   Totals
	baseFees int64
	usage    int64
	deltas   map[tx.Hash]int64 // prioritisetransaction, also for what is not here
	sequence uint64
	logEnd   *LogEntry
	loaded   bool

	evict   evictHeap
	rolling rollingFee

	removed []Removed // since the last Drain

	walks uint64   // number of walks, to mark what one has seen
	stack []*Entry // their scratch
}

// New makes an empty pool on a tip.
func New(policy Policy, tip Tip) *Pool {
	return &Pool{policy: policy, tip: tip, index: newIndex(), deltas: map[tx.Hash]int64{}, logEnd: &LogEntry{}, sequence: 1}
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

// Policy is what the pool was made with.
func (p *Pool) Policy() Policy { return p.policy }

// Tip is the block that the pool stands on.
func (p *Pool) Tip() Tip { return p.tip }

// SetLoaded says that the transactions of the last run have been offered again.
func (p *Pool) SetLoaded() { p.loaded = true }

// View is the pool as readers may see it from now on.
func (p *Pool) View(now int64) *View {
	return &View{
		tip: p.tip.Hash(), count: p.totals.Count, vsize: p.totals.VSize, usage: p.usage, fees: p.baseFees,
		minFee: p.minFee(now), maxBytes: p.policy.MaxBytes, sequence: p.sequence, loaded: p.loaded,
		index: p.index, logEnd: p.logEnd,
	}
}

// Prioritise adds to the fee that a transaction counts as paying, here or not
// (prioritisetransaction). Satoshis.
func (p *Pool) Prioritise(id tx.Hash, delta int64) {
	if p.deltas[id] += delta; p.deltas[id] == 0 {
		delete(p.deltas, id)
	}
	e := p.index.byID.get(id)
	if e == nil {
		return
	}
	e.edit(func(l *Links) { l.Delta += delta })
	p.totals.Fees += delta
	change := Totals{Fees: delta}
	for _, a := range p.ancestors(e) {
		a.edit(func(l *Links) { l.Descendants.add(change) })
		p.rescore(a)
	}
	for _, d := range p.descendants(e) {
		d.edit(func(l *Links) { l.Ancestors.add(change) })
	}
}

// Deltas are the fee deltas in force, by transaction id.
func (p *Pool) Deltas() map[tx.Hash]int64 {
	all := make(map[tx.Hash]int64, len(p.deltas))
	for id, d := range p.deltas {
		all[id] = d
	}
	return all
}

func (p *Pool) entries() []*Entry {
	list := make([]*Entry, 0, p.totals.Count)
	p.index.byID.each(func(e *Entry) { list = append(list, e) })
	return list
}

// Candidates are the pool's transactions as a template takes them.
type Candidates []mining.Candidate

// Candidates lists what a block on the tip may hold, parents before children.
func (p *Pool) Candidates() Candidates {
	list := p.entries()
	sortTopologically(list)
	place := make(map[*Entry]int32, len(list))
	out := make(Candidates, len(list))
	for i, e := range list {
		links := e.Links()
		place[e] = int32(i)
		out[i] = mining.Candidate{Tx: e.Tx, Fee: e.Fee + links.Delta, Pays: e.Fee, VSize: e.VSize, SigOpCost: e.SigOpCost}
		for _, q := range links.Parents {
			out[i].Parents = append(out[i].Parents, place[q])
		}
	}
	return out
}
