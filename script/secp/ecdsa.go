package secp

import (
	secp256k1 "github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// VerifyECDSA reports whether sig, without its hash type byte, is a signature
// of hash by pubKey. It is CPubKey::Verify of Core: the signature is read as
// lax DER, a high S is as good as a low one, and a key may be compressed,
// uncompressed or hybrid (first byte 6 or 7, whose parity must then be that of
// y). Any input is allowed; whatever does not parse does not verify.
func VerifyECDSA(pubKey, sig []byte, hash *[32]byte) bool {
	if len(pubKey) != 33 && len(pubKey) != 65 {
		return false
	}
	var compact [64]byte
	if !parseLaxDER(sig, &compact) {
		return false
	}
	if !normalizeS(&compact) {
		return false
	}
	return engineVerifyECDSA(known.full(pubKey), &compact, hash)
}

// normalizeS replaces s by n-s where that is lower, because libsecp256k1
// verifies only the lower form. It returns false for a signature that cannot be
// valid: r or s is zero or not below the group order.
func normalizeS(compact *[64]byte) bool {
	var r, s secp256k1.ModNScalar
	overflow := r.SetByteSlice(compact[:32])
	if overflow || r.IsZero() {
		return false
	}
	overflow = s.SetByteSlice(compact[32:])
	if overflow || s.IsZero() {
		return false
	}
	if s.IsOverHalfOrder() {
		s.Negate()
		s.PutBytesUnchecked(compact[32:])
	}
	return true
}

// IsLowS reports whether sig, without its hash type byte, has an S of at most
// half the group order: CPubKey::CheckLowS of Core, for SCRIPT_VERIFY_LOW_S.
// Signatures that lax DER cannot read are not low. One whose r or s overflows
// is: Core reads it as zero.
func IsLowS(sig []byte) bool {
	var compact [64]byte
	if !parseLaxDER(sig, &compact) {
		return false
	}
	var r, s secp256k1.ModNScalar
	rOverflow := r.SetByteSlice(compact[:32])
	sOverflow := s.SetByteSlice(compact[32:])
	return rOverflow || sOverflow || !s.IsOverHalfOrder()
}
