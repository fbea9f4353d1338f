package chainstore

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/troupe-node/troupe/tx"
)

// MuHash is Core's MuHash3072 (crypto/muhash.cpp): a hash of a set that elements can be put into and taken out of in any order. An
// element is the SHA-256 of its bytes, stretched by ChaCha20 to a number below 2^3072; the set is the product of its elements
// divided by that of the elements taken out, modulo the prime 2^3072 - 1103717. The zero value is not ready: use NewMuHash.
type MuHash struct {
	numerator, denominator num3072
	removed                bool
}

const (
	muLimbs = 48
	muBytes = muLimbs * 8
	muPrime = 1103717 // 2^3072 minus this
)

// num3072 is a number modulo the prime, least significant limb first, not always reduced.
type num3072 [muLimbs]uint64

// NewMuHash is the hash of the empty set.
func NewMuHash() *MuHash {
	m := new(MuHash)
	m.numerator[0], m.denominator[0] = 1, 1
	return m
}

// Insert puts an element in.
func (m *MuHash) Insert(data []byte) {
	e := muElement(data)
	m.numerator.mul(&e)
}

// Remove takes an element out.
func (m *MuHash) Remove(data []byte) {
	e := muElement(data)
	m.denominator.mul(&e)
	m.removed = true
}

// Combine puts all of another set in.
func (m *MuHash) Combine(other *MuHash) {
	m.numerator.mul(&other.numerator)
	m.denominator.mul(&other.denominator)
	m.removed = m.removed || other.removed
}

// Sum is the hash of the set. More elements may follow.
func (m *MuHash) Sum() tx.Hash {
	n := m.numerator
	if m.removed {
		inv := m.denominator.inverse()
		n.mul(&inv)
	}
	n.reduce()
	var b [muBytes]byte
	for i, limb := range n {
		binary.LittleEndian.PutUint64(b[8*i:], limb)
	}
	return sha256.Sum256(b[:])
}

func muElement(data []byte) (e num3072) {
	key := sha256.Sum256(data)
	var state [16]uint32
	state[0], state[1], state[2], state[3] = 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574
	for i := range 8 {
		state[4+i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	for block := range muBytes / 64 {
		state[12] = uint32(block)
		out := chachaBlock(&state)
		for i := range 8 {
			e[8*block+i] = uint64(out[2*i]) | uint64(out[2*i+1])<<32
		}
	}
	return e
}

// chachaBlock is the ChaCha20 block function of RFC 8439, section 2.3, over a state with nonce zero.
func chachaBlock(in *[16]uint32) [16]uint32 {
	x := *in
	quarter := func(a, b, c, d int) {
		x[a] += x[b]
		x[d] = bits.RotateLeft32(x[d]^x[a], 16)
		x[c] += x[d]
		x[b] = bits.RotateLeft32(x[b]^x[c], 12)
		x[a] += x[b]
		x[d] = bits.RotateLeft32(x[d]^x[a], 8)
		x[c] += x[d]
		x[b] = bits.RotateLeft32(x[b]^x[c], 7)
	}
	for range 10 {
		quarter(0, 4, 8, 12)
		quarter(1, 5, 9, 13)
		quarter(2, 6, 10, 14)
		quarter(3, 7, 11, 15)
		quarter(0, 5, 10, 15)
		quarter(1, 6, 11, 12)
		quarter(2, 7, 8, 13)
		quarter(3, 4, 9, 14)
	}
	for i := range x {
		x[i] += in[i]
	}
	return x
}

// mul multiplies in place. The upper half of the product counts muPrime times, as 2^3072 is muPrime modulo the prime.
func (n *num3072) mul(by *num3072) {
	var wide [2*muLimbs + 1]uint64
	for i, a := range n {
		var carry uint64
		row := (*[muLimbs + 1]uint64)(wide[i : i+muLimbs+1]) // an array: no bounds to check in the loop
		for j, b := range by {
			hi, lo := bits.Mul64(a, b)
			var c uint64
			lo, c = bits.Add64(lo, row[j], 0)
			hi += c
			lo, c = bits.Add64(lo, carry, 0)
			carry = hi + c
			row[j] = lo
		}
		row[muLimbs] = carry
	}
	var carry uint64
	for i := range n {
		hi, lo := bits.Mul64(wide[muLimbs+i], muPrime)
		var c uint64
		lo, c = bits.Add64(lo, wide[i], 0)
		hi += c
		n[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c
	}
	n.fold(carry)
}

// fold adds carry times 2^3072.
func (n *num3072) fold(carry uint64) {
	for carry != 0 {
		hi, lo := bits.Mul64(carry, muPrime)
		var c uint64
		n[0], c = bits.Add64(n[0], lo, 0)
		n[1], c = bits.Add64(n[1], hi, c)
		for i := 2; i < muLimbs && c != 0; i++ {
			n[i], c = bits.Add64(n[i], 0, c)
		}
		carry = c
	}
}

// reduce brings the number below the prime.
func (n *num3072) reduce() {
	over := n[0] >= ^uint64(0)-muPrime+1
	for _, limb := range n[1:] {
		over = over && limb == ^uint64(0)
	}
	if over {
		n[0] -= ^uint64(0) - muPrime + 1
		for i := range n[1:] {
			n[1+i] = 0
		}
	}
}

// inverse is the power to the prime less two (Fermat). In the binary of 2^3072 - 1103719 every bit above the lowest 21 is set.
func (n *num3072) inverse() num3072 {
	const low = 1<<21 - 1103719 // the lowest 21 bits of the exponent
	result := *n
	for i := 3070; i >= 0; i-- {
		square := result
		result.mul(&square)
		if i >= 21 || low>>i&1 == 1 {
			result.mul(n)
		}
	}
	return result
}
