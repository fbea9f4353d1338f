package chainstore

import (
	"encoding/binary"

	"github.com/troupe-node/troupe/tx"
)

// Every key starts with one byte that says what it is.
const (
	prefixBody   = 'b' // b | block hash                 -> the block as it came over the wire
	prefixCoin   = 'c' // c | txid | output index        -> coin (coin.go)
	prefixFill   = 'f' // f                              -> nothing: see turnMemtable
	prefixHeader = 'h' // h | height, big endian | hash  -> header record
	prefixUndo   = 'u' // u | block hash                 -> undo data (undo.go)
	prefixRecord = 'x' // x | an index's own key         -> 1, the index's own value
	prefixCommit = 't' // t                              -> commit record: the mark that ends a commit
)

var commitKey = []byte{prefixCommit}

const maxCoinKey = 1 + tx.HashSize + 5

// appendCoinKey orders coins as Core's cursor does: by the bytes of the txid, then by index. The index takes one byte below 248;
// above, a first byte that grows with the number of bytes after it keeps the order of the numbers.
func appendCoinKey(dst []byte, op *tx.OutPoint) []byte {
	dst = append(append(dst, prefixCoin), op.Hash[:]...)
	switch i := op.Index; {
	case i < 248:
		return append(dst, byte(i))
	case i < 1<<8:
		return append(dst, 248, byte(i))
	case i < 1<<16:
		return append(dst, 249, byte(i>>8), byte(i))
	case i < 1<<24:
		return append(dst, 250, byte(i>>16), byte(i>>8), byte(i))
	default:
		return append(dst, 251, byte(i>>24), byte(i>>16), byte(i>>8), byte(i))
	}
}

func parseCoinKey(key []byte) (op tx.OutPoint, err error) {
	const head = 1 + tx.HashSize
	if len(key) <= head || key[0] != prefixCoin {
		return op, decodeError("coin key", "cut short")
	}
	copy(op.Hash[:], key[1:])
	tail := key[head+1:]
	switch first := key[head]; {
	case first < 248 && len(tail) == 0:
		op.Index = uint32(first)
	case first >= 248 && first <= 251 && len(tail) == int(first)-247:
		for _, c := range tail {
			op.Index = op.Index<<8 | uint32(c)
		}
	default:
		return op, decodeError("coin key", "bad output index")
	}
	return op, nil
}

func hashKey(prefix byte, hash *tx.Hash) []byte {
	return append(append(make([]byte, 0, 1+tx.HashSize), prefix), hash[:]...)
}

func headerKey(height int32, hash *tx.Hash) []byte {
	key := append(make([]byte, 0, 5+tx.HashSize), prefixHeader)
	key = binary.BigEndian.AppendUint32(key, uint32(height))
	return append(key, hash[:]...)
}

func recordKey(key []byte) []byte {
	return append(append(make([]byte, 0, 1+len(key)), prefixRecord), key...)
}

// A header record is the header's 80 bytes and three varints.
func appendHeader(dst []byte, r *HeaderRecord) []byte {
	raw := r.Header.Bytes()
	dst = append(dst, raw[:]...)
	dst = appendVarint(dst, uint64(r.Status))
	dst = appendVarint(dst, r.Order)
	return appendVarint(dst, uint64(r.TxCount))
}

func decodeHeader(key, val []byte) (r HeaderRecord, err error) {
	if len(key) != 5+tx.HashSize || len(val) < tx.HeaderSize {
		return r, decodeError("header record", "cut short")
	}
	height := binary.BigEndian.Uint32(key[1:])
	if height > 1<<31-1 {
		return r, decodeError("header record", "bad height")
	}
	r.Height = int32(height)
	copy(r.Hash[:], key[5:])
	if r.Header, err = tx.ParseHeader(val[:tx.HeaderSize]); err != nil {
		return r, decodeError("header record", err.Error())
	}
	b := val[tx.HeaderSize:]
	var nums [3]uint64
	for i := range nums {
		v, n := readVarint(b)
		if n == 0 {
			return r, decodeError("header record", "bad number")
		}
		nums[i], b = v, b[n:]
	}
	if len(b) != 0 || nums[0] > 1<<32-1 || nums[2] > 1<<32-1 {
		return r, decodeError("header record", "bytes left over or number too large")
	}
	r.Status, r.Order, r.TxCount = uint32(nums[0]), nums[1], uint32(nums[2])
	return r, nil
}
