package address

import "github.com/btcsuite/btcd/address/v2/bech32"

// Opcodes that the standard scripts are made of.
const (
	opDup         = 0x76
	opEqual       = 0x87
	opEqualVerify = 0x88
	opHash160     = 0xa9
	opCheckSig    = 0xac
	op1           = 0x51
)

func payToPubKeyHash(hash []byte) []byte {
	s := append(make([]byte, 0, 25), opDup, opHash160, 20)
	return append(append(s, hash...), opEqualVerify, opCheckSig)
}

func payToScriptHash(hash []byte) []byte {
	s := append(make([]byte, 0, 23), opHash160, 20)
	return append(append(s, hash...), opEqual)
}

func payToWitness(version byte, program []byte) []byte {
	if version > 0 {
		version += op1 - 1
	}
	return append([]byte{version, byte(len(program))}, program...)
}

// Encode returns the address of a script on the chain. It is false for scripts
// that have none: bare keys and bare multisig, OP_RETURN, whatever else is not
// P2PKH, P2SH or a witness program that may be paid to.
func Encode(pkScript []byte, chain string) (string, bool) {
	p, err := PrefixesOf(chain)
	if err != nil {
		return "", false
	}
	s := pkScript
	switch {
	case len(s) == 25 && s[0] == opDup && s[1] == opHash160 && s[2] == 20 && s[23] == opEqualVerify && s[24] == opCheckSig:
		return encodeBase58Check(p.PubKeyHash, s[3:23]), true
	case len(s) == 23 && s[0] == opHash160 && s[1] == 20 && s[22] == opEqual:
		return encodeBase58Check(p.ScriptHash, s[2:22]), true
	}
	version, program, ok := witnessProgram(s)
	if !ok || version == 0 && len(program) != 20 && len(program) != 32 {
		return "", false
	}
	return encodeSegwit(p.HRP, version, program)
}

// witnessProgram splits a script that is one (BIP141).
func witnessProgram(s []byte) (version byte, program []byte, ok bool) {
	if len(s) < 4 || len(s) > 42 || int(s[1]) != len(s)-2 {
		return 0, nil, false
	}
	switch {
	case s[0] == 0:
		return 0, s[2:], true
	case s[0] >= op1 && s[0] < op1+16:
		return s[0] - op1 + 1, s[2:], true
	}
	return 0, nil, false
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
