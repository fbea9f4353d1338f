package secp

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/troupe-node/troupe/internal/testdata"
)

// signed is a key, in any encoding, and its signature of a hash.
type signed struct {
	schnorr  bool
	key, sig []byte
	hash     [32]byte
}

// makeSigned signs with the key and in the forms that the seed selects.
func makeSigned(t testing.TB, seed uint32) signed {
	key, hash := testKey(t, seed%64), sha256.Sum256(binary.LittleEndian.AppendUint32(nil, seed))
	if seed%2 == 0 {
		x, sig := key.XOnly(), SignSchnorr(key, &hash, &hash)
		return signed{true, x[:], sig[:], hash}
	}
	pub, full := key.PubKey(), key.PubKeyUncompressed()
	s := signed{false, pub[:], SignECDSA(key, &hash), hash}
	switch seed / 2 % 4 {
	case 0:
		s.key = full[:]
	case 1: // hybrid
		full[0] = 6 | full[64]&1
		s.key = full[:]
	case 2: // high S
		var c [64]byte
		parseLaxDER(s.sig, &c)
		negateS(&c)
		s.sig = appendDER(nil, &c)
	}
	return s
}

func negateS(c *[64]byte) {
	var v schnorrCheck
	v.s.SetByteSlice(c[32:])
	v.s.Negate().PutBytesUnchecked(c[32:])
}

// damage changes a little of one part, or exchanges it for another's.
func (s signed) damage(r *rand.Rand, other *signed) signed {
	s.key, s.sig = append([]byte(nil), s.key...), append([]byte(nil), s.sig...)
	part := [][]byte{s.key, s.sig, s.hash[:]}[r.IntN(3)]
	switch r.IntN(5) {
	case 0:
		s.key, s.schnorr = append([]byte(nil), other.key...), other.schnorr
	case 1:
		s.sig = append([]byte(nil), other.sig...)
	case 2: // a number near a bound
		copy(part[max(0, len(part)-32):], near(r))
	default:
		part[r.IntN(len(part))] ^= 1 << r.IntN(8)
	}
	return s
}

// near is a number of 32 bytes about zero, the group order or the field prime.
func near(r *rand.Rand) []byte {
	var v schnorrCheck
	v.s.SetInt(uint32(r.IntN(4)))
	b := v.s.Bytes()
	switch r.IntN(4) {
	case 0:
		b = v.s.Negate().Bytes()
	case 1:
		copy(b[:], order.FillBytes(make([]byte, 32)))
		b[31] += byte(r.IntN(5)) - 2
	case 2:
		for i := range b {
			b[i] = 0xff
		}
		b[27], b[30], b[31] = 0xfe, 0xfc, 0x2f+byte(r.IntN(5))-2
	}
	return b[:]
}

// TestEnginesGiveTheSameAnswer verifies signatures, half of them damaged, with this build's engine and in pure Go.
// Without cgo both are the same and only the outer checks are tested.
func TestEnginesGiveTheSameAnswer(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	pool := make([]signed, 512)
	for i := range pool {
		pool[i] = makeSigned(t, uint32(i))
	}
	want := testdata.Runs(t, 2000)
	good := 0
	for i := range want {
		s := pool[r.IntN(len(pool))]
		damaged := i%2 == 1
		if damaged {
			s = s.damage(r, &pool[r.IntN(len(pool))])
		}
		ok := false
		if s.schnorr {
			ok = bothSchnorr(t, s.key, s.sig, s.hash[:])
		} else {
			ok = bothECDSA(t, s.key, s.sig, &s.hash)
		}
		if ok {
			good++
		} else if !damaged {
			t.Fatalf("a good signature was refused: %+v", s)
		}
	}
	t.Logf("%s against pure Go: %d executions, %d verified", Engine, want, good)
}
