package tx

import (
	"encoding/binary"
	"fmt"
)

// WitnessScale is how many weight units a byte outside the witness costs
// (BIP141; Core's WITNESS_SCALE_FACTOR).
const WitnessScale = 4

// NullIndex is the output index of the null outpoint that a coinbase spends.
const NullIndex = 0xffffffff

// OutPoint names an output: the transaction that made it and its place there.
type OutPoint struct {
	Hash  Hash
	Index uint32
}

// IsNull tells whether this is the outpoint of a coinbase input.
func (o OutPoint) IsNull() bool { return o.Index == NullIndex && o.Hash == Hash{} }

// String returns "txid:index".
func (o OutPoint) String() string { return fmt.Sprintf("%s:%d", o.Hash, o.Index) }

// Input spends one output. Its slices alias the transaction's bytes.
type Input struct {
	PrevOut   OutPoint
	ScriptSig []byte
	Sequence  uint32
	Witness   [][]byte
}

// Output is an amount in satoshis and the script that guards it, which
// aliases the transaction's bytes.
type Output struct {
	Value    int64
	PkScript []byte
}

// Tx is a transaction over the bytes it came in. It is immutable: use [Parse]
// to read one and [New] to make one.
type Tx struct {
	Version  uint32
	Inputs   []Input
	Outputs  []Output
	LockTime uint32

	raw        []byte // with witness, if it has any
	id         Hash
	witnessID  Hash
	stripped   int // size without witness in bytes
	witnessEnd int // where the lock time begins in raw; 0 without witness
}

// New makes a transaction from its parts, which it keeps.
func New(version uint32, in []Input, out []Output, lockTime uint32) *Tx {
	t := &Tx{Version: version, Inputs: in, Outputs: out, LockTime: lockTime}
	t.stripped = t.strippedLen()
	size := t.stripped
	witness := false
	for i := range in {
		witness = witness || len(in[i].Witness) > 0
	}
	if witness {
		size += 2
		for i := range in {
			size += witnessLen(in[i].Witness)
		}
	}
	raw := binary.LittleEndian.AppendUint32(make([]byte, 0, size), version)
	if witness {
		raw = append(raw, 0, 1)
	}
	raw = t.appendInsOuts(raw)
	if witness {
		for i := range in {
			raw = appendWitness(raw, in[i].Witness)
		}
		t.witnessEnd = len(raw)
	}
	t.raw = binary.LittleEndian.AppendUint32(raw, lockTime)
	t.computeIDs(nil)
	return t
}

// ID is the transaction id: the hash without witness.
func (t *Tx) ID() Hash { return t.id }

// WitnessID is the hash with witness (BIP141's wtxid); without witness it
// equals ID. A coinbase counts as zero in the witness commitment, but that is
// the commitment's business.
func (t *Tx) WitnessID() Hash { return t.witnessID }

// Bytes are the transaction with its witness, as it travels. Do not modify.
func (t *Tx) Bytes() []byte { return t.raw }

// HasWitness tells whether any input carries a witness.
func (t *Tx) HasWitness() bool { return t.witnessEnd != 0 }

// Size is the length in bytes with witness.
func (t *Tx) Size() int { return len(t.raw) }

// StrippedSize is the length in bytes without witness.
func (t *Tx) StrippedSize() int { return t.stripped }

// Weight is in weight units: three times the stripped size plus the size.
func (t *Tx) Weight() int { return t.stripped*(WitnessScale-1) + len(t.raw) }

// VSize is the weight in virtual bytes, rounded up, without Core's adjustment
// for signature operations (that one belongs to policy).
func (t *Tx) VSize() int { return (t.Weight() + WitnessScale - 1) / WitnessScale }

// IsCoinbase tells whether the only input spends the null outpoint.
func (t *Tx) IsCoinbase() bool { return len(t.Inputs) == 1 && t.Inputs[0].PrevOut.IsNull() }

// StrippedBytes are the transaction without witness: Bytes itself if it has
// none, else a copy.
func (t *Tx) StrippedBytes() []byte {
	if !t.HasWitness() {
		return t.raw
	}
	return t.AppendStripped(make([]byte, 0, t.stripped))
}

// AppendStripped appends the transaction without witness.
func (t *Tx) AppendStripped(dst []byte) []byte {
	if !t.HasWitness() {
		return append(dst, t.raw...)
	}
	dst = append(dst, t.raw[:4]...)
	dst = append(dst, t.raw[6:6+t.stripped-8]...)
	return append(dst, t.raw[t.witnessEnd:]...)
}

// computeIDs hashes; scratch is reused for the stripped form and returned.
func (t *Tx) computeIDs(scratch []byte) []byte {
	t.witnessID = DoubleSHA256(t.raw)
	if !t.HasWitness() {
		t.id = t.witnessID
		return scratch
	}
	scratch = t.AppendStripped(scratch[:0])
	t.id = DoubleSHA256(scratch)
	return scratch
}

func (t *Tx) strippedLen() int {
	n := 8 + CompactSizeLen(uint64(len(t.Inputs))) + CompactSizeLen(uint64(len(t.Outputs)))
	for i := range t.Inputs {
		s := len(t.Inputs[i].ScriptSig)
		n += 40 + CompactSizeLen(uint64(s)) + s
	}
	for i := range t.Outputs {
		s := len(t.Outputs[i].PkScript)
		n += 8 + CompactSizeLen(uint64(s)) + s
	}
	return n
}

func (t *Tx) appendInsOuts(dst []byte) []byte {
	dst = AppendCompactSize(dst, uint64(len(t.Inputs)))
	for i := range t.Inputs {
		in := &t.Inputs[i]
		dst = append(dst, in.PrevOut.Hash[:]...)
		dst = binary.LittleEndian.AppendUint32(dst, in.PrevOut.Index)
		dst = appendBytes(dst, in.ScriptSig)
		dst = binary.LittleEndian.AppendUint32(dst, in.Sequence)
	}
	dst = AppendCompactSize(dst, uint64(len(t.Outputs)))
	for i := range t.Outputs {
		dst = t.Outputs[i].Append(dst)
	}
	return dst
}

// Append appends the output as it is written in a transaction.
func (o *Output) Append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(o.Value))
	return appendBytes(dst, o.PkScript)
}

func appendBytes(dst, b []byte) []byte {
	return append(AppendCompactSize(dst, uint64(len(b))), b...)
}

func appendWitness(dst []byte, items [][]byte) []byte {
	dst = AppendCompactSize(dst, uint64(len(items)))
	for _, item := range items {
		dst = appendBytes(dst, item)
	}
	return dst
}

func witnessLen(items [][]byte) int {
	n := CompactSizeLen(uint64(len(items)))
	for _, item := range items {
		n += CompactSizeLen(uint64(len(item))) + len(item)
	}
	return n
}
