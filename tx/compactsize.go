package tx

import (
	"encoding/binary"
	"errors"
)

// Errors of everything that reads bytes in this package. They are the causes
// of what Parse and its relatives return; test with errors.Is.
var (
	// ErrTruncated means that the bytes end before what they announce.
	ErrTruncated = errors.New("ends before what it announces")
	// ErrNonCanonical means a compact size that a shorter form could hold;
	// the words are Core's, as people look for them in logs.
	ErrNonCanonical = errors.New("non-canonical ReadCompactSize()")
	// ErrOversize means a compact size above MaxSize, in Core's words.
	ErrOversize = errors.New("ReadCompactSize(): size too large")
	// ErrSuperfluousWitness means a witness marker on a transaction without
	// any witness (BIP144; Core: "Superfluous witness record").
	ErrSuperfluousWitness = errors.New("superfluous witness record")
	// ErrUnknownFlags means a marker with flags other than witness
	// (Core: "Unknown transaction optional data").
	ErrUnknownFlags = errors.New("unknown transaction optional data")
	// ErrTrailing means bytes behind the end of the only value expected.
	ErrTrailing = errors.New("has bytes behind its end")
)

// MaxSize is the largest length or count that the protocol writes down
// (Core's MAX_SIZE).
const MaxSize = 0x02000000

// ReadCompactSize reads a compact size from the head of b and tells how many
// bytes it took. It refuses lengthy forms and values above [MaxSize].
func ReadCompactSize(b []byte) (v uint64, n int, err error) {
	if len(b) == 0 {
		return 0, 0, ErrTruncated
	}
	switch b[0] {
	default:
		return uint64(b[0]), 1, nil
	case 0xfd:
		if len(b) < 3 {
			return 0, 0, ErrTruncated
		}
		v, n = uint64(binary.LittleEndian.Uint16(b[1:])), 3
		if v < 0xfd {
			return 0, 0, ErrNonCanonical
		}
	case 0xfe:
		if len(b) < 5 {
			return 0, 0, ErrTruncated
		}
		v, n = uint64(binary.LittleEndian.Uint32(b[1:])), 5
		if v < 0x10000 {
			return 0, 0, ErrNonCanonical
		}
	case 0xff:
		if len(b) < 9 {
			return 0, 0, ErrTruncated
		}
		v, n = binary.LittleEndian.Uint64(b[1:]), 9
		if v < 0x100000000 {
			return 0, 0, ErrNonCanonical
		}
	}
	if v > MaxSize {
		return 0, 0, ErrOversize
	}
	return v, n, nil
}

// AppendCompactSize appends v in its shortest form.
func AppendCompactSize(dst []byte, v uint64) []byte {
	switch {
	case v < 0xfd:
		return append(dst, byte(v))
	case v <= 0xffff:
		return binary.LittleEndian.AppendUint16(append(dst, 0xfd), uint16(v))
	case v <= 0xffffffff:
		return binary.LittleEndian.AppendUint32(append(dst, 0xfe), uint32(v))
	default:
		return binary.LittleEndian.AppendUint64(append(dst, 0xff), v)
	}
}

// CompactSizeLen tells how many bytes AppendCompactSize would take.
func CompactSizeLen(v uint64) int {
	switch {
	case v < 0xfd:
		return 1
	case v <= 0xffff:
		return 3
	case v <= 0xffffffff:
		return 5
	default:
		return 9
	}
}
