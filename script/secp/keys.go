package secp

import (
	"errors"

	secp256k1 "github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// Errors of key parsing.
var (
	ErrPrivateKeyLength = errors.New("private key must be 32 bytes")
	ErrPrivateKeyRange  = errors.New("private key is zero or not below the order of secp256k1")
	ErrPublicKey        = errors.New("public key is not a point of secp256k1 in a known encoding")
)

// PrivateKey is a secret in [1, n-1] with its public key. It is immutable and
// safe for concurrent use.
type PrivateKey struct {
	scalar secp256k1.ModNScalar
	x, y   [32]byte
}

// ParsePrivateKey reads 32 bytes, big endian.
func ParsePrivateKey(b []byte) (*PrivateKey, error) {
	if len(b) != 32 {
		return nil, ErrPrivateKeyLength
	}
	k := new(PrivateKey)
	if overflow := k.scalar.SetByteSlice(b); overflow || k.scalar.IsZero() {
		return nil, ErrPrivateKeyRange
	}
	k.derive()
	return k, nil
}

func (k *PrivateKey) derive() {
	var p secp256k1.JacobianPoint
	secp256k1.ScalarBaseMultNonConst(&k.scalar, &p)
	p.ToAffine()
	p.X.PutBytes(&k.x)
	p.Y.PutBytes(&k.y)
}

// Bytes is the secret, 32 bytes, big endian.
func (k *PrivateKey) Bytes() [32]byte { return k.scalar.Bytes() }

// PubKey is the compressed public key.
func (k *PrivateKey) PubKey() [33]byte {
	var b [33]byte
	b[0] = 2 | k.y[31]&1
	copy(b[1:], k.x[:])
	return b
}

// PubKeyUncompressed is the public key as first byte 4, x and y.
func (k *PrivateKey) PubKeyUncompressed() [65]byte {
	var b [65]byte
	b[0] = 4
	copy(b[1:], k.x[:])
	copy(b[33:], k.y[:])
	return b
}

// XOnly is the BIP340 public key.
func (k *PrivateKey) XOnly() [32]byte { return k.x }

// TapTweaked is the key that spends a taproot output of this internal key and
// merkle root (empty: none) by its key path (taproot_tweak_seckey of BIP341).
func (k *PrivateKey) TapTweaked(merkleRoot []byte) (*PrivateKey, error) {
	tweak := TapTweakHash(&k.x, merkleRoot)
	var t secp256k1.ModNScalar
	if overflow := t.SetBytes(&tweak); overflow != 0 {
		return nil, ErrPrivateKeyRange
	}
	out := new(PrivateKey)
	out.scalar.Set(k.evenScalar()).Add(&t)
	if out.scalar.IsZero() {
		return nil, ErrPrivateKeyRange
	}
	out.derive()
	return out, nil
}

// evenScalar is the secret or its negation, whichever has a public key with an
// even y: the secret of the x-only key.
func (k *PrivateKey) evenScalar() *secp256k1.ModNScalar {
	s := k.scalar
	if k.y[31]&1 == 1 {
		s.Negate()
	}
	return &s
}

// CheckPubKey reports whether b is a public key that verification accepts:
// compressed, uncompressed or hybrid, and on the curve (CPubKey::IsFullyValid).
func CheckPubKey(b []byte) bool {
	_, err := secp256k1.ParsePubKey(b)
	return err == nil
}

// CheckXOnly reports whether b is the x of a point (XOnlyPubKey::IsFullyValid).
func CheckXOnly(b []byte) bool {
	if len(b) != 32 {
		return false
	}
	var p secp256k1.JacobianPoint
	return liftX((*[32]byte)(b), &p)
}

// CompressPubKey converts any public key that verification accepts to its
// compressed form.
func CompressPubKey(b []byte) ([33]byte, error) {
	key, err := secp256k1.ParsePubKey(b)
	if err != nil {
		return [33]byte{}, ErrPublicKey
	}
	return [33]byte(key.SerializeCompressed()), nil
}
