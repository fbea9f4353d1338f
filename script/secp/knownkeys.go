package secp

import (
	"encoding/binary"
	"sync/atomic"

	secp256k1 "github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// knownKeys remembers keys that were used more than once, with their y. Finding
// y again is a square root, a tenth to an eighth of a verification; many keys of the
// chain sign more than one input, those of exchanges and services thousands. A key
// that is used once costs the compare and nothing else.
//
// It changes no answer: what it gives is the same key in another form. One slot for
// each key's first bits, without locks; a key that takes another's slot must be
// seen twice in a row.
type knownKeys struct {
	seen  [knownSlots]atomic.Uint64 // what asked last, and found nothing
	known [knownSlots]atomic.Pointer[knownKey]
}

// knownSlots bounds the memory to 2 MiB.
const knownSlots = 1 << 14

type knownKey struct {
	compressed [33]byte
	full       [65]byte
}

var known knownKeys

// full returns the uncompressed form of a compressed key, if it is known, and otherwise
// the key itself. The result must not be changed.
func (k *knownKeys) full(key []byte) []byte {
	if len(key) != 33 {
		return key
	}
	id := binary.LittleEndian.Uint64(key[1:])<<1 | uint64(key[0]&1)
	slot := id >> 1 % knownSlots
	if found := k.known[slot].Load(); found != nil && found.compressed == [33]byte(key) {
		return found.full[:]
	}
	if k.seen[slot].Swap(id) != id {
		return key
	}
	point, err := secp256k1.ParsePubKey(key)
	if err != nil {
		return key
	}
	found := &knownKey{compressed: [33]byte(key), full: [65]byte(point.SerializeUncompressed())}
	k.known[slot].Store(found)
	return found.full[:]
}
