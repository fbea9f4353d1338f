package address

import (
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2/bech32"

	"github.com/troupe-node/troupe/script"
)

// ErrInvalid is what every refusal of an address answers to.
var ErrInvalid = errors.New("invalid address")

// Error says why a text is not an address of the chain. Its text is Core's, as
// validateaddress shows it.
type Error struct {
	Text      string
	Locations []int // places of likely typing errors, from 0; validateaddress shows them
}

func (e *Error) Error() string { return e.Text }

// Unwrap makes errors.Is(err, ErrInvalid) hold.
func (e *Error) Unwrap() error { return ErrInvalid }

func invalid(format string, args ...any) *Error {
	return &Error{Text: fmt.Sprintf(format, args...)}
}

// Decode returns the script that pays to an address of the chain (main, test,
// testnet4, signet or regtest). Refusals are of type *Error.
func Decode(s, chain string) ([]byte, error) {
	p, err := PrefixesOf(chain)
	if err != nil {
		return nil, err
	}
	// Core looks at the first characters only, so that a bech32 address of
	// another chain is reported as no address at all.
	if len(s) >= len(p.HRP) && strings.EqualFold(s[:len(p.HRP)], p.HRP) {
		return decodeSegwit(s, p.HRP)
	}
	return decodeLegacy(s, &p)
}

// decodeLegacy reads base58check: a prefix and a hash of 20 bytes.
func decodeLegacy(s string, p *Prefixes) ([]byte, error) {
	data, ok := decodeBase58Check(s, 21)
	if !ok {
		if _, is58 := decodeBase58(s, 100); is58 {
			return nil, invalid("Invalid checksum or length of Base58 address (P2PKH or P2SH)")
		}
		return nil, invalid("Invalid or unsupported Segwit (Bech32) or Base58 encoding.")
	}
	known := len(data) > 0 && (data[0] == p.PubKeyHash || data[0] == p.ScriptHash)
	switch {
	case len(data) == 21 && data[0] == p.PubKeyHash:
		return script.PayToPubKeyHash([20]byte(data[1:])), nil
	case len(data) == 21 && data[0] == p.ScriptHash:
		return script.PayToScriptHash([20]byte(data[1:])), nil
	case known:
		return nil, invalid("Invalid length for Base58 address (P2PKH or P2SH)")
	}
	return nil, invalid("Invalid or unsupported Base58-encoded address.")
}

// decodeSegwit reads bech32 for witness version 0 and bech32m for the others.
func decodeSegwit(s, hrp string) ([]byte, error) {
	gotHRP, data, encoding, err := bech32.DecodeGeneric(s)
	if err != nil {
		text, places := locateErrors(s)
		return nil, &Error{Text: text, Locations: places}
	}
	if len(data) == 0 {
		return nil, invalid("Empty Bech32 data section")
	}
	if gotHRP != hrp {
		return nil, invalid("Invalid or unsupported prefix for Segwit (Bech32) address (expected %s, got %s).", hrp, gotHRP)
	}
	version := data[0]
	if version == 0 && encoding != bech32.Version0 {
		return nil, invalid("Version 0 witness address must use Bech32 checksum")
	}
	if version != 0 && encoding != bech32.VersionM {
		return nil, invalid("Version 1+ witness address must use Bech32m checksum")
	}
	program, err := bech32.ConvertBits(data[1:], 5, 8, false)
	if err != nil {
		return nil, invalid("Invalid padding in Bech32 data section")
	}
	unit := "bytes"
	if len(program) == 1 {
		unit = "byte"
	}
	switch {
	case version == 0 && len(program) != 20 && len(program) != 32:
		return nil, invalid("Invalid Bech32 v0 address program size (%d %s), per BIP141", len(program), unit)
	case version > 16:
		return nil, invalid("Invalid Bech32 address witness version")
	case len(program) < 2 || len(program) > 40:
		return nil, invalid("Invalid Bech32 address program size (%d %s)", len(program), unit)
	}
	return script.PayToWitness(int(version), program), nil
}
