package secp

import (
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"testing"

	secp256k1 "github.com/decred/dcrd/dcrec/secp256k1/v4"
	"pgregory.net/rapid"
)

// order is n, the order of the group.
var order = secp256k1.Params().N

func testKey(t testing.TB, i uint32) *PrivateKey {
	t.Helper()
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], i)
	h := sha256.Sum256(b[:])
	k, err := ParsePrivateKey(h[:])
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// bothECDSA asks the engine of this build and the pure Go one, and fails when
// they differ.
func bothECDSA(t interface{ Fatalf(string, ...any) }, pub, sig []byte, hash *[32]byte) bool {
	got := VerifyECDSA(pub, sig, hash)
	var compact [64]byte
	pure := (len(pub) == 33 || len(pub) == 65) && parseLaxDER(sig, &compact) &&
		normalizeS(&compact) && pureVerifyECDSA(pub, &compact, hash)
	if got != pure {
		t.Fatalf("engine says %v, pure Go says %v: key %x, signature %x, hash %x", got, pure, pub, sig, hash)
	}
	return got
}

func TestECDSAVerifiesInEveryKeyEncoding(t *testing.T) {
	for i := uint32(0); i < 20; i++ {
		key, hash := testKey(t, i), sha256.Sum256([]byte{byte(i)})
		sig := SignECDSA(key, &hash)
		compressed, full := key.PubKey(), key.PubKeyUncompressed()
		parity := full[64] & 1
		hybrid, wrongHybrid := full, full
		hybrid[0], wrongHybrid[0] = 6|parity, 6|parity^1
		wrongY := compressed
		wrongY[0] ^= 1
		offCurve := full
		offCurve[64] ^= 1
		rows := []struct {
			what string
			key  []byte
			want bool
		}{
			{"compressed", compressed[:], true},
			{"uncompressed", full[:], true},
			{"hybrid", hybrid[:], true},
			{"hybrid of the wrong parity", wrongHybrid[:], false},
			{"compressed of the wrong parity", wrongY[:], false},
			{"uncompressed off the curve", offCurve[:], false},
			{"empty", nil, false},
			{"32 bytes", compressed[:32], false},
			{"34 bytes", append(compressed[:33:33], 0), false},
			{"64 bytes", full[:64], false},
			{"66 bytes", append(full[:65:65], 0), false},
			{"65 bytes that say compressed", append(compressed[:33:33], full[33:]...), false},
			{"33 bytes that say uncompressed", full[:33], false},
		}
		for _, row := range rows {
			if got := bothECDSA(t, row.key, sig, &hash); got != row.want {
				t.Errorf("key %d, %s: %v", i, row.what, got)
			}
		}
	}
}

func TestECDSARefusesNumbersOutOfRangeAndTakesHighS(t *testing.T) {
	key, hash := testKey(t, 7), sha256.Sum256([]byte("range"))
	pub := key.PubKey()
	var c [64]byte
	if !parseLaxDER(SignECDSA(key, &hash), &c) {
		t.Fatal("own signature does not parse")
	}
	r, s := new(big.Int).SetBytes(c[:32]), new(big.Int).SetBytes(c[32:])
	n := order
	highS := new(big.Int).Sub(n, s)
	// Raw integers, which may be longer than 32 bytes.
	encode := func(r, s *big.Int) []byte {
		out := []byte{0x30, 0x00}
		for _, v := range []*big.Int{r, s} {
			out = append(out, 0x02, byte(len(v.Bytes())))
			out = append(out, v.Bytes()...)
		}
		return out
	}
	zero := new(big.Int)
	rows := []struct {
		what      string
		r, s      *big.Int
		want, low bool
	}{
		{"low S", r, s, true, true},
		{"high S", r, highS, true, false},
		{"r zero", zero, s, false, true},
		{"s zero", r, zero, false, true},
		{"r plus n", new(big.Int).Add(r, n), s, false, true},
		{"s plus n", r, new(big.Int).Add(s, n), false, true},
		{"r is n", n, s, false, true},
		{"s is n", r, n, false, true},
		{"s is n/2 rounded down", r, new(big.Int).Rsh(n, 1), false, true},
		{"s is n/2 rounded up", r, new(big.Int).Add(new(big.Int).Rsh(n, 1), big.NewInt(1)), false, false},
		{"r and s exchanged", s, r, false, r.Cmp(new(big.Int).Rsh(n, 1)) <= 0},
	}
	for _, row := range rows {
		sig := encode(row.r, row.s)
		if got := bothECDSA(t, pub[:], sig, &hash); got != row.want {
			t.Errorf("%s: verify says %v", row.what, got)
		}
		if got := IsLowS(sig); got != row.low {
			t.Errorf("%s: IsLowS says %v", row.what, got)
		}
	}
	if IsLowS(nil) || IsLowS([]byte{0x30, 0x01}) {
		t.Error("a signature that does not parse is not low")
	}
}

