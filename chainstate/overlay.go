package chainstate

import (
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// overlay holds what the steps ahead of the connected tip did to the coins:
// blocks whose scripts are still being verified, and the whole of a
// reorganisation until it is known to succeed. One map answers for all of
// them, so that a look-up does not get slower with depth; each step keeps the
// entries it replaced and takes itself back by putting them again. Merging the
// oldest step hands its changes to the cache.
type overlay struct {
	cache  *chainstore.Cache
	top    map[tx.OutPoint]overlayEntry
	merged uint64           // steps up to this one are in the cache
	space  []consensus.Coin // room for coins lent to consensus
}

// overlayEntry is a coin, or nil for a spent one, and the step that put it.
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
}

func newOverlay(cache *chainstore.Cache) *overlay {
	return &overlay{cache: cache, top: make(map[tx.OutPoint]overlayEntry)}
}

const overlaySpace = 256

// Coin finds a coin as the newest step left it: consensus.CoinSource.
func (o *overlay) Coin(op tx.OutPoint) (*consensus.Coin, error) {
	if e, ok := o.top[op]; ok {
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

// missing appends the outpoints that only the store can tell about.
func (o *overlay) missing(ops, dst []tx.OutPoint) []tx.OutPoint {
	unknown := ops[:0:0]
	for _, op := range ops {
		if _, ok := o.top[op]; !ok {
			unknown = append(unknown, op)
		}
	}
	return o.cache.Missing(unknown, dst)
}

// reserve makes room for n changes.
func (s *coinStep) reserve(n int) {
	s.changes = make([]chainstore.CoinChange, 0, n)
	s.prev = make([]overlayEntry, 0, n)
}

// put sets a coin (nil: spends it) on behalf of s, the newest step.
func (o *overlay) put(s *coinStep, op tx.OutPoint, coin *consensus.Coin) {
	s.prev = append(s.prev, o.top[op])
	s.changes = append(s.changes, chainstore.CoinChange{OutPoint: op, Coin: coin})
	o.top[op] = overlayEntry{coin: coin, step: s.id}
}

// rollback takes back the newest step.
func (o *overlay) rollback(s *coinStep) {
	for i := len(s.changes) - 1; i >= 0; i-- {
		op := s.changes[i].OutPoint
		if s.prev[i].step > o.merged {
			o.top[op] = s.prev[i]
		} else {
			delete(o.top, op)
		}
	}
	s.changes, s.prev = nil, nil
}

// release forgets the oldest step after its changes went to the cache. alone
// says that there are no other steps.
func (o *overlay) release(s *coinStep, alone bool) {
	o.merged = s.id
	s.prev = nil
	if alone {
		clear(o.top)
		return
	}
	for i := range s.changes {
		op := s.changes[i].OutPoint
		if o.top[op].step == s.id {
			delete(o.top, op)
		}
	}
}

// unrepeated is the coins for connecting a block on a chain on which no
// transaction can repeat an older one: see connectBlock. It answers for the
// block's own transactions from memory alone.
type unrepeated struct {
	*overlay
	own map[tx.Hash]struct{}
}

// Coin finds a coin: consensus.CoinSource.
func (u unrepeated) Coin(op tx.OutPoint) (*consensus.Coin, error) {
	if _, own := u.own[op.Hash]; !own {
		return u.overlay.Coin(op)
	}
	if e, ok := u.top[op]; ok {
		return e.coin, nil
	}
	found, known, err := u.cache.Peek(op)
	if err != nil || known != chainstore.Unspent {
		return nil, err
	}
	coin := found // what is returned escapes; what was not found need not
	return &coin, nil
}
