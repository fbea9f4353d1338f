package secp

import (
	secp256k1 "github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// VerifySchnorr reports whether sig (64 bytes) is a BIP340 signature of hash
// by the x-only key pubKey (32 bytes). Any input is allowed; lengths that are
// wrong do not verify.
func VerifySchnorr(pubKey, sig []byte, hash *[32]byte) bool {
	return verifySchnorr(pubKey, sig, hash[:])
}

func verifySchnorr(pubKey, sig, msg []byte) bool {
	var v schnorrCheck
	return v.load(pubKey, sig, msg) && engineVerifySchnorr(&v)
}

// schnorrCheck is a BIP340 verification after its encodings were checked:
// R = s*G - e*P must have even y and the x of the signature.
type schnorrCheck struct {
	pubX [32]byte // x(P)
	sigR [32]byte // x the signature claims for R, compared byte for byte
	s, e secp256k1.ModNScalar
}

// load reads the three parts and computes the challenge e. It returns false for
// lengths that are wrong and for s >= n, which BIP340 refuses. That x(P) is on
// the curve is the engine's to check. An r >= p needs no check of its own: the
// x of a point is always below p.
func (v *schnorrCheck) load(pubKey, sig, msg []byte) bool {
	if len(pubKey) != 32 || len(sig) != 64 {
		return false
	}
	if overflow := v.s.SetByteSlice(sig[32:]); overflow {
		return false
	}
	copy(v.pubX[:], pubKey)
	copy(v.sigR[:], sig[:32])
	digest := challenge(&v.sigR, &v.pubX, msg)
	// e is reduced modulo n, as BIP340 says.
	v.e.SetBytes(&digest)
	return true
}

// challenge is the tagged hash of r, the public key and the message.
func challenge(r, pubX *[32]byte, msg []byte) [32]byte {
	if len(msg) == 32 {
		var buf [96]byte
		copy(buf[:], r[:])
		copy(buf[32:], pubX[:])
		copy(buf[64:], msg)
		return tagChallenge.Hash(buf[:])
	}
	buf := make([]byte, 0, 64+len(msg))
	buf = append(buf, r[:]...)
	buf = append(buf, pubX[:]...)
	buf = append(buf, msg...)
	return tagChallenge.Hash(buf)
}
