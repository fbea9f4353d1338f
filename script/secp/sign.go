package secp

import (
	"encoding/binary"

	secp256k1 "github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// SignECDSA signs hash and returns strict DER with a low S, without hash type
// byte. The nonce is that of RFC 6979: the same key and hash give the same
// bytes in both builds, and the same as Core's CKey::Sign without grinding.
func SignECDSA(key *PrivateKey, hash *[32]byte) []byte {
	var compact [64]byte
	engineSignECDSA(key, hash, &compact)
	return appendDER(make([]byte, 0, 73), &compact)
}

// SignECDSALowR is SignECDSA, repeated with a counter as extra entropy until r
// has no padding byte, so that the signature is at most 70 bytes. It gives the
// bytes that Core's wallet and signrawtransactionwithkey give.
func SignECDSALowR(key *PrivateKey, hash *[32]byte) []byte {
	var compact [64]byte
	engineSignECDSA(key, hash, &compact)
	for counter := uint32(1); compact[0]&0x80 != 0; counter++ {
		pureSignECDSA(key, hash, counter, &compact)
	}
	return appendDER(make([]byte, 0, 72), &compact)
}

// pureSignECDSA signs with the RFC 6979 nonce, with 32 bytes of extra entropy
// that hold counter (little endian) unless it is zero.
func pureSignECDSA(key *PrivateKey, hash *[32]byte, counter uint32, compact *[64]byte) {
	var e secp256k1.ModNScalar
	e.SetBytes(hash)
	secret, msg := key.scalar.Bytes(), e.Bytes()
	var extra []byte
	if counter != 0 {
		extra = make([]byte, 32)
		binary.LittleEndian.PutUint32(extra, counter)
	}
	for iteration := uint32(0); ; iteration++ {
		k := secp256k1.NonceRFC6979(secret[:], msg[:], extra, nil, iteration)
		if signWithNonce(&key.scalar, &e, k, compact) {
			return
		}
	}
}

// signWithNonce computes r = x(k*G) mod n and s = (e + r*d) / k, and takes the
// lower of s and n-s. It is false in the case, never seen, that r or s is zero.
func signWithNonce(d, e, k *secp256k1.ModNScalar, compact *[64]byte) bool {
	var point secp256k1.JacobianPoint
	secp256k1.ScalarBaseMultNonConst(k, &point)
	point.ToAffine()
	var x [32]byte
	point.X.PutBytes(&x)
	var r, s, inverse secp256k1.ModNScalar
	r.SetBytes(&x)
	inverse.InverseValNonConst(k)
	s.Mul2(&r, d).Add(e).Mul(&inverse)
	if r.IsZero() || s.IsZero() {
		return false
	}
	if s.IsOverHalfOrder() {
		s.Negate()
	}
	r.PutBytesUnchecked(compact[:32])
	s.PutBytesUnchecked(compact[32:])
	return true
}

// SignSchnorr is the default signing of BIP340 with 32 bytes of auxiliary
// randomness; nil stands for zeroes.
func SignSchnorr(key *PrivateKey, hash *[32]byte, aux *[32]byte) [64]byte {
	return signSchnorr(key, hash[:], aux)
}

func signSchnorr(key *PrivateKey, msg []byte, aux *[32]byte) [64]byte {
	if aux == nil {
		aux = new([32]byte)
	}
	d := key.evenScalar()
	masked := d.Bytes()
	for i, b := range tagAux.Hash(aux[:]) {
		masked[i] ^= b
	}
	buf := make([]byte, 0, 192)
	buf = append(buf, masked[:]...)
	buf = append(buf, key.x[:]...)
	buf = append(buf, msg...)
	nonce := tagNonce.Hash(buf)

	var k, e secp256k1.ModNScalar
	k.SetBytes(&nonce)
	var point secp256k1.JacobianPoint
	secp256k1.ScalarBaseMultNonConst(&k, &point)
	rX, odd, _ := affineX(&point)
	if odd {
		k.Negate()
	}
	digest := challenge(&rX, &key.x, msg)
	e.SetBytes(&digest)
	e.Mul(d).Add(&k)
	var sig [64]byte
	copy(sig[:32], rX[:])
	e.PutBytesUnchecked(sig[32:])
	return sig
}
