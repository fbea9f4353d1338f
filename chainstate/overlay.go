package chainstate

import (
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// overlay holds what the steps ahead of the connected tip did to the coins:
// blocks whose scripts are still being verified, and the whole of a
// reorganisation until it is known to succeed. One table answers for all of
// them, so that a look-up does not get slower with depth; each step keeps the
// entries it replaced and takes itself back by putting them again. Merging the
// oldest step hands its changes to the cache.
type overlay struct {
	cache  *chainstore.Cache
	top    coinTable
	merged uint64           // steps up to this one are in the cache
	space  []consensus.Coin // room for coins lent to consensus
}

// overlayEntry is a coin, or nil for a spent one, and the step that put it: steps
// count from one.
type overlayEntry struct {
	coin *consensus.Coin
	step uint64
}

// coinStep is what one step changed: every outpoint once, and what each
// replaced.
type coinStep struct {
	id      uint64
	changes []chainstore.CoinChange
	prev    []overlayEntry
	slots   []int32 // where each is in the overlay's table
}

func newOverlay(cache *chainstore.Cache) *overlay {
	return &overlay{cache: cache, top: newCoinTable()}
}

const overlaySpace = 256

// Coin finds a coin as the newest step left it: consensus.CoinSource.
func (o *overlay) Coin(op tx.OutPoint) (*consensus.Coin, error) {
	if e := o.top.find(&op); e != nil {
		return e.coin, nil
	}
	coin, ok, err := o.cache.Get(op)
	if !ok || err != nil {
		return nil, err
	}
	if len(o.space) == 0 {
		o.space = make([]consensus.Coin, overlaySpace)
	}
	c := &o.space[0]
	o.space = o.space[1:]
	*c = coin
	return c, nil
}

// missing appends the outpoints that only the store can tell about. It writes over ops.
func (o *overlay) missing(ops, dst []tx.OutPoint) []tx.OutPoint {
	unknown := ops[:0]
	for i := range ops {
		if o.top.find(&ops[i]) == nil {
			unknown = append(unknown, ops[i])
		}
	}
	return o.cache.Missing(unknown, dst)
}

// reserve makes room for n changes.
func (s *coinStep) reserve(n int) {
	s.changes = make([]chainstore.CoinChange, 0, n)
	s.prev = make([]overlayEntry, 0, n)
	s.slots = make([]int32, 0, n)
}

// put sets a coin (nil: spends it) on behalf of s, the newest step.
func (o *overlay) put(s *coinStep, op tx.OutPoint, coin *consensus.Coin) {
	slot, prev := o.top.set(&op, overlayEntry{coin: coin, step: s.id})
	s.changes = append(s.changes, chainstore.CoinChange{OutPoint: op, Coin: coin})
	s.prev = append(s.prev, prev)
	s.slots = append(s.slots, slot)
}

// rollback takes back the newest step.
func (o *overlay) rollback(s *coinStep) {
	for i := len(s.changes) - 1; i >= 0; i-- {
		if s.prev[i].step > o.merged {
			o.top.slots[s.slots[i]].overlayEntry = s.prev[i]
		} else {
			o.top.remove(s.slots[i])
		}
	}
	s.changes, s.prev, s.slots = nil, nil, nil
}

// release forgets the oldest step after its changes went to the cache. alone
// says that there are no other steps.
func (o *overlay) release(s *coinStep, alone bool) {
	o.merged = s.id
	if alone {
		o.top.clear()
	} else {
		for _, slot := range s.slots {
			if o.top.slots[slot].step == s.id { // else a newer step has changed it
				o.top.remove(slot)
			}
		}
	}
	s.prev, s.slots = nil, nil
}
