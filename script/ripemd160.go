package script

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// Hash160 is RIPEMD-160 of SHA-256, the hash of keys and scripts in addresses.
func Hash160(b []byte) [20]byte {
	h := sha256.Sum256(b)
	return ripemd160(h[:])
}

// The two lines of RIPEMD-160 (Dobbertin, Bosselaers, Preneel 1996), 16 steps a round: which word a step takes and how
// far it rotates. The standard library has no RIPEMD-160, and the one of golang.org/x/crypto is deprecated and
// allocates.
var (
	ripemdWordL = [80]uint8{
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8,
		3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12,
		1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2,
		4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13,
	}
	ripemdWordR = [80]uint8{
		5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12,
		6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2,
		15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13,
		8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14,
		12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11,
	}
	ripemdRotL = [80]uint8{
		11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8,
		7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12,
		11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5,
		11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12,
		9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6,
	}
	ripemdRotR = [80]uint8{
		8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6,
		9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11,
		9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5,
		15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8,
		8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11,
	}
	ripemdConstL = [5]uint32{0, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e}
	ripemdConstR = [5]uint32{0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0}
)

func ripemd160(b []byte) (out [20]byte) {
	state := [5]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
	rest := b
	for ; len(rest) >= 64; rest = rest[64:] {
		ripemdBlock(&state, (*[64]byte)(rest))
	}
	var last [128]byte
	end := 64
	if n := copy(last[:], rest); n >= 56 {
		end = 128
	}
	last[len(rest)] = 0x80
	binary.LittleEndian.PutUint64(last[end-8:], uint64(len(b))*8)
	for i := 0; i < end; i += 64 {
		ripemdBlock(&state, (*[64]byte)(last[i:]))
	}
	for i, v := range state {
		binary.LittleEndian.PutUint32(out[4*i:], v)
	}
	return out
}

func ripemdBlock(state *[5]uint32, block *[64]byte) {
	var x [16]uint32
	for i := range x {
		x[i] = binary.LittleEndian.Uint32(block[4*i:])
	}
	al, bl, cl, dl, el := state[0], state[1], state[2], state[3], state[4]
	ar, br, cr, dr, er := al, bl, cl, dl, el
	for i := range 80 {
		round := i / 16
		t := al + ripemdMix(round, bl, cl, dl) + x[ripemdWordL[i]&15] + ripemdConstL[round]
		t = bits.RotateLeft32(t, int(ripemdRotL[i])) + el
		al, el, dl, cl, bl = el, dl, bits.RotateLeft32(cl, 10), bl, t

		t = ar + ripemdMix(4-round, br, cr, dr) + x[ripemdWordR[i]&15] + ripemdConstR[round]
		t = bits.RotateLeft32(t, int(ripemdRotR[i])) + er
		ar, er, dr, cr, br = er, dr, bits.RotateLeft32(cr, 10), br, t
	}
	state[0], state[1], state[2], state[3], state[4] =
		state[1]+cl+dr, state[2]+dl+er, state[3]+el+ar, state[4]+al+br, state[0]+bl+cr
}

func ripemdMix(f int, x, y, z uint32) uint32 {
	switch f {
	case 0:
		return x ^ y ^ z
	case 1:
		return x&y | ^x&z
	case 2:
		return (x | ^y) ^ z
	case 3:
		return x&z | y&^z
	}
	return x ^ (y | ^z)
}
