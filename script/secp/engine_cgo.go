//go:build cgo

package secp

import (
	"sync"

	"github.com/ethereum/go-ethereum/crypto/secp256k1"

	decred "github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// Engine names the point arithmetic of this build, for logs and benchmarks.
const Engine = "libsecp256k1 (cgo)"

// scratch holds the arguments of one call into C. Go takes whatever is passed
// to C for escaping to the heap; a pooled copy keeps the callers' arrays on
// their stacks.
type scratch struct {
	key  [65]byte
	sig  [65]byte
	hash [32]byte
}

var scratchPool = sync.Pool{New: func() any { return new(scratch) }}

func engineVerifyECDSA(pubKey []byte, compact *[64]byte, hash *[32]byte) bool {
	b := scratchPool.Get().(*scratch)
	key := b.key[:copy(b.key[:], pubKey)]
	copy(b.sig[:64], compact[:])
	b.hash = *hash
	ok := secp256k1.VerifySignature(key, b.hash[:], b.sig[:64])
	scratchPool.Put(b)
	return ok
}

// engineVerifySchnorr uses a public-key recovery to compute R = s*G - e*P,
// because the C library is packaged without its Schnorr module.
//
// Recovery of (r', s') over the message z' with recovery id 0 takes the point X
// that has x = r' and an even y, and returns (s'/r')*X - (z'/r')*G. With
// r' = x(P), X is lift_x(P); with s' = -e*r' and z' = -s*r' the result is
// -e*P + s*G, which is R.
//
// The recovery wants r' and s' in [1, n-1]. An x(P) >= n (probability 2^-128)
// or e = 0 takes the pure Go path. Every other failure to recover is final: x(P) not on
// the curve, or R at infinity, both of which BIP340 refuses.
func engineVerifySchnorr(v *schnorrCheck) bool {
	var r, s, z decred.ModNScalar
	if overflow := r.SetBytes(&v.pubX); overflow != 0 || r.IsZero() || v.e.IsZero() {
		return pureVerifySchnorr(v)
	}
	s.Mul2(&v.e, &r).Negate()
	z.Mul2(&v.s, &r).Negate()
	x, odd, ok := recoverPoint(&v.pubX, &s, &z)
	return ok && !odd && x == v.sigR
}

// engineTweakAdd computes P + t*G by the same identity: s' = r' leaves P as
// it is, and z' = -t*r' adds t*G.
func engineTweakAdd(internal, tweak *[32]byte) (x [32]byte, odd, ok bool) {
	var r, t decred.ModNScalar
	if overflow := t.SetBytes(tweak); overflow != 0 {
		return x, false, false
	}
	if overflow := r.SetBytes(internal); overflow != 0 || r.IsZero() {
		return pureTweakAdd(internal, tweak)
	}
	t.Mul(&r).Negate()
	return recoverPoint(internal, &r, &t)
}

// recoverPoint recovers from (r, s) over z with recovery id 0.
func recoverPoint(r *[32]byte, s, z *decred.ModNScalar) (x [32]byte, odd, ok bool) {
	b := scratchPool.Get().(*scratch)
	copy(b.sig[:32], r[:])
	s.PutBytesUnchecked(b.sig[32:64])
	b.sig[64] = 0
	z.PutBytes(&b.hash)
	point, err := secp256k1.RecoverPubkey(b.hash[:], b.sig[:])
	scratchPool.Put(b)
	if err != nil {
		return x, false, false
	}
	copy(x[:], point[1:33])
	return x, point[64]&1 == 1, true
}

func engineSignECDSA(key *PrivateKey, hash *[32]byte, compact *[64]byte) {
	b := scratchPool.Get().(*scratch)
	key.scalar.PutBytesUnchecked(b.key[:32])
	b.hash = *hash
	sig, err := secp256k1.Sign(b.hash[:], b.key[:32])
	clear(b.key[:])
	scratchPool.Put(b)
	if err != nil {
		// The library refuses only keys outside [1, n-1], which
		// ParsePrivateKey does not let through.
		pureSignECDSA(key, hash, 0, compact)
		return
	}
	copy(compact[:], sig[:64])
}