// r is x(R) mod n. An x(R) in [n, p) exists but nobody finds one by chance, so
// this takes R with such an x, and the key for which r = x - n is valid:
// Q = (s*R - e*G)/r.
func TestECDSATakesRWhoseXWasReduced(t *testing.T) {
	var x [32]byte
	var point secp256k1.JacobianPoint
	for v := new(big.Int).Add(order, big.NewInt(1)); ; v.Add(v, big.NewInt(1)) {
		v.FillBytes(x[:])
		if liftX(&x, &point) {
			break
		}
	}
	hash := sha256.Sum256([]byte("reduced"))
	var r, s, e, inverse secp256k1.ModNScalar
	r.SetBytes(&x) // reduces
	s.SetInt(12345)
	e.SetBytes(&hash)
	inverse.InverseValNonConst(&r)
	var sR, eG, sum, q secp256k1.JacobianPoint
	secp256k1.ScalarMultNonConst(&s, &point, &sR)
	secp256k1.ScalarBaseMultNonConst(e.Negate(), &eG)
	secp256k1.AddNonConst(&sR, &eG, &sum)
	secp256k1.ScalarMultNonConst(&inverse, &sum, &q)
	q.ToAffine()
	pub := secp256k1.NewPublicKey(&q.X, &q.Y).SerializeCompressed()
	var c [64]byte
	r.PutBytesUnchecked(c[:32])
	s.PutBytesUnchecked(c[32:])
	if !bothECDSA(t, pub, appendDER(nil, &c), &hash) {
		t.Fatal("valid signature refused")
	}
}

func TestECDSAEnginesAgreeOnDamagedSignatures(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret")
		key, err := ParsePrivateKey(secret)
		if err != nil {
			return
		}
		hash := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		sig, pub := SignECDSA(key, &hash), key.PubKey()
		if !bothECDSA(t, pub[:], sig, &hash) {
			t.Fatalf("own signature refused")
		}
		part := rapid.SampledFrom([][]byte{sig, pub[:], hash[:]}).Draw(t, "part")
		i := rapid.IntRange(0, len(part)-1).Draw(t, "at")
		part[i] ^= rapid.ByteRange(1, 255).Draw(t, "xor")
		bothECDSA(t, pub[:], sig, &hash)
	})
}

func FuzzVerifyECDSA(f *testing.F) {
	for i := uint32(0); i < 4; i++ {
		key, hash := testKey(f, i), sha256.Sum256([]byte{byte(i)})
		pub, full := key.PubKey(), key.PubKeyUncompressed()
		f.Add(pub[:], SignECDSA(key, &hash), hash[:])
		full[0] = 6 | full[64]&1
		f.Add(full[:], SignECDSALowR(key, &hash), hash[:])
	}
	f.Fuzz(func(t *testing.T, pub, sig, msg []byte) {
		hash := sha256.Sum256(msg)
		if len(msg) == 32 {
			hash = [32]byte(msg)
		}
		bothECDSA(t, pub, sig, &hash)
	})
}
