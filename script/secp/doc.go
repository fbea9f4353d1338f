// Package secp verifies and makes signatures over secp256k1: ECDSA as Bitcoin
// has always accepted it, and BIP340 Schnorr with BIP341 key tweaks.
//
// It owns the encodings that are part of consensus (lax DER, hybrid public
// keys, x-only keys) and the choice of engine: with cgo the point arithmetic is
// libsecp256k1, as packaged by go-ethereum; without it, decred's pure Go. Both
// give the same answer to every input, which the tests of this package show by
// running them side by side. It knows nothing of scripts, signature hashes or
// hash types: it sees keys, signatures and 32-byte hashes.
//
// Verification takes no heap memory beyond what the engine itself takes, keeps
// no reference to its arguments, and is safe for concurrent use.
//
// Signing exists for tests, forged chains and the RPC methods that are handed a
// key by the caller. It is deterministic, but its running time depends on the
// key: a node that holds long-lived secrets must not sign with it.
//
// Start with ecdsa.go and schnorr.go; engine_cgo.go and engine_purego.go are
// the two engines.
package secp
