package consensus

import (
	"fmt"

	"github.com/troupe-node/troupe/tx"
)

// CheckTransaction checks what a transaction shows by itself, in Core's order.
func CheckTransaction(t *tx.Tx) error {
	if len(t.Inputs) == 0 {
		return Reject(ErrNoInputs, Invalid, "")
	}
	if len(t.Outputs) == 0 {
		return Reject(ErrNoOutputs, Invalid, "")
	}
	if t.StrippedSize()*tx.WitnessScale > MaxBlockWeight {
		return Reject(ErrTxOversize, Invalid, "")
	}
	if err := checkOutputValues(t.Outputs); err != nil {
		return err
	}
	// Without this check a transaction could count one coin twice
	// (CVE-2018-17144).
	if duplicateInputs(t.Inputs) {
		return Reject(ErrDuplicateInputs, Invalid, "")
	}
	if t.IsCoinbase() {
		if n := len(t.Inputs[0].ScriptSig); n < 2 || n > 100 {
			return Reject(ErrCoinbaseLength, Invalid, "")
		}
		return nil
	}
	for i := range t.Inputs {
		if t.Inputs[i].PrevOut.IsNull() {
			return Reject(ErrPrevOutNull, Invalid, "")
		}
	}
	return nil
}

func checkOutputValues(outs []tx.Output) error {
	total := int64(0)
	for i := range outs {
		v := outs[i].Value
		if v < 0 {
			return Reject(ErrValueNegative, Invalid, "")
		}
		if v > MaxMoney {
			return Reject(ErrValueTooLarge, Invalid, "")
		}
		total += v
		if !moneyRange(total) {
			return Reject(ErrTotalTooLarge, Invalid, "")
		}
	}
	return nil
}

// fewInputs is where comparing each with each stops being the quickest way.
const fewInputs = 24

func duplicateInputs(ins []tx.Input) bool {
	if len(ins) > fewInputs {
		return manyDuplicateInputs(ins)
	}
	for i := 1; i < len(ins); i++ {
		for j := range i {
			if ins[i].PrevOut == ins[j].PrevOut {
				return true
			}
		}
	}
	return false
}

func manyDuplicateInputs(ins []tx.Input) bool {
	seen := make(map[tx.OutPoint]struct{}, len(ins))
	for i := range ins {
		seen[ins[i].PrevOut] = struct{}{}
	}
	return len(seen) < len(ins)
}

// CheckTxInputs checks the amounts and the age of the coins that a transaction
// spends in a block at height, and returns its fee in satoshis. coins[i] is
// what input i spends; one without a script and value, as [Coin]'s zero, is
// fine, but one that does not exist must have been refused before: see
// [MissingInputs]. A coinbase has no inputs to check.
func CheckTxInputs(t *tx.Tx, coins []Coin, height int32) (fee int64, err error) {
	in := int64(0)
	for i := range coins {
		c := &coins[i]
		if c.Coinbase && height-c.Height < CoinbaseMaturity {
			return 0, invalid(ErrPrematureSpend, "tried to spend coinbase at depth %d", height-c.Height)
		}
		in += c.Output.Value
		if !moneyRange(c.Output.Value) || !moneyRange(in) {
			return 0, Reject(ErrInputValues, Invalid, "")
		}
	}
	out := int64(0)
	for i := range t.Outputs {
		out += t.Outputs[i].Value // CheckTransaction has seen that they add up
	}
	if in < out {
		return 0, invalid(ErrInBelowOut, "value in (%s) < value out (%s)", formatMoney(in), formatMoney(out))
	}
	if fee = in - out; !moneyRange(fee) {
		return 0, Reject(ErrFeeOutOfRange, Invalid, "")
	}
	return fee, nil
}

// MissingInputs is the refusal of a transaction that spends a coin which does
// not exist, or exists no more.
func MissingInputs(op tx.OutPoint) *RuleError {
	return Reject(ErrMissingInputs, Invalid, fmt.Sprintf("CheckTxInputs: inputs missing/spent: %s", op))
}
