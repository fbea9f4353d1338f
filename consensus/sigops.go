package consensus

import (
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// LegacySigOps counts the signature operations that a transaction's own
// scripts show, each OP_CHECKMULTISIG as twenty.
func LegacySigOps(t *tx.Tx) int {
	n := 0
	for i := range t.Inputs {
		n += script.CountSigOps(t.Inputs[i].ScriptSig, false)
	}
	for i := range t.Outputs {
		n += script.CountSigOps(t.Outputs[i].PkScript, false)
	}
	return n
}

// SigOpCost is the signature operation cost of a transaction (BIP141): four
// for each operation in legacy scripts and P2SH, one for each in a witness.
// coins[i] is what input i spends; flags tell which of them count.
func SigOpCost(t *tx.Tx, coins []Coin, flags script.Flags) int {
	cost := LegacySigOps(t) * tx.WitnessScale
	if t.IsCoinbase() {
		return cost
	}
	for i := range t.Inputs {
		in, pkScript := &t.Inputs[i], coins[i].Output.PkScript
		if flags.Has(script.VerifyP2SH) {
			cost += script.CountP2SHSigOps(in.ScriptSig, pkScript) * tx.WitnessScale
		}
		cost += script.CountWitnessSigOps(in.ScriptSig, pkScript, in.Witness, flags)
	}
	return cost
}
