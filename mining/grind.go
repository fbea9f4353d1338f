package mining

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/troupe-node/troupe/tx"
)

// Grind tries nonces from header.Nonce upwards, at most tries of them, and
// reports whether the header's hash fell at or below target, which is in the
// order of hashes (its last byte weighs most). It leaves the nonce to go on
// with, and reports exhausted when there is none left.
func Grind(header *tx.Header, target *tx.Hash, tries uint64) (found, exhausted bool) {
	raw := header.Bytes()
	for range tries {
		binary.LittleEndian.PutUint32(raw[76:], header.Nonce)
		first := sha256.Sum256(raw[:])
		if hash := tx.Hash(sha256.Sum256(first[:])); atMost(&hash, target) {
			return true, false
		}
		if header.Nonce == math.MaxUint32 {
			return false, true
		}
		header.Nonce++
	}
	return false, false
}

// atMost compares two hashes as the little-endian numbers that they are.
func atMost(hash, target *tx.Hash) bool {
	for i := tx.HashSize - 1; i >= 0; i-- {
		if hash[i] != target[i] {
			return hash[i] < target[i]
		}
	}
	return true
}
