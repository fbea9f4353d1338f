package secp

import (
	secp256k1 "github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// The pure Go forms of every check. Without cgo they are the engine; with it
// they are the slow path of the Schnorr check, and the other opinion in tests.

// pureVerifyECDSA verifies r and s, both already in [1, n-1].
func pureVerifyECDSA(pubKey []byte, compact *[64]byte, hash *[32]byte) bool {
	key, err := secp256k1.ParsePubKey(pubKey)
	if err != nil {
		return false
	}
	var r, s secp256k1.ModNScalar
	r.SetByteSlice(compact[:32])
	s.SetByteSlice(compact[32:])
	return ecdsa.NewSignature(&r, &s).Verify(hash[:], key)
}

// pureVerifySchnorr computes R = s*G - e*P and compares.
func pureVerifySchnorr(v *schnorrCheck) bool {
	var p, sG, eP, r secp256k1.JacobianPoint
	if !liftX(&v.pubX, &p) {
		return false
	}
	var minusE secp256k1.ModNScalar
	minusE.NegateVal(&v.e)
	secp256k1.ScalarBaseMultNonConst(&v.s, &sG)
	secp256k1.ScalarMultNonConst(&minusE, &p, &eP)
	secp256k1.AddNonConst(&sG, &eP, &r)
	x, odd, ok := affineX(&r)
	return ok && !odd && x == v.sigR
}

// pureTweakAdd computes Q = P + t*G and returns its x and the parity of its y.
func pureTweakAdd(internal, tweak *[32]byte) (x [32]byte, odd, ok bool) {
	var p, tG, q secp256k1.JacobianPoint
	var t secp256k1.ModNScalar
	if overflow := t.SetBytes(tweak); overflow != 0 {
		return x, false, false
	}
	if !liftX(internal, &p) {
		return x, false, false
	}
	secp256k1.ScalarBaseMultNonConst(&t, &tG)
	secp256k1.AddNonConst(&p, &tG, &q)
	return affineX(&q)
}

// liftX is lift_x of BIP340: the point with that x and an even y. It returns
// false when x is not below the field prime or not on the curve.
func liftX(x *[32]byte, p *secp256k1.JacobianPoint) bool {
	if overflow := p.X.SetBytes(x); overflow != 0 {
		return false
	}
	if !secp256k1.DecompressY(&p.X, false, &p.Y) {
		return false
	}
	p.Y.Normalize()
	p.Z.SetInt(1)
	return true
}

// affineX returns x and the parity of y; ok is false at infinity.
func affineX(p *secp256k1.JacobianPoint) (x [32]byte, odd, ok bool) {
	if p.Z.IsZero() || (p.X.IsZero() && p.Y.IsZero()) {
		return x, false, false
	}
	p.ToAffine()
	p.X.PutBytes(&x)
	return x, p.Y.IsOdd(), true
}
