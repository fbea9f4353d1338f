package chainstore

import "github.com/troupe-node/troupe/tx"

// Fetched is a batch of coins read from a snapshot for a Cache, still encoded.
type Fetched struct {
	seq  uint64
	ops  []tx.OutPoint
	ends []uint32
	data []byte
}

func (f *Fetched) value(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = f.ends[i-1]
	}
	return f.data[from:f.ends[i]]
}

// Len is the number of outpoints asked for.
func (f *Fetched) Len() int { return len(f.ops) }

// Fetch reads coins for Cache.Insert without decoding them. It keeps ops.
func (s *Snapshot) Fetch(ops []tx.OutPoint) (*Fetched, error) {
	f := &Fetched{seq: s.state.Seq, ops: ops, ends: make([]uint32, len(ops)), data: make([]byte, 0, 32*len(ops))}
	err := s.at(s.state.Seq, func(r reader) error {
		var buf [maxCoinKey]byte
		for i := range ops {
			_, err := r.get(appendCoinKey(buf[:0], &ops[i]), func(val []byte) error {
				f.data = append(f.data, val...)
				return nil
			})
			if err != nil {
				return err
			}
			f.ends[i] = uint32(len(f.data))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// coinBytes appends the stored coin to dst; nothing when there is none.
func (s *Snapshot) coinBytes(op *tx.OutPoint, dst []byte) ([]byte, error) {
	err := s.at(s.state.Seq, func(r reader) error {
		var buf [maxCoinKey]byte
		_, err := r.get(appendCoinKey(buf[:0], op), func(val []byte) error {
			dst = append(dst, val...)
			return nil
		})
		return err
	})
	return dst, err
}
