package address

import (
	"github.com/btcsuite/btcd/address/v2/bech32"

	"github.com/troupe-node/troupe/script"
)

// Encode returns the address of a script on the chain. It is false for scripts
// that have none: bare keys and bare multisig, OP_RETURN, whatever else is not
// P2PKH, P2SH or a witness program that may be paid to.
func Encode(pkScript []byte, chain string) (string, bool) {
	p, err := PrefixesOf(chain)
	if err != nil {
		return "", false
	}
	switch {
	case script.IsPayToPubKeyHash(pkScript):
		return encodeBase58Check(p.PubKeyHash, pkScript[3:23]), true
	case script.IsPayToScriptHash(pkScript):
		return encodeBase58Check(p.ScriptHash, pkScript[2:22]), true
	}
	version, program, ok := script.IsWitnessProgram(pkScript)
	if !ok || version == 0 && len(program) != 20 && len(program) != 32 {
		return "", false
	}
	return encodeSegwit(p.HRP, byte(version), program)
}

func encodeSegwit(hrp string, version byte, program []byte) (string, bool) {
	groups, err := bech32.ConvertBits(program, 8, 5, true)
	if err != nil {
		return "", false
	}
	data := append([]byte{version}, groups...)
	encode := bech32.EncodeM
	if version == 0 {
		encode = bech32.Encode
	}
	s, err := encode(hrp, data)
	return s, err == nil
}
