package secp

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"math/big"
	"os"
	"testing"

	secp256k1 "github.com/decred/dcrd/dcrec/secp256k1/v4"
	"pgregory.net/rapid"
)

// bothSchnorr asks the engine of this build and the pure Go one, and fails when
// they differ.
func bothSchnorr(t interface{ Fatalf(string, ...any) }, pub, sig, msg []byte) bool {
	got := verifySchnorr(pub, sig, msg)
	var v schnorrCheck
	pure := v.load(pub, sig, msg) && pureVerifySchnorr(&v)
	if got != pure {
		t.Fatalf("engine says %v, pure Go says %v: key %x, signature %x, message %x", got, pure, pub, sig, msg)
	}
	return got
}

// testdata/bip340.csv has the published vectors of BIP340
// (bips/bip-0340/test-vectors.csv).
func TestSchnorrMeetsEveryBIP340Vector(t *testing.T) {
	file, err := os.Open("testdata/bip340.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 20 {
		t.Fatalf("want a head and 19 vectors, have %d rows", len(rows))
	}
	for _, row := range rows[1:] {
		pub, msg, sig := unhex(t, row[2]), unhex(t, row[4]), unhex(t, row[5])
		want := row[6] == "TRUE"
		if got := bothSchnorr(t, pub, sig, msg); got != want {
			t.Errorf("vector %s (%s): %v", row[0], row[7], got)
		}
		if len(msg) == 32 && VerifySchnorr(pub, sig, (*[32]byte)(msg)) != want {
			t.Errorf("vector %s (%s): VerifySchnorr differs", row[0], row[7])
		}
		if row[1] == "" {
			continue
		}
		key, err := ParsePrivateKey(unhex(t, row[1]))
		if err != nil {
			t.Fatal(err)
		}
		if x := key.XOnly(); !bytes.Equal(x[:], pub) {
			t.Errorf("vector %s: public key %x", row[0], x)
		}
		aux := [32]byte(unhex(t, row[3]))
		if made := signSchnorr(key, msg, &aux); !bytes.Equal(made[:], sig) {
			t.Errorf("vector %s: signed %x", row[0], made)
		}
	}
}

func TestSchnorrRefusesWrongLengths(t *testing.T) {
	key, hash := testKey(t, 3), sha256.Sum256([]byte("lengths"))
	sig, pub := SignSchnorr(key, &hash, nil), key.XOnly()
	if !VerifySchnorr(pub[:], sig[:], &hash) {
		t.Fatal("own signature refused")
	}
	if VerifySchnorr(pub[:31], sig[:], &hash) || VerifySchnorr(pub[:], sig[:63], &hash) ||
		VerifySchnorr(append(pub[:], 0), sig[:], &hash) || VerifySchnorr(pub[:], append(sig[:], 1), &hash) {
		t.Error("a wrong length verified")
	}
}

// drawScalar prefers the edges of [0, n-1].
func drawScalar(t *rapid.T, name string) secp256k1.ModNScalar {
	var s secp256k1.ModNScalar
	switch rapid.IntRange(0, 5).Draw(t, name+" kind") {
	case 0:
		s.SetInt(rapid.Uint32Range(0, 3).Draw(t, name))
	case 1:
		s.SetInt(rapid.Uint32Range(0, 3).Draw(t, name)).Negate()
	default:
		s.SetByteSlice(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, name))
	}
	return s
}

// drawX gives an x that may be on the curve or not, and is at times in [n, p)
// or above p.
func drawX(t *rapid.T) (x [32]byte) {
	switch rapid.IntRange(0, 4).Draw(t, "x kind") {
	case 0:
		v := new(big.Int).Add(order, big.NewInt(rapid.Int64Range(-2, 40).Draw(t, "x")))
		v.FillBytes(x[:])
	case 1:
		big.NewInt(rapid.Int64Range(0, 12).Draw(t, "x")).FillBytes(x[:])
	case 2:
		p := secp256k1.Params().P
		new(big.Int).Add(p, big.NewInt(rapid.Int64Range(-12, 3).Draw(t, "x"))).FillBytes(x[:])
	default:
		x = sha256.Sum256(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "x"))
	}
	return x
}

