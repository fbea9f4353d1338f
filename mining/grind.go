package mining

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"

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

// grindSlice is how many nonces are tried between two looks at the world.
const grindSlice = 1 << 16

// GrindAll looks for a nonce on several cores, each in its own part of the nonces,
// until one is found, none is left, the tries run out or stop says so. It returns
// the block, nil without one, and how many nonces were tried.
func GrindAll(t *Template, tries uint64, cores int, stop func() bool) (*tx.Block, uint64) {
	h := t.Block.Header
	first := min(grindSlice, tries) // most searches on test networks end here
	if found, _ := Grind(&h, &t.Target, first); found {
		return t.WithHeader(h), uint64(h.Nonce-t.Block.Header.Nonce) + 1
	}
	if first == tries {
		return nil, tries
	}
	var next, tried atomic.Uint64
	var winner atomic.Pointer[tx.Header]
	next.Store(uint64(t.Block.Header.Nonce) + first)
	tried.Store(first)
	end := min(uint64(t.Block.Header.Nonce)+tries, 1<<32)
	var all sync.WaitGroup
	for range cores {
		all.Go(func() {
			for winner.Load() == nil && !stop() {
				from := next.Add(grindSlice) - grindSlice
				if from >= end {
					return
				}
				mine := t.Block.Header
				mine.Nonce = uint32(from)
				slice := min(grindSlice, end-from)
				found, _ := Grind(&mine, &t.Target, slice)
				if found {
					tried.Add(uint64(mine.Nonce) - from + 1)
					winner.CompareAndSwap(nil, &mine)
					return
				}
				tried.Add(slice)
			}
		})
	}
	all.Wait()
	if h := winner.Load(); h != nil {
		return t.WithHeader(*h), tried.Load()
	}
	return nil, tried.Load()
}
