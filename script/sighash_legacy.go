package script

import (
	"github.com/troupe-node/troupe/tx"
)

// Signature hash types. The legacy and BIP143 hashes take any value and look at the low five bits for the outputs;
// BIP341 admits only 0 to 3 and 0x81 to 0x83.
const (
	SigHashDefault      = 0x00 // BIP341 only: ALL without the extra byte
	SigHashAll          = 0x01
	SigHashNone         = 0x02
	SigHashSingle       = 0x03
	SigHashAnyoneCanPay = 0x80

	sigHashOutputMask = 0x1f
)

// LegacyHash is the signature hash of inputs before segregated witness. scriptCode is the script that runs, from its
// last executed CODESEPARATOR on, with signatures already removed. hashType is hashed with all its 32 bits.
func LegacyHash(t *tx.Tx, input int, scriptCode []byte, hashType uint32) (hash [32]byte) {
	h := getHasher()
	defer hasherPool.Put(h)
	legacyHash(h, t, input, scriptCode, hashType, &hash)
	return hash
}

// legacyHash streams the transaction the way the signer saw it: other inputs without scripts, outputs and sequence
// numbers as the type demands.
func legacyHash(h *hasher, t *tx.Tx, input int, scriptCode []byte, hashType uint32, out *[32]byte) {
	kind := hashType & sigHashOutputMask
	if kind == SigHashSingle && input >= len(t.Outputs) {
		// The first release returned the number one here, and so it stays.
		*out = [32]byte{1}
		return
	}
	h.reset()
	h.uint32(t.Version)
	if hashType&SigHashAnyoneCanPay != 0 {
		h.compactSize(1)
		legacySigned(h, &t.Inputs[input], scriptCode)
	} else {
		h.compactSize(len(t.Inputs))
		legacyBlanked(h, t.Inputs[:input], kind)
		legacySigned(h, &t.Inputs[input], scriptCode)
		legacyBlanked(h, t.Inputs[input+1:], kind)
	}
	switch kind {
	case SigHashNone:
		h.compactSize(0)
	case SigHashSingle:
		h.compactSize(input + 1)
		for range input {
			h.uint64(0xffffffffffffffff) // the null output: value -1
			h.byte(0)
		}
		h.output(&t.Outputs[input])
	default:
		h.compactSize(len(t.Outputs))
		for i := range t.Outputs {
			h.output(&t.Outputs[i])
		}
	}
	h.uint32(t.LockTime)
	h.uint32(hashType)
	h.double(out)
}

// legacyBlanked writes inputs that are not being signed: without script, and for NONE and SINGLE without sequence.
func legacyBlanked(h *hasher, inputs []tx.Input, kind uint32) {
	keepSequence := kind != SigHashNone && kind != SigHashSingle
	for i := range inputs {
		h.outPoint(&inputs[i].PrevOut)
		h.byte(0)
		if keepSequence {
			h.uint32(inputs[i].Sequence)
		} else {
			h.uint32(0)
		}
	}
}

func legacySigned(h *hasher, in *tx.Input, scriptCode []byte) {
	h.outPoint(&in.PrevOut)
	legacyScriptCode(h, scriptCode)
	h.uint32(in.Sequence)
}

// legacyScriptCode writes the script without its CODESEPARATORs. If the script ends in the middle of a push, Core
// announces its whole length but stops writing where it stopped reading; such a script fails anyway, but perhaps with
// another error.
func legacyScriptCode(h *hasher, code []byte) {
	separators := 0
	end := 0
	for end < len(code) {
		op, _, next, ok := readOp(code, end)
		end = next
		if !ok {
			break
		}
		if op == OP_CODESEPARATOR {
			separators++
		}
	}
	h.compactSize(len(code) - separators)
	if separators == 0 {
		h.bytes(code[:end])
		return
	}
	from := 0
	for pc := 0; pc < end; {
		op, _, next, ok := readOp(code, pc)
		if !ok {
			break
		}
		if op == OP_CODESEPARATOR {
			h.bytes(code[from:pc])
			from = next
		}
		pc = next
	}
	h.bytes(code[from:end])
}