// The identity itself: for any P, s and e the engine accepts exactly the x of
// R = s*G - e*P, and only when the y of R is even.
func TestSchnorrRecoveryComputesR(t *testing.T) {
	accepted, slow := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		v := schnorrCheck{pubX: drawX(t), s: drawScalar(t, "s"), e: drawScalar(t, "e")}
		var p, sG, eP, r secp256k1.JacobianPoint
		if liftX(&v.pubX, &p) {
			var minusE secp256k1.ModNScalar
			minusE.NegateVal(&v.e)
			secp256k1.ScalarBaseMultNonConst(&v.s, &sG)
			secp256k1.ScalarMultNonConst(&minusE, &p, &eP)
			secp256k1.AddNonConst(&sG, &eP, &r)
			x, odd, ok := affineX(&r)
			v.sigR = x
			if got := engineVerifySchnorr(&v); got != (ok && !odd) {
				t.Fatalf("x right, odd %v, infinite %v: engine says %v", odd, !ok, got)
			}
			if ok && !odd {
				accepted++
				if new(big.Int).SetBytes(v.pubX[:]).Cmp(order) >= 0 || v.e.IsZero() {
					slow++
				}
			}
			v.sigR[rapid.IntRange(0, 31).Draw(t, "at")] ^= 1
		}
		if engineVerifySchnorr(&v) || pureVerifySchnorr(&v) {
			t.Fatalf("accepted: x(P) %x, s %v, e %v, r %x", v.pubX, v.s, v.e, v.sigR)
		}
	})
	if accepted == 0 || slow == 0 {
		t.Errorf("%d accepted, %d of them on the slow path: the generators miss a case", accepted, slow)
	}
}

func TestSchnorrEnginesAgreeOnDamagedSignatures(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret")
		key, err := ParsePrivateKey(secret)
		if err != nil {
			return
		}
		hash := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		sig, pub := SignSchnorr(key, &hash, &hash), key.XOnly()
		if !bothSchnorr(t, pub[:], sig[:], hash[:]) {
			t.Fatalf("own signature refused")
		}
		part := rapid.SampledFrom([][]byte{sig[:], pub[:], hash[:]}).Draw(t, "part")
		i := rapid.IntRange(0, len(part)-1).Draw(t, "at")
		part[i] ^= rapid.ByteRange(1, 255).Draw(t, "xor")
		if bothSchnorr(t, pub[:], sig[:], hash[:]) {
			t.Fatalf("damaged signature verifies")
		}
	})
}

func FuzzVerifySchnorr(f *testing.F) {
	for i := uint32(0); i < 4; i++ {
		key, hash := testKey(f, i), sha256.Sum256([]byte{byte(i)})
		sig, pub := SignSchnorr(key, &hash, nil), key.XOnly()
		f.Add(pub[:], sig[:], hash[:])
	}
	f.Fuzz(func(t *testing.T, pub, sig, msg []byte) { bothSchnorr(t, pub, sig, msg) })
}

// FuzzSchnorrIdentity drives the engines below the hash, where signatures of
// unknown keys can be valid.
func FuzzSchnorrIdentity(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0x11}, 32), bytes.Repeat([]byte{2}, 32), bytes.Repeat([]byte{3}, 32))
	f.Fuzz(func(t *testing.T, x, s, e []byte) {
		var v schnorrCheck
		copy(v.pubX[:], x)
		v.s.SetByteSlice(s[:min(len(s), 32)])
		v.e.SetByteSlice(e[:min(len(e), 32)])
		var p, sG, eP, r secp256k1.JacobianPoint
		if liftX(&v.pubX, &p) {
			var minusE secp256k1.ModNScalar
			minusE.NegateVal(&v.e)
			secp256k1.ScalarBaseMultNonConst(&v.s, &sG)
			secp256k1.ScalarMultNonConst(&minusE, &p, &eP)
			secp256k1.AddNonConst(&sG, &eP, &r)
			v.sigR, _, _ = affineX(&r)
		}
		if got, pure := engineVerifySchnorr(&v), pureVerifySchnorr(&v); got != pure {
			t.Fatalf("engine %v, pure Go %v: x %x s %v e %v", got, pure, v.pubX, v.s, v.e)
		}
	})
}
