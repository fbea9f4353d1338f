package chainstore

import (
	"encoding/binary"

	"github.com/troupe-node/troupe/tx"
)

// arena is the memory of a cache's coins: large blocks of bytes without a pointer in them, so that ten million coins are a few
// hundred objects to the garbage collector. Freed records are kept in lists by size and used again.
//
// Only the cache's owner allocates, frees and writes. A frozen layer reads records of its own meanwhile; records are multiples of
// eight bytes apart and a layer's are not freed while it is frozen.
type arena struct {
	chunks [][]byte
	at     int // bytes used of the last chunk
	free   [smallClasses]ref
	large  map[int][]ref // freed records above the small classes
	bytes  int           // of all chunks
	live   int           // of records in use
}

// ref is where a record lies, in units of eight bytes: chunk number above, offset below. Zero is no record.
type ref uint32

const (
	chunkBits    = 17
	chunkBytes   = 8 << chunkBits // 1 MiB
	smallClasses = 2048           // records up to 16 KiB
)

// A record is flags, three bytes of value length, the outpoint, and the value: a coin as it is stored on disk.
const recordHead = 4 + tx.HashSize + 4

const (
	flagFresh byte = 1 << iota // nothing below this layer has the outpoint
	flagSpent                  // a deletion
	flagUsed                   // looked at since the eviction hand passed
)

func recordClass(valLen int) int { return (recordHead + valLen + 7) / 8 }

func chunkAt(chunks [][]byte, r ref) []byte {
	return chunks[r>>chunkBits][int(r&(1<<chunkBits-1))*8:]
}

type record []byte

func (a *arena) record(r ref) record { return record(chunkAt(a.chunks, r)) }

func (r record) valLen() int { return int(r[1]) | int(r[2])<<8 | int(r[3])<<16 }

func (r record) value() []byte { return r[recordHead : recordHead+r.valLen()] }

func (r record) is(op *tx.OutPoint) bool {
	return [tx.HashSize]byte(r[4:4+tx.HashSize]) == op.Hash && binary.LittleEndian.Uint32(r[4+tx.HashSize:]) == op.Index
}

func (r record) outpoint() (op tx.OutPoint) {
	copy(op.Hash[:], r[4:])
	op.Index = binary.LittleEndian.Uint32(r[4+tx.HashSize:])
	return op
}

// reuse takes a freed record of the class.
func (a *arena) reuse(class int) (ref, bool) {
	if class >= smallClasses {
		list := a.large[class]
		if len(list) == 0 {
			return 0, false
		}
		a.large[class] = list[:len(list)-1]
		return list[len(list)-1], true
	}
	r := a.free[class]
	if r == 0 {
		return 0, false
	}
	a.free[class] = ref(binary.LittleEndian.Uint32(a.record(r)[8:]))
	return r, true
}

// fits says whether the class can be had without another chunk.
func (a *arena) fits(class int) bool {
	if class >= smallClasses {
		return len(a.large[class]) > 0
	}
	return a.free[class] != 0 || (len(a.chunks) > 0 && a.at+class*8 <= len(a.chunks[len(a.chunks)-1]))
}

// put stores a record.
func (a *arena) put(op *tx.OutPoint, flags byte, val []byte) ref {
	class := recordClass(len(val))
	r, ok := a.reuse(class)
	if !ok {
		r = a.extend(class * 8)
	}
	a.live += class * 8
	b := a.record(r)
	b[0], b[1], b[2], b[3] = flags, byte(len(val)), byte(len(val)>>8), byte(len(val)>>16)
	copy(b[4:], op.Hash[:])
	binary.LittleEndian.PutUint32(b[4+tx.HashSize:], op.Index)
	copy(b[recordHead:], val)
	return r
}

func (a *arena) extend(size int) ref {
	if len(a.chunks) == 0 || a.at+size > len(a.chunks[len(a.chunks)-1]) {
		if len(a.chunks) > 0 {
			a.recycle(a.at, len(a.chunks[len(a.chunks)-1])-a.at)
		}
		a.chunks = append(a.chunks, make([]byte, max(chunkBytes, size)))
		a.bytes += max(chunkBytes, size)
		a.at = 0
		if len(a.chunks) == 1 {
			a.at = 8 // reference zero is taken
		}
	}
	r := ref(len(a.chunks)-1)<<chunkBits | ref(a.at/8)
	a.at += size
	return r
}

// recycle gives the end of a chunk that was too short for a record to the list of its size.
func (a *arena) recycle(at, size int) {
	if class := size / 8; class >= recordClass(0) && class < smallClasses {
		r := ref(len(a.chunks)-1)<<chunkBits | ref(at/8)
		a.link(r, class)
	}
}

func (a *arena) link(r ref, class int) {
	binary.LittleEndian.PutUint32(a.record(r)[8:], uint32(a.free[class]))
	a.free[class] = r
}

func (a *arena) drop(r ref) {
	class := recordClass(a.record(r).valLen())
	a.live -= class * 8
	if class < smallClasses {
		a.link(r, class)
		return
	}
	if a.large == nil {
		a.large = make(map[int][]ref)
	}
	a.large[class] = append(a.large[class], r)
}
