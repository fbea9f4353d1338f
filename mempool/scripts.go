package mempool

import (
	"fmt"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// runScripts verifies every input under the standard flags, -acceptnonstdtxn or
// not (Core's PolicyScriptChecks), and remembers the transaction as good under
// the next block's: what passes under a set of flags passes under fewer.
func (a *Attempt) runScripts(cache *script.SigCache) *Reject {
	spent := make([]tx.Output, len(a.coins))
	for i := range a.coins {
		spent[i] = a.coins[i].Output
	}
	context := script.NewTxContext(a.Tx, spent)
	for i := range a.Tx.Inputs {
		if err := context.Verify(i, script.StandardFlags, cache); err != nil {
			return a.scriptReject(context, i, err)
		}
	}
	cache.RememberScripts(a.Tx.WitnessID(), a.blockFlags())
	return nil
}

// scriptReject words a script failure as Core's CheckInputScripts does: what
// breaks only a rule of policy is no crime, and what breaks one of consensus, too, is
// refused for that.
func (a *Attempt) scriptReject(context *script.TxContext, input int, err error) *Reject {
	r := &Reject{Result: Consensus, Kind: consensus.ErrScript}
	if crime := context.Verify(input, script.MandatoryFlags, nil); crime != nil {
		err = crime
	} else {
		r.Result, r.Kind = NotStandard, ErrNonMandatory
	}
	r.Text = fmt.Sprintf("%s (%s)", r.Kind, err)
	if !a.Tx.HasWitness() && onlyLacksWitness(context, len(a.Tx.Inputs)) {
		r.Result = WitnessStripped
	}
	return r
}

// onlyLacksWitness tells whether a transaction without witness would pass if
// there were no such thing: then it may have lost it on the way, and its id must
// not be held against it. A clean stack cannot be asked for without witness.
func onlyLacksWitness(context *script.TxContext, inputs int) bool {
	const without = script.StandardFlags &^ (script.VerifyWitness | script.VerifyCleanStack)
	const with = script.StandardFlags &^ script.VerifyCleanStack
	fails := false
	for i := range inputs {
		if context.Verify(i, without, nil) != nil {
			return false
		}
		fails = fails || context.Verify(i, with, nil) != nil
	}
	return fails
}
