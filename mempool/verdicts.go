package mempool

import (
	"math/rand/v2"

	"github.com/troupe-node/troupe/tx"
)

// What the pool remembers of the transactions that peers gave it: Core's
// ProcessInvalidTx and ProcessPackageResult.

// RefusedBefore tells whether a peer's transaction was refused on this tip for its
// fee alone: it counts only with a child.
func (p *Pool) RefusedBefore(t *tx.Tx) bool {
	return p.refusals.Cheap(t.WitnessID(), p.tip.Hash())
}

// NoteRefused remembers that a peer's transaction was refused, unless that was because the
// pool has it: who sends it twice must not make its children hopeless.
func (p *Pool) NoteRefused(t *tx.Tx, why Result) {
	if e := p.index.byID.get(t.ID()); e == nil || e.Tx.WitnessID() != t.WitnessID() {
		p.refusals.note(t, why)
	}
}

// NoteFamily remembers that a package of peers' transactions failed.
func (p *Pool) NoteFamily(family []*tx.Tx) { p.refusals.noteFamily(family) }

// Orphaned is what became of a transaction whose parents are unknown.
type Orphaned struct {
	Hopeless bool // a parent was refused: there is nothing to wait for
	Fresh    bool // it was not kept before
	Evicted  int  // how many had to go to make room, itself perhaps among them
}

// KeepOrphan keeps a peer's transaction until its parents come. now is in seconds
// since 1970.
func (p *Pool) KeepOrphan(t *tx.Tx, peer, now int64, rng *rand.Rand) (o Orphaned) {
	if p.refusals.hopeless(t, func(id tx.Hash) bool { return p.index.byID.get(id) != nil }) {
		p.refusals.noteHopeless(t)
		return Orphaned{Hopeless: true}
	}
	if o.Fresh, o.Evicted = p.orphans.Add(t, peer, now, rng); o.Fresh {
		p.Recall(t)
	}
	return o
}

// TakeChild takes an orphan out that may pay for t, which paid too little alone, or
// gives nil. Families that failed before are not tried again.
func (p *Pool) TakeChild(t *tx.Tx, peer int64, rng *rand.Rand) *Orphan {
	tried := func(o *Orphan) bool { return p.refusals.hasFamily([]*tx.Tx{t, o.Tx}) }
	return p.orphans.TakeChild(t, peer, tried, rng)
}
