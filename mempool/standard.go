package mempool

import (
	"bytes"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// Transaction versions that are standard (Core 28: TX_MAX_STANDARD_VERSION, with
// version 3 for BIP431).
const maxStandardVersion = 3

// checkStandard is Core's IsStandardTx.
func (p *Policy) checkStandard(t *tx.Tx) *Reject {
	switch {
	case t.Version < 1 || t.Version > maxStandardVersion:
		return reject(NotStandard, ErrVersion, "")
	case t.Weight() > maxStandardWeight:
		return reject(NotStandard, ErrTxSize, "")
	}
	for i := range t.Inputs {
		in := &t.Inputs[i]
		if len(in.ScriptSig) > maxStandardScriptSig {
			return reject(NotStandard, ErrScriptSigSize, "")
		}
		if !script.IsPushOnly(in.ScriptSig) {
			return reject(NotStandard, ErrScriptSigPush, "")
		}
	}
	carriers := 0
	for i := range t.Outputs {
		out := &t.Outputs[i]
		class, r := p.checkOutputScript(out.PkScript)
		if r != nil {
			return r
		}
		switch {
		case class == script.NullData:
			carriers++
		case class == script.MultiSig && !p.PermitBareMulti:
			return reject(NotStandard, ErrBareMultisig, "")
		case out.Value < DustThreshold(out, p.DustFee):
			return reject(NotStandard, ErrDust, "")
		}
	}
	if carriers > 1 {
		return reject(NotStandard, ErrMultiOpReturn, "")
	}
	return nil
}

// checkOutputScript is Core's IsStandard for one output.
func (p *Policy) checkOutputScript(pkScript []byte) (script.Class, *Reject) {
	class, parts := script.Classify(pkScript)
	bad := false
	switch class {
	case script.NonStandard:
		bad = true
	case script.MultiSig: // up to x-of-3
		m, n := parts[0][0], parts[len(parts)-1][0]
		bad = n < 1 || n > 3 || m < 1 || m > n
	case script.NullData:
		bad = len(pkScript) > p.MaxDataCarrier
	}
	if bad {
		return class, reject(NotStandard, ErrScriptPubKey, "")
	}
	return class, nil
}

// DustThreshold is the value, in satoshis, below which spending an output would
// cost more than a third of it at the feerate (Core's GetDustThreshold).
func DustThreshold(out *tx.Output, feePerKVB int64) int64 {
	if script.IsUnspendable(out.PkScript) {
		return 0
	}
	size := int64(8 + tx.CompactSizeLen(uint64(len(out.PkScript))) + len(out.PkScript))
	if _, _, ok := script.IsWitnessProgram(out.PkScript); ok {
		size += 32 + 4 + 1 + 107/tx.WitnessScale + 4
	} else {
		size += 32 + 4 + 1 + 107 + 4
	}
	return feeFor(feePerKVB, size)
}

// checkInputs is Core's AreInputsStandard: no unknown scripts, and not too many
// signature operations behind a P2SH.
func checkInputs(t *tx.Tx, coins []consensus.Coin) *Reject {
	for i := range t.Inputs {
		prev := coins[i].Output.PkScript
		switch class, _ := script.Classify(prev); class {
		case script.NonStandard, script.WitnessUnknown:
			return reject(InputsNotStandard, ErrNonStdInputs, "input %d", i)
		case script.ScriptHash:
			redeem, ok := lastPush(t.Inputs[i].ScriptSig)
			if !ok || script.CountSigOps(redeem, true) > maxP2SHSigOps {
				return reject(InputsNotStandard, ErrNonStdInputs, "input %d", i)
			}
		}
	}
	return nil
}

// lastPush is the last thing that a script of pushes leaves on the stack; false
// when the script is not one, or leaves nothing.
func lastPush(s []byte) (last []byte, ok bool) {
	for len(s) > 0 {
		op, size, skip := s[0], 0, 1
		switch {
		case op <= 75:
			size = int(op)
		case op == script.OP_PUSHDATA1 && len(s) > 1:
			size, skip = int(s[1]), 2
		case op == script.OP_PUSHDATA2 && len(s) > 2:
			size, skip = int(s[1])|int(s[2])<<8, 3
		case op == script.OP_1NEGATE:
			last, ok, s = []byte{0x81}, true, s[1:]
			continue
		case op >= script.OP_1 && op <= script.OP_16:
			last, ok, s = []byte{op - script.OP_1 + 1}, true, s[1:]
			continue
		default:
			return nil, false
		}
		if len(s) < skip+size {
			return nil, false
		}
		last, ok, s = s[skip:skip+size], true, s[skip+size:]
	}
	return last, ok
}

// Limits of Core's IsWitnessStandard.
const (
	maxP2WSHStackItems = 100
	maxP2WSHStackItem  = 80
	maxP2WSHScript     = 3600
	maxTapscriptItem   = 80
	annexTag           = 0x50
	tapscriptLeaf      = 0xc0
	leafMask           = 0xfe
)

// checkWitness is Core's IsWitnessStandard.
func checkWitness(t *tx.Tx, coins []consensus.Coin) *Reject {
	for i := range t.Inputs {
		witness := t.Inputs[i].Witness
		if len(witness) == 0 {
			continue
		}
		if !standardWitness(coins[i].Output.PkScript, &t.Inputs[i]) {
			return reject(WitnessMutated, ErrNonStdWitness, "input %d", i)
		}
	}
	return nil
}

func standardWitness(prev []byte, in *tx.Input) bool {
	if script.IsPayToAnchor(prev) {
		return false // it needs none, so that it cannot be bloated
	}
	p2sh := script.IsPayToScriptHash(prev)
	if p2sh {
		redeem, ok := lastPush(in.ScriptSig)
		if !ok {
			return false
		}
		prev = redeem
	}
	version, program, ok := script.IsWitnessProgram(prev)
	switch {
	case !ok:
		return false
	case version == 0 && len(program) == 32:
		return standardP2WSH(in.Witness)
	case version == 1 && len(program) == 32 && !p2sh:
		return standardTaproot(in.Witness)
	}
	return true
}

func standardP2WSH(witness [][]byte) bool {
	last := len(witness) - 1
	if len(witness[last]) > maxP2WSHScript || last > maxP2WSHStackItems {
		return false
	}
	for _, item := range witness[:last] {
		if len(item) > maxP2WSHStackItem {
			return false
		}
	}
	return true
}

func standardTaproot(stack [][]byte) bool {
	if len(stack) >= 2 && bytes.HasPrefix(stack[len(stack)-1], []byte{annexTag}) {
		return false // annexes have no meaning yet
	}
	if len(stack) < 2 {
		return len(stack) == 1 // key path; an empty stack is invalid
	}
	control := stack[len(stack)-1]
	if len(control) == 0 {
		return false
	}
	if control[0]&leafMask != tapscriptLeaf {
		return true
	}
	for _, item := range stack[:len(stack)-2] {
		if len(item) > maxTapscriptItem {
			return false
		}
	}
	return true
}
