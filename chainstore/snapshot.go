package chainstore

import (
	"math"
	"sync/atomic"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// reader reads the store as it was at one sequence. Values lent to a callback are gone when it returns.
type reader interface {
	get(key []byte, use func(val []byte) error) (found bool, err error)
	scan(prefix []byte, fn func(key, val []byte) error) error
	// sizes is scan without reading a value: it tells about how long each is.
	sizes(prefix []byte, fn func(key []byte, bytes int64) error) error
	close()
}

// backend is what the two stores do differently: reading at a sequence.
type backend interface {
	read(seq uint64) (reader, error)
	// confirmAbsent returns what on disk is damaged where the key would be.
	confirmAbsent(key []byte) error
}

// latest reads bodies and undo data: they never change once written (their key is the block's hash), so that every snapshot
// sees the same ones. Pruning takes them from old snapshots too, which then answer ErrNotFound.
const latest = math.MaxUint64

// core is what both stores share: the published state, the pinned snapshots, and everything that only reads.
type core struct {
	backend
	state  atomic.Pointer[State]
	closed atomic.Bool
	pins   pins
}

// State is the last commit's.
func (c *core) State() State { return *c.state.Load() }

// Snapshot pins the last commit. It costs one small allocation; thousands may be open. Release it when done: while it is held
// the store keeps what has changed since.
func (c *core) Snapshot() (*Snapshot, error) {
	if c.closed.Load() {
		return nil, ErrClosed
	}
	s := &Snapshot{core: c}
	c.pins.add(s)
	return s, nil
}

// Headers calls back with each header record, lowest height first.
func (c *core) Headers(fn func(HeaderRecord) error) error {
	r, err := c.read(latest)
	if err != nil {
		return err
	}
	defer r.close()
	return r.scan([]byte{prefixHeader}, func(key, val []byte) error {
		rec, err := decodeHeader(key, val)
		if err != nil {
			return &Damage{What: "a header record", Why: "it does not decode", Mend: mendReindex, Err: err}
		}
		return fn(rec)
	})
}

// Snapshot reads the store as it was at one commit. It is safe for concurrent use.
type Snapshot struct {
	core  *core
	state State
	pin   pin
}

// Seq is the commit's sequence.
func (s *Snapshot) Seq() uint64 { return s.state.Seq }

// Tip is the block whose coins these are.
func (s *Snapshot) Tip() tx.Hash { return s.state.Tip }

// Release lets the store forget what only this snapshot needed. Further calls do nothing.
func (s *Snapshot) Release() { s.core.pins.remove(s) }

// at runs fn with a reader. Expiry is looked at afterwards, too: what the store dropped while fn ran may have been part of it.
func (s *Snapshot) at(seq uint64, fn func(reader) error) error {
	if err := s.pin.err(); err != nil {
		return err
	}
	r, err := s.core.read(seq)
	if err != nil {
		return err
	}
	err = fn(r)
	r.close()
	if expired := s.pin.err(); expired != nil {
		return expired
	}
	return err
}

// Coin is the unspent coin at the outpoint, or nil.
func (s *Snapshot) Coin(op tx.OutPoint) (coin *consensus.Coin, err error) {
	err = s.at(s.state.Seq, func(r reader) error {
		var buf [maxCoinKey]byte
		_, err := r.get(appendCoinKey(buf[:0], &op), func(val []byte) (err error) {
			coin, err = storedCoin(op, val, nil)
			return err
		})
		return err
	})
	return coin, err
}

// ConfirmAbsent is to be asked before anybody is blamed for a coin that is not there: it reads the files in which the coin would be
// against their checksums, and returns the damage, if that is why it was not found. It takes up to seconds.
func (s *Snapshot) ConfirmAbsent(op tx.OutPoint) error {
	return s.core.confirmAbsent(appendCoinKey(nil, &op))
}

// Coins reads many at once; absent ones are nil in the answer.
func (s *Snapshot) Coins(ops []tx.OutPoint) ([]*consensus.Coin, error) {
	coins := make([]*consensus.Coin, len(ops))
	err := s.at(s.state.Seq, func(r reader) error {
		var buf [maxCoinKey]byte
		var space *scriptSpace // one script, as most transactions ask for, is as well by itself
		if len(ops) > 1 {
			space = new(scriptSpace)
		}
		for i := range ops {
			_, err := r.get(appendCoinKey(buf[:0], &ops[i]), func(val []byte) (err error) {
				coins[i], err = storedCoin(ops[i], val, space)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return coins, nil
}

func storedCoin(op tx.OutPoint, val []byte, space *scriptSpace) (*consensus.Coin, error) {
	coin, err := decodeWholeCoin(val, space)
	if err != nil {
		return nil, &Damage{What: "coin " + op.String(), Why: "it does not decode", Mend: mendReindex, Err: err}
	}
	return coin, nil
}

// EachCoin calls back with every coin, in the order of txid bytes and output index that Core's hashes are defined over.
func (s *Snapshot) EachCoin(fn func(op tx.OutPoint, coin *consensus.Coin) error) error {
	return s.at(s.state.Seq, func(r reader) error {
		space := new(scriptSpace)
		return r.scan([]byte{prefixCoin}, func(key, val []byte) error {
			op, err := parseCoinKey(key)
			if err != nil {
				return &Damage{What: "a coin's key", Why: "it does not decode", Mend: mendReindex, Err: err}
			}
			coin, err := storedCoin(op, val, space)
			if err != nil {
				return err
			}
			if s.pin.expired.Load() {
				return ErrSnapshotExpired
			}
			return fn(op, coin)
		})
	})
}

// Block is the body of the block, or ErrNotFound. The bytes are the caller's.
func (s *Snapshot) Block(hash tx.Hash) ([]byte, error) {
	return s.large(prefixBody, hash)
}

// Undo is the block's undo data, or ErrNotFound.
func (s *Snapshot) Undo(hash tx.Hash) (*Undo, error) {
	data, err := s.large(prefixUndo, hash)
	if err != nil {
		return nil, err
	}
	u, err := DecodeUndo(hash, data)
	if err != nil {
		return nil, &Damage{What: "undo data of block " + hash.String(), Why: "it does not decode", Mend: mendReindex, Err: err}
	}
	return u, nil
}

func (s *Snapshot) large(prefix byte, hash tx.Hash) (data []byte, err error) {
	found := false
	err = s.at(latest, func(r reader) (err error) {
		found, err = r.get(hashKey(prefix, &hash), func(val []byte) error {
			data = append(make([]byte, 0, len(val)), val...)
			return nil
		})
		return err
	})
	if err == nil && !found {
		err = ErrNotFound
	}
	return data, err
}

// Record is an index's value, or nil when there is none.
func (s *Snapshot) Record(key []byte) (val []byte, err error) {
	err = s.at(s.state.Seq, func(r reader) error {
		_, err := r.get(recordKey(key), func(v []byte) error {
			val = append(make([]byte, 0, len(v)), v[1:]...)
			return nil
		})
		return err
	})
	return val, err
}

// EachRecord calls back with the index entries whose key begins with prefix, in the order of their keys. Both slices are lent.
func (s *Snapshot) EachRecord(prefix []byte, fn func(key, val []byte) error) error {
	return s.at(s.state.Seq, func(r reader) error {
		return r.scan(recordKey(prefix), func(key, val []byte) error { return fn(key[1:], val[1:]) })
	})
}
