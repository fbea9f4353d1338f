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

// NoteRefused remembers that a peer's transaction was refused.
func (p *Pool) NoteRefused(t *tx.Tx, why Result) { p.refusals.note(t, why) }

// NoteFamily remembers that a package of peers' transactions failed.
func (p *Pool) NoteFamily(family []*tx.Tx) { p.refusals.noteFamily(family) }

// KeepOrphan keeps a peer's transaction until its parents come, and tells whether
// there is anything to wait for: with a parent that was refused there is not. now is
// in seconds since 1970.
func (p *Pool) KeepOrphan(t *tx.Tx, peer, now int64, rng *rand.Rand) bool {
	if p.refusals.hopeless(t, func(id tx.Hash) bool { return p.index.byID.get(id) != nil }) {
		p.refusals.noteHopeless(t)
		return false
	}
	if p.orphans.Add(t, peer, now, rng) {
		p.Recall(t)
	}
	return true
}

// TakeChild takes an orphan out that may pay for t, which paid too little alone, or
// gives nil. Families that failed before are not tried again.
func (p *Pool) TakeChild(t *tx.Tx, peer int64, rng *rand.Rand) *Orphan {
	tried := func(o *Orphan) bool { return p.refusals.hasFamily([]*tx.Tx{t, o.Tx}) }
	return p.orphans.TakeChild(t, peer, tried, rng)
}
