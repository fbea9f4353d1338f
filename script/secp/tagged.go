package secp

import "crypto/sha256"

// Tag is the start of a BIP340 tagged hash: sha256(name) twice, 64 bytes, one
// block of SHA-256.
type Tag [64]byte

// The tags of BIP340 and BIP341.
var (
	tagChallenge = NewTag("BIP0340/challenge")
	tagAux       = NewTag("BIP0340/aux")
	tagNonce     = NewTag("BIP0340/nonce")
	tagTapTweak  = NewTag("TapTweak")
)

// NewTag prepares the tag of that name.
func NewTag(name string) Tag {
	var t Tag
	h := sha256.Sum256([]byte(name))
	copy(t[:32], h[:])
	copy(t[32:], h[:])
	return t
}

// Hash is the tagged hash of msg: sha256(sha256(name) || sha256(name) || msg).
// Messages of up to 192 bytes take no heap memory.
func (t *Tag) Hash(msg []byte) [32]byte {
	var buf [256]byte
	n := copy(buf[:], t[:])
	if len(msg) <= len(buf)-n {
		n += copy(buf[n:], msg)
		return sha256.Sum256(buf[:n])
	}
	h := sha256.New()
	h.Write(t[:])
	h.Write(msg)
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}
