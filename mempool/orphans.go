package mempool

import (
	"math/rand/v2"

	"github.com/troupe-node/troupe/tx"
)

// Limits of the orphanage (Core's MAX_STANDARD_TX_WEIGHT and ORPHAN_TX_EXPIRE_TIME).
const (
	maxOrphanWeight  = maxStandardWeight
	orphanExpirySecs = 20 * 60
)

// Orphan is a transaction whose parents are unknown.
type Orphan struct {
	Tx    *tx.Tx
	Peer  int64 // who gave it
	until int64 // seconds since 1970
	place int
}

// Orphanage keeps a few orphans until their parents come. One goroutine owns it.
type Orphanage struct {
	byWitnessID map[tx.Hash]*Orphan
	byOutPoint  map[tx.OutPoint]map[*Orphan]struct{}
	list        []*Orphan // for choosing one at random
	max         int
}

// NewOrphanage makes an empty one with room for max (-maxorphantx).
func NewOrphanage(max int) *Orphanage {
	return &Orphanage{max: max, byWitnessID: map[tx.Hash]*Orphan{}, byOutPoint: map[tx.OutPoint]map[*Orphan]struct{}{}}
}

// Len is the number of orphans.
func (o *Orphanage) Len() int { return len(o.list) }

// Has tells whether the orphan with that witness id is kept.
func (o *Orphanage) Has(witnessID tx.Hash) bool { return o.byWitnessID[witnessID] != nil }

// Add keeps a transaction, unless it is too large to be kept for nothing or is
// kept already. When there is no room a random one makes some: nobody can choose
// which.
func (o *Orphanage) Add(t *tx.Tx, peer, now int64, rng *rand.Rand) bool {
	if t.Weight() > maxOrphanWeight || o.Has(t.WitnessID()) {
		return false
	}
	orphan := &Orphan{Tx: t, Peer: peer, until: now + orphanExpirySecs, place: len(o.list)}
	o.byWitnessID[t.WitnessID()] = orphan
	o.list = append(o.list, orphan)
	for i := range t.Inputs {
		op := t.Inputs[i].PrevOut
		if o.byOutPoint[op] == nil {
			o.byOutPoint[op] = map[*Orphan]struct{}{}
		}
		o.byOutPoint[op][orphan] = struct{}{}
	}
	for len(o.list) > o.max {
		o.remove(o.list[rng.IntN(len(o.list))])
	}
	return true
}

// Adopt takes out and returns the orphans that spend an output of t, in an order
// that depends on nothing but them.
func (o *Orphanage) Adopt(t *tx.Tx) (children []*Orphan) {
	id := t.ID()
	for i := range t.Outputs {
		for orphan := range o.byOutPoint[tx.OutPoint{Hash: id, Index: uint32(i)}] {
			children = append(children, orphan)
		}
	}
	sortOrphans(children)
	kept := children[:0]
	for _, orphan := range children {
		if o.byWitnessID[orphan.Tx.WitnessID()] == orphan {
			o.remove(orphan)
			kept = append(kept, orphan)
		}
	}
	return kept
}

// TakeChild takes out and returns an orphan of the same peer that spends an
// output of t, or nil: together they may pay enough.
func (o *Orphanage) TakeChild(t *tx.Tx, peer int64) *tx.Tx {
	var children []*Orphan
	id := t.ID()
	for i := range t.Outputs {
		for orphan := range o.byOutPoint[tx.OutPoint{Hash: id, Index: uint32(i)}] {
			if orphan.Peer == peer {
				children = append(children, orphan)
			}
		}
	}
	if len(children) == 0 {
		return nil
	}
	sortOrphans(children)
	o.remove(children[0])
	return children[0].Tx
}

// Keep drops the orphans of the peers that are not to be kept.
func (o *Orphanage) Keep(kept func(peer int64) bool) {
	o.removeIf(func(orphan *Orphan) bool { return !kept(orphan.Peer) })
}

// BlockConnected drops orphans that the block holds or makes impossible.
func (o *Orphanage) BlockConnected(b *tx.Block) {
	if len(o.list) == 0 {
		return
	}
	for _, t := range b.Txs {
		for i := range t.Inputs {
			for orphan := range o.byOutPoint[t.Inputs[i].PrevOut] {
				o.remove(orphan)
			}
		}
	}
}

// Expire drops what has waited for too long.
func (o *Orphanage) Expire(now int64) {
	o.removeIf(func(orphan *Orphan) bool { return orphan.until <= now })
}

func (o *Orphanage) removeIf(gone func(*Orphan) bool) {
	for i := len(o.list) - 1; i >= 0; i-- {
		if gone(o.list[i]) {
			o.remove(o.list[i])
		}
	}
}

func (o *Orphanage) remove(orphan *Orphan) {
	delete(o.byWitnessID, orphan.Tx.WitnessID())
	for i := range orphan.Tx.Inputs {
		op := orphan.Tx.Inputs[i].PrevOut
		delete(o.byOutPoint[op], orphan)
		if len(o.byOutPoint[op]) == 0 {
			delete(o.byOutPoint, op)
		}
	}
	last := len(o.list) - 1
	o.list[orphan.place] = o.list[last]
	o.list[orphan.place].place = orphan.place
	o.list[last] = nil
	o.list = o.list[:last]
}
