package tx

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// HashSize is the length of a Hash in bytes.
const HashSize = 32

// Hash is a double SHA-256 in the byte order of the wire. People read and
// write it reversed: see [Hash.String] and [ParseHash].
type Hash [HashSize]byte

// String returns the reversed hexadecimal form that everybody prints.
func (h Hash) String() string {
	for i, j := 0, HashSize-1; i < j; i, j = i+1, j-1 {
		h[i], h[j] = h[j], h[i]
	}
	return hex.EncodeToString(h[:])
}

// IsZero tells whether all bytes are zero, as in the previous hash of a
// genesis block.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText writes the hash as people read it, for JSON and logs.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *Hash) UnmarshalText(text []byte) error {
	parsed, err := ParseHash(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

// ParseHash reads the 64 hexadecimal digits that [Hash.String] writes.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != 2*HashSize {
		return Hash{}, fmt.Errorf("hash %.80q has %d characters, want %d hexadecimal digits", s, len(s), 2*HashSize)
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, fmt.Errorf("hash %q is not hexadecimal: %w", s, err)
	}
	for i, j := 0, HashSize-1; i < j; i, j = i+1, j-1 {
		h[i], h[j] = h[j], h[i]
	}
	return h, nil
}

// MustHash is ParseHash for constants; it panics when s is not a hash.
func MustHash(s string) Hash {
	h, err := ParseHash(s)
	if err != nil {
		panic(err)
	}
	return h
}

// DoubleSHA256 is SHA-256 applied twice, the hash of transactions and blocks.
func DoubleSHA256(b []byte) Hash {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}
