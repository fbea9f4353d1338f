package secp

// TapTweakHash is the tweak of BIP341 for an internal key and a merkle root;
// the root is empty for an output that only its key can spend.
func TapTweakHash(internal *[32]byte, merkleRoot []byte) [32]byte {
	var buf [64]byte
	copy(buf[:], internal[:])
	n := 32 + copy(buf[32:], merkleRoot)
	return tagTapTweak.Hash(buf[:n])
}

// TapTweak returns the output key of an internal key and a merkle root (empty:
// none), and whether its y is odd, which the control block records. It is false
// for a key that is not on the curve.
func TapTweak(internal *[32]byte, merkleRoot []byte) (output [32]byte, odd, ok bool) {
	tweak := TapTweakHash(internal, merkleRoot)
	return engineTweakAdd(internal, &tweak)
}

// CheckTapTweak reports whether output is the key of internal tweaked with
// merkleRoot, with the parity that the control block claims
// (XOnlyPubKey::CheckTapTweak of Core). Slices that are not 32 bytes are refused.
func CheckTapTweak(output, internal, merkleRoot []byte, odd bool) bool {
	if len(output) != 32 || len(internal) != 32 || len(merkleRoot) != 32 {
		return false
	}
	var key [32]byte
	copy(key[:], internal)
	x, isOdd, ok := TapTweak(&key, merkleRoot)
	return ok && isOdd == odd && x == [32]byte(output)
}
