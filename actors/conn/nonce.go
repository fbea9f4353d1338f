package conn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// Nonces makes the nonces of our version messages, and knows them again: a
// connection that brings one of ours leads back to ourselves. Nothing has to be
// remembered, because the half of a nonce vouches for the other.
type Nonces struct{ key [32]byte }

// NewNonces takes a secret that lasts as long as the process.
func NewNonces(secret [32]byte) Nonces { return Nonces{secret} }

// New is the nonce for one connection.
func (n Nonces) New(id uint32) uint64 { return uint64(id)<<32 | uint64(n.sum(id)) }

// Ours tells whether the nonce is one of New's. A stranger's is taken for ours
// once in four billion.
func (n Nonces) Ours(nonce uint64) bool { return uint32(nonce) == n.sum(uint32(nonce>>32)) }

func (n Nonces) sum(id uint32) uint32 {
	mac := hmac.New(sha256.New, n.key[:])
	mac.Write(binary.LittleEndian.AppendUint32(nil, id))
	return binary.LittleEndian.Uint32(mac.Sum(nil))
}
