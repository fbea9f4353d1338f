package mempool

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"

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
	Came  int64 // seconds since 1970
	place int
	turn  uint64 // in which it was first kept
}

// Until is when the orphan is given up, in seconds since 1970.
func (o *Orphan) Until() int64 { return o.Came + orphanExpirySecs }

// Orphanage keeps a few orphans until their parents come. One goroutine owns it;
// Has, Len and List are for any.
type Orphanage struct {
	mu          sync.RWMutex // for the readers: the owner alone writes
	byWitnessID map[tx.Hash]*Orphan
	byOutPoint  map[tx.OutPoint]map[*Orphan]struct{}
	list        []*Orphan // for choosing one at random
	max         int
	turns       uint64
}

// NewOrphanage makes an empty one with room for max (-maxorphantx).
func NewOrphanage(max int) *Orphanage {
	return &Orphanage{max: max, byWitnessID: map[tx.Hash]*Orphan{}, byOutPoint: map[tx.OutPoint]map[*Orphan]struct{}{}}
}

// Len is the number of orphans.
func (o *Orphanage) Len() int {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return len(o.list)
}

// Has tells whether the orphan with that witness id is kept.
func (o *Orphanage) Has(witnessID tx.Hash) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.byWitnessID[witnessID] != nil
}

// Giver tells which peer gave the orphan with that witness id, if it is kept.
func (o *Orphanage) Giver(witnessID tx.Hash) (peer int64, ok bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if orphan := o.byWitnessID[witnessID]; orphan != nil {
		return orphan.Peer, true
	}
	return 0, false
}

// List is all of them as they are now, ordered by witness id.
func (o *Orphanage) List() []Orphan {
	o.mu.RLock()
	defer o.mu.RUnlock()
	sorted := slices.Clone(o.list)
	sortOrphans(sorted)
	list := make([]Orphan, len(sorted))
	for i, orphan := range sorted {
		list[i] = *orphan
	}
	return list
}

// Add keeps a transaction, unless it is too large to be kept for nothing. One that
// is kept already is from then on the new peer's. When there is no room a random one
// makes some: nobody can choose which. It tells whether it was not kept before, and
// how many had to go.
func (o *Orphanage) Add(t *tx.Tx, peer, now int64, rng *rand.Rand) (fresh bool, evicted int) {
	o.turns++
	return o.add(&Orphan{Tx: t, Peer: peer, Came: now, turn: o.turns}, rng)
}

// Restore puts back one that was taken out, as if it had been here all the time.
func (o *Orphanage) Restore(orphan *Orphan, rng *rand.Rand) { o.add(orphan, rng) }

func (o *Orphanage) add(orphan *Orphan, rng *rand.Rand) (fresh bool, evicted int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := orphan.Tx
	if t.Weight() > maxOrphanWeight {
		return false, 0
	}
	if old := o.byWitnessID[t.WitnessID()]; old != nil {
		old.Peer, old.Came = orphan.Peer, orphan.Came
		return false, 0
	}
	orphan.place = len(o.list)
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
		evicted++
	}
	return true, evicted
}

// Adopt takes out and returns the orphans that spend an output of t, in an order
// that depends on nothing but them.
func (o *Orphanage) Adopt(t *tx.Tx) []*Orphan {
	o.mu.Lock()
	defer o.mu.Unlock()
	children := o.childrenOf(t)
	sortOrphans(children)
	for _, orphan := range children {
		o.remove(orphan)
	}
	return children
}

// childrenOf lists the orphans that spend from t, each once.
func (o *Orphanage) childrenOf(t *tx.Tx) (children []*Orphan) {
	seen := map[*Orphan]bool{}
	id := t.ID()
	for i := range t.Outputs {
		for orphan := range o.byOutPoint[tx.OutPoint{Hash: id, Index: uint32(i)}] {
			if !seen[orphan] {
				seen[orphan] = true
				children = append(children, orphan)
			}
		}
	}
	return children
}

// TakeChild takes out and returns a child of t that tried says nothing of, or nil.
// First come those of the same peer, the youngest of them first: of children that
// replace each other it pays most. Then those of others, whom the peer may have
// nothing to do with, in an order that nobody can choose (Core's Find1P1CPackage).
func (o *Orphanage) TakeChild(t *tx.Tx, peer int64, tried func(*Orphan) bool, rng *rand.Rand) *Orphan {
	o.mu.Lock()
	defer o.mu.Unlock()
	children := o.childrenOf(t)
	sortOrphans(children)
	rng.Shuffle(len(children), func(i, j int) { children[i], children[j] = children[j], children[i] })
	slices.SortStableFunc(children, func(a, b *Orphan) int {
		switch {
		case a.Peer == peer && b.Peer == peer:
			return cmp.Compare(b.turn, a.turn)
		case a.Peer == peer:
			return -1
		case b.Peer == peer:
			return 1
		}
		return 0
	})
	for _, orphan := range children {
		if !tried(orphan) {
			o.remove(orphan)
			return orphan
		}
	}
	return nil
}

// Keep drops the orphans of the peers that are not to be kept, and tells how many
// each of these had.
func (o *Orphanage) Keep(kept func(peer int64) bool) (gone map[int64]int) {
	o.removeIf(func(orphan *Orphan) bool {
		if kept(orphan.Peer) {
			return false
		}
		if gone == nil {
			gone = map[int64]int{}
		}
		gone[orphan.Peer]++
		return true
	})
	return gone
}

// BlockConnected drops orphans that the block holds or makes impossible, and tells
// how many.
func (o *Orphanage) BlockConnected(b *tx.Block) (dropped int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) == 0 {
		return 0
	}
	for _, t := range b.Txs {
		for i := range t.Inputs {
			for orphan := range o.byOutPoint[t.Inputs[i].PrevOut] {
				o.remove(orphan)
				dropped++
			}
		}
	}
	return dropped
}

// Expire drops what has waited for too long.
func (o *Orphanage) Expire(now int64) {
	o.removeIf(func(orphan *Orphan) bool { return orphan.Until() <= now })
}

func (o *Orphanage) removeIf(gone func(*Orphan) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
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
