package secp

import (
	secp256k1 "github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// CompactSize is the length of a signature from which the key can be recovered.
const CompactSize = 65

// SignCompact signs hash so that the public key can be recovered from the
// signature: a byte that chooses the key and says whether it is compressed, then
// r and s. The bytes are those of Core's CKey::SignCompact.
func SignCompact(key *PrivateKey, hash *[32]byte, compressed bool) []byte {
	return ecdsa.SignCompact(secp256k1.NewPrivateKey(&key.scalar), hash[:], compressed)
}

// RecoverCompact is the public key that signed hash, in the form that the
// signature says.
func RecoverCompact(sig []byte, hash *[32]byte) (pubKey []byte, ok bool) {
	key, compressed, err := ecdsa.RecoverCompact(sig, hash[:])
	if err != nil {
		return nil, false
	}
	if compressed {
		return key.SerializeCompressed(), true
	}
	return key.SerializeUncompressed(), true
}
