package mempool

import (
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
			return reject(InputsNotStandard, ErrNonStdInputs, "")
		case script.ScriptHash:
			redeem, ok := lastPush(t.Inputs[i].ScriptSig)
			if !ok || script.CountSigOps(redeem, true) > maxP2SHSigOps {
				return reject(InputsNotStandard, ErrNonStdInputs, "")
			}
		}
	}
	return nil
}
