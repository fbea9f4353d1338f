//go:build !cgo

package secp

// Engine names the point arithmetic of this build, for logs and benchmarks.
const Engine = "decred secp256k1 (pure Go)"

func engineVerifyECDSA(pubKey []byte, compact *[64]byte, hash *[32]byte) bool {
	return pureVerifyECDSA(pubKey, compact, hash)
}

func engineVerifySchnorr(v *schnorrCheck) bool { return pureVerifySchnorr(v) }

func engineTweakAdd(internal, tweak *[32]byte) (x [32]byte, odd, ok bool) {
	return pureTweakAdd(internal, tweak)
}

func engineSignECDSA(key *PrivateKey, hash *[32]byte, compact *[64]byte) {
	pureSignECDSA(key, hash, 0, compact)
}
