package script

// Class is the shape of an output script (Core's TxoutType).
type Class uint8

// The shapes Core's Solver knows.
const (
	NonStandard Class = iota
	PubKey
	PubKeyHash
	ScriptHash
	MultiSig
	NullData
	Anchor
	WitnessV0KeyHash
	WitnessV0ScriptHash
	WitnessV1Taproot
	WitnessUnknown
)

var classNames = [...]string{
	"nonstandard", "pubkey", "pubkeyhash", "scripthash", "multisig", "nulldata", "anchor", "witness_v0_keyhash",
	"witness_v0_scripthash", "witness_v1_taproot", "witness_unknown",
}

// String is the name Core's RPC shows as an output's type.
func (c Class) String() string {
	if int(c) >= len(classNames) {
		c = NonStandard
	}
	return classNames[c]
}

// anchorProgram is the program of pay-to-anchor, OP_1 <4e73>: spendable by anyone without a witness.
var anchorProgram = []byte{0x4e, 0x73}

// IsPayToScriptHash reports HASH160 <20 bytes> EQUAL, the only form BIP16 knows.
func IsPayToScriptHash(s []byte) bool {
	return len(s) == 23 && s[0] == OP_HASH160 && s[1] == 20 && s[22] == OP_EQUAL
}

// IsPayToPubKeyHash reports DUP HASH160 <20 bytes> EQUALVERIFY CHECKSIG.
func IsPayToPubKeyHash(s []byte) bool {
	return len(s) == 25 && s[0] == OP_DUP && s[1] == OP_HASH160 && s[2] == 20 && s[23] == OP_EQUALVERIFY &&
		s[24] == OP_CHECKSIG
}

// IsPayToAnchor reports OP_1 <4e73>.
func IsPayToAnchor(s []byte) bool {
	return len(s) == 4 && s[0] == OP_1 && s[1] == 2 && s[2] == anchorProgram[0] && s[3] == anchorProgram[1]
}

// IsWitnessProgram splits a version opcode followed by one direct push of 2 to 40 bytes (BIP141).
func IsWitnessProgram(s []byte) (version int, program []byte, ok bool) {
	if len(s) < 4 || len(s) > 42 || int(s[1]) != len(s)-2 {
		return 0, nil, false
	}
	switch {
	case s[0] == OP_0:
		return 0, s[2:], true
	case s[0] >= OP_1 && s[0] <= OP_16:
		return int(s[0]) - OP_1 + 1, s[2:], true
	}
	return 0, nil, false
}

// Classify names an output script's shape and extracts what it commits to (Core's Solver): the key, the hash or
// program, for MultiSig the number of signatures, the keys and the number of keys, for WitnessUnknown version and
// program. The parts alias the script.
func Classify(pkScript []byte) (Class, [][]byte) {
	if IsPayToScriptHash(pkScript) {
		return ScriptHash, [][]byte{pkScript[2:22]}
	}
	if version, program, ok := IsWitnessProgram(pkScript); ok {
		return classifyProgram(version, program)
	}
	// Spendable or not, what follows OP_RETURN must be pushes.
	if len(pkScript) > 0 && pkScript[0] == OP_RETURN && IsPushOnly(pkScript[1:]) {
		return NullData, nil
	}
	if n := len(pkScript); (n == 67 || n == 35) && int(pkScript[0]) == n-2 && pkScript[n-1] == OP_CHECKSIG {
		if key := pkScript[1 : n-1]; isPubKeySize(key) {
			return PubKey, [][]byte{key}
		}
	}
	if IsPayToPubKeyHash(pkScript) {
		return PubKeyHash, [][]byte{pkScript[3:23]}
	}
	if parts, ok := matchMultiSigScript(pkScript); ok {
		return MultiSig, parts
	}
	return NonStandard, nil
}

func classifyProgram(version int, program []byte) (Class, [][]byte) {
	switch {
	case version == 0 && len(program) == 20:
		return WitnessV0KeyHash, [][]byte{program}
	case version == 0 && len(program) == 32:
		return WitnessV0ScriptHash, [][]byte{program}
	case version == 0:
		return NonStandard, nil
	case version == 1 && len(program) == 32:
		return WitnessV1Taproot, [][]byte{program}
	case version == 1 && string(program) == string(anchorProgram):
		return Anchor, nil
	}
	return WitnessUnknown, [][]byte{{byte(version)}, program}
}

// matchMultiSigScript matches m <keys...> n CHECKMULTISIG with 1 <= m <= n <= 20, numbers written in any minimal way
// and keys in any push.
func matchMultiSigScript(s []byte) (parts [][]byte, ok bool) {
	if len(s) == 0 || s[len(s)-1] != OP_CHECKMULTISIG {
		return nil, false
	}
	op, data, pc, ok := readOp(s, 0)
	if !ok {
		return nil, false
	}
	required, ok := smallNumber(op, data, 1)
	if !ok {
		return nil, false
	}
	parts = append(parts, []byte{byte(required)})
	for pc < len(s) {
		if op, data, pc, ok = readOp(s, pc); !ok {
			return nil, false
		}
		if !isPubKeySize(data) {
			break
		}
		parts = append(parts, data)
	}
	keys, ok := smallNumber(op, data, required)
	if !ok || keys != len(parts)-1 || pc+1 != len(s) {
		return nil, false
	}
	return append(parts, []byte{byte(keys)}), true
}

// smallNumber reads a number from lowest to 20, written minimally as an opcode or a push.
func smallNumber(op byte, data []byte, lowest int) (int, bool) {
	n := int64(op) - OP_1 + 1
	if op < OP_1 || op > OP_16 {
		if op == OP_0 || op > OP_PUSHDATA4 || !isMinimalPush(data, op) {
			return 0, false
		}
		var ok bool
		if n, ok = parseNum(data, true, maxNumSize); !ok {
			return 0, false
		}
	}
	return int(n), n >= int64(lowest) && n <= MaxMultiSigKeys
}
