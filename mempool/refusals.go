package mempool

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"sync"

	"github.com/troupe-node/troupe/tx"
)

// mostRefused is how many refusals of a kind are remembered, and half of them at least
// (Core's m_lazy_recent_rejects).
const mostRefused = 120_000

// Refusals remembers which transactions of peers were refused on a tip, so that
// nobody fetches or judges them again. On another tip everything has a new chance.
// One goroutine writes, any may read.
type Refusals struct {
	mu    sync.RWMutex
	tip   tx.Hash    // that they are about
	final remembered // by witness id; by id, too, if no witness helps
	cheap remembered // that only paid too little: a child may pay for them
}

func newRefusals() *Refusals {
	return &Refusals{final: remembered{half: mostRefused / 2}, cheap: remembered{half: mostRefused / 2}}
}

// Has tells whether the transaction of that id was refused on the tip for good.
func (r *Refusals) Has(id, tip tx.Hash) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.tip == tip && r.final.has(id)
}

// Cheap tells whether it was refused on the tip for its fee alone.
func (r *Refusals) Cheap(id, tip tx.Hash) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.tip == tip && r.cheap.has(id)
}

// moved forgets everything when the tip is another.
func (r *Refusals) moved(tip tx.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tip != tip {
		r.tip = tip
		r.final.clear()
		r.cheap.clear()
	}
}

// note remembers a refusal, unless it says nothing about the transaction of that
// witness id: what is missing may come, and a stripped witness be put back. What
// the inputs alone have decided is decided for every witness (Core's
// ProcessInvalidTx).
func (r *Refusals) note(t *tx.Tx, why Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch why {
	case MissingInputs, WitnessStripped, Unknown:
	case Reconsiderable:
		r.cheap.add(t.WitnessID())
	case InputsNotStandard:
		r.final.add(t.ID())
		r.final.add(t.WitnessID())
	default:
		r.final.add(t.WitnessID())
	}
}

// noteFamily remembers that a child does not pay for its parent.
func (r *Refusals) noteFamily(family []*tx.Tx) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cheap.add(familyHash(family))
}

func (r *Refusals) hasFamily(family []*tx.Tx) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.cheap.has(familyHash(family))
}

// familyHash names a package by its members, whatever their order (Core's
// GetPackageHash).
func familyHash(family []*tx.Tx) tx.Hash {
	ids := make([]tx.Hash, len(family))
	for i, t := range family {
		ids[i] = t.WitnessID()
	}
	slices.SortFunc(ids, func(a, b tx.Hash) int { return bytes.Compare(a[:], b[:]) })
	h := sha256.New()
	for i := range ids {
		h.Write(ids[i][:])
	}
	return tx.Hash(h.Sum(nil))
}

// hopeless tells whether an orphan's parents were refused, so that it cannot get
// in either; nor can it pay for two of them that only paid too little.
func (r *Refusals) hopeless(t *tx.Tx, inPool func(tx.Hash) bool) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	cheap := 0
	for id := range parentIDs(t) {
		switch {
		case r.final.has(id):
			return true
		case r.cheap.has(id) && !inPool(id):
			cheap++
		}
	}
	return cheap > 1
}

// noteHopeless remembers an orphan by both ids: no witness helps it.
func (r *Refusals) noteHopeless(t *tx.Tx) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.final.add(t.ID())
	r.final.add(t.WitnessID())
}

// parentIDs are the transactions that one spends from, each once.
func parentIDs(t *tx.Tx) map[tx.Hash]struct{} {
	ids := make(map[tx.Hash]struct{}, len(t.Inputs))
	for i := range t.Inputs {
		ids[t.Inputs[i].PrevOut.Hash] = struct{}{}
	}
	return ids
}
