package script

// Builder writes scripts instruction by instruction, in the shortest form. It does not enforce the limits: tests build
// what breaks them.
type Builder struct {
	script []byte
}

// NewBuilder starts an empty script.
func NewBuilder() *Builder { return new(Builder) }

// Op appends opcodes.
func (b *Builder) Op(ops ...byte) *Builder {
	b.script = append(b.script, ops...)
	return b
}

// Data pushes data in its minimal form: with a small-integer opcode where there is one (BIP62 rule 3).
func (b *Builder) Data(data []byte) *Builder {
	if len(data) == 1 {
		if data[0] >= 1 && data[0] <= 16 {
			return b.Op(OP_1 + data[0] - 1)
		}
		if data[0] == 0x81 {
			return b.Op(OP_1NEGATE)
		}
	}
	return b.RawData(data)
}

// RawData pushes data with an explicit length even where an opcode would do, as Core's CScript << vector.
func (b *Builder) RawData(data []byte) *Builder {
	b.script = append(appendPushHeader(b.script, len(data)), data...)
	return b
}

// Int pushes a number.
func (b *Builder) Int(n int64) *Builder {
	return b.Data(appendNum(nil, n))
}

// Script returns what was written. The builder must not be used afterwards.
func (b *Builder) Script() []byte { return b.script }

// PayToPubKey is <key> CHECKSIG.
func PayToPubKey(key []byte) []byte { return NewBuilder().RawData(key).Op(OP_CHECKSIG).Script() }

// PayToPubKeyHash is DUP HASH160 <hash> EQUALVERIFY CHECKSIG.
func PayToPubKeyHash(hash [20]byte) []byte {
	return NewBuilder().Op(OP_DUP, OP_HASH160).RawData(hash[:]).Op(OP_EQUALVERIFY, OP_CHECKSIG).Script()
}

// PayToScriptHash is HASH160 <hash of the redeem script> EQUAL.
func PayToScriptHash(hash [20]byte) []byte {
	return NewBuilder().Op(OP_HASH160).RawData(hash[:]).Op(OP_EQUAL).Script()
}

// PayToWitness is a version and a program: P2WPKH, P2WSH, P2TR and whatever comes.
func PayToWitness(version int, program []byte) []byte {
	return NewBuilder().Int(int64(version)).RawData(program).Script()
}

// PayToMultiSig is m <keys...> n CHECKMULTISIG.
func PayToMultiSig(required int, keys ...[]byte) []byte {
	b := NewBuilder().Int(int64(required))
	for _, key := range keys {
		b.RawData(key)
	}
	return b.Int(int64(len(keys))).Op(OP_CHECKMULTISIG).Script()
}
