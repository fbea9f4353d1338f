package address

import (
	"errors"

	"github.com/troupe-node/troupe/script/secp"
)

// ErrInvalidKey is the refusal of a private key.
//
//lint:ignore ST1005 These are the words of Core's RPC, which clients look for.
var ErrInvalidKey = errors.New("Invalid private key")

// DecodeWIF reads a private key of the chain and whether its public key is
// meant to be compressed.
func DecodeWIF(s, chain string) (key *secp.PrivateKey, compressed bool, err error) {
	p, err := PrefixesOf(chain)
	if err != nil {
		return nil, false, err
	}
	data, ok := decodeBase58Check(s, 34)
	if !ok || len(data) == 0 || data[0] != p.SecretKey {
		return nil, false, ErrInvalidKey
	}
	compressed = len(data) == 34 && data[33] == 1
	if !compressed && len(data) != 33 {
		return nil, false, ErrInvalidKey
	}
	key, err = secp.ParsePrivateKey(data[1:33])
	if err != nil {
		return nil, false, ErrInvalidKey
	}
	return key, compressed, nil
}

// EncodeWIF writes a private key for the chain.
func EncodeWIF(key *secp.PrivateKey, compressed bool, chain string) (string, error) {
	p, err := PrefixesOf(chain)
	if err != nil {
		return "", err
	}
	secret := key.Bytes()
	if compressed {
		return encodeBase58Check(p.SecretKey, secret[:], []byte{1}), nil
	}
	return encodeBase58Check(p.SecretKey, secret[:]), nil
}
