package chainstore

import (
	"encoding/binary"
	"fmt"
	"sort"

	"github.com/troupe-node/troupe/tx"
)

// next checks a commit against the stored state and returns the state after it.
func (c *Commit) next(now State) (State, error) {
	after := State{Seq: c.Seq, Tip: now.Tip}
	if after.Seq == 0 {
		after.Seq = now.Seq + 1
	}
	if after.Seq <= now.Seq {
		return now, fmt.Errorf("%w: %d after %d", ErrSequence, after.Seq, now.Seq)
	}
	if c.Base != (tx.Hash{}) && c.Base != now.Tip {
		return now, fmt.Errorf("%w: %s, stored is %s", ErrNotTip, c.Base, now.Tip)
	}
	coins := len(c.Coins)
	if c.Layer != nil {
		if coins > 0 {
			return now, fmt.Errorf("%w: coins both in a list and in a layer", ErrBadCommit)
		}
		coins = c.Layer.Len()
	}
	if c.Tip == (tx.Hash{}) && coins > 0 {
		return now, fmt.Errorf("%w: coins change but the tip is not named", ErrBadCommit)
	}
	if c.Tip != (tx.Hash{}) {
		after.Tip = c.Tip
	}
	return after, nil
}

// entries calls back with each key the commit sets (val not nil) or deletes, each key once. Key and value are the callee's.
func (c *Commit) entries(put func(key, val []byte) error) error {
	if c.Layer != nil {
		// A layer is a map: no key comes twice.
		err := c.Layer.each(func(op *tx.OutPoint, coin []byte) error {
			return put(appendCoinKey(make([]byte, 0, maxCoinKey), op), coin)
		})
		if err != nil {
			return err
		}
	}
	for i, change := range c.Coins {
		if i+1 < len(c.Coins) && c.repeats(i) {
			continue
		}
		var val []byte
		if change.Coin != nil {
			val = appendCoin(make([]byte, 0, 16+len(change.Coin.Output.PkScript)), change.Coin)
		}
		if err := put(appendCoinKey(make([]byte, 0, maxCoinKey), &change.OutPoint), val); err != nil {
			return err
		}
	}
	return c.small(put)
}

// repeats says whether a later change to the same outpoint makes the i-th void: in a sorted list (sorted) it is the next one.
func (c *Commit) repeats(i int) bool { return c.Coins[i].OutPoint == c.Coins[i+1].OutPoint }

// sorted returns the commit with its coin list in key order, leaving the caller's list alone.
func (c *Commit) sorted() *Commit {
	if len(c.Coins) < 2 {
		return c
	}
	d := *c
	d.Coins = append([]CoinChange(nil), c.Coins...)
	sort.SliceStable(d.Coins, func(i, j int) bool {
		a, b := &d.Coins[i].OutPoint, &d.Coins[j].OutPoint
		for k := range a.Hash {
			if a.Hash[k] != b.Hash[k] {
				return a.Hash[k] < b.Hash[k]
			}
		}
		return a.Index < b.Index
	})
	return &d
}

// small emits everything but coins. Blocks come by the handful here, so a map finds the repeats; the last one counts.
func (c *Commit) small(put func(key, val []byte) error) error {
	seen := make(map[string]bool, len(c.Undo)+len(c.Headers)+2*len(c.Prune)+len(c.Records))
	once := func(key, val []byte) error {
		if seen[string(key)] {
			return nil
		}
		seen[string(key)] = true
		return put(key, val)
	}
	for i := len(c.Prune) - 1; i >= 0; i-- {
		if err := once(hashKey(prefixBody, &c.Prune[i]), nil); err != nil {
			return err
		}
		if err := once(hashKey(prefixUndo, &c.Prune[i]), nil); err != nil {
			return err
		}
	}
	for i := len(c.Undo) - 1; i >= 0; i-- {
		if err := once(hashKey(prefixUndo, &c.Undo[i].Block), c.Undo[i].Data); err != nil {
			return err
		}
	}
	for i := len(c.Headers) - 1; i >= 0; i-- {
		r := &c.Headers[i]
		hash := r.Hash
		if hash == (tx.Hash{}) {
			hash = r.Header.Hash()
		}
		if err := once(headerKey(r.Height, &hash), appendHeader(nil, r)); err != nil {
			return err
		}
	}
	for i := len(c.Records) - 1; i >= 0; i-- {
		var val []byte
		if v := c.Records[i].Value; v != nil {
			// One byte more, so that an empty value is not an empty entry (readValue says why).
			val = append(append(make([]byte, 0, 1+len(v)), recordMark), v...)
		}
		if err := once(recordKey(c.Records[i].Key), val); err != nil {
			return err
		}
	}
	return nil
}

const recordMark = 1

// mark is the commit record, written as the last thing of a commit under the commit's sequence. A commit without it, or with
// fewer entries than it counts, never happened (recover.go).
type mark struct {
	state State
	prev  uint64 // sequence of the commit before; entries of this one have versions above it
	count uint64 // entries, the mark itself not counted, bodies and undo put since the commit before included
}

const markSize = 8 + tx.HashSize + 8 + 8

func (m *mark) encode() []byte {
	b := make([]byte, 0, markSize)
	b = binary.LittleEndian.AppendUint64(b, m.state.Seq)
	b = append(b, m.state.Tip[:]...)
	b = binary.LittleEndian.AppendUint64(b, m.prev)
	return binary.LittleEndian.AppendUint64(b, m.count)
}

func decodeMark(b []byte) (m mark, err error) {
	if len(b) != markSize {
		return m, decodeError("commit record", "wrong length")
	}
	m.state.Seq = binary.LittleEndian.Uint64(b)
	copy(m.state.Tip[:], b[8:])
	m.prev = binary.LittleEndian.Uint64(b[8+tx.HashSize:])
	m.count = binary.LittleEndian.Uint64(b[16+tx.HashSize:])
	return m, nil
}
