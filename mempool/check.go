package mempool

import (
	"errors"
	"fmt"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// Check looks up the coins that the attempt spends and runs its scripts. It may
// run on any goroutine, holds no lock and knows nothing of the pool but the
// parents it was handed. An error is an internal failure; what is wrong with the
// transaction is for Finish to say. coins must be those of the tip that the
// attempt was prepared on.
func (a *Attempt) Check(coins Coins, cache *script.SigCache) error {
	a.refused, a.script, a.missing = nil, nil, nil
	if err := a.findCoins(coins); err != nil {
		return err
	}
	if a.refused == nil {
		a.refused = a.checkSpending()
	}
	if a.refused != nil || a.tooCheap() != nil {
		return nil // the scripts are not worth the time
	}
	a.script = a.runScripts(cache)
	return nil
}

// findCoins gathers what the inputs spend, from the chain and from unconfirmed
// parents.
func (a *Attempt) findCoins(source Coins) error {
	t := a.Tx
	a.coins = make([]consensus.Coin, len(t.Inputs))
	var ops []tx.OutPoint
	var places []int
	for i := range t.Inputs {
		op := t.Inputs[i].PrevOut
		if out := a.parentOutput(op); out != nil {
			// An unconfirmed coin counts as made in the next block.
			a.coins[i] = consensus.Coin{Output: *out, Height: a.tip.next()}
			continue
		}
		ops, places = append(ops, op), append(places, i)
	}
	found, err := source.Coins(ops)
	if err != nil {
		return err
	}
	for j, c := range found {
		if c == nil {
			a.missing = append(a.missing, ops[j].Hash)
			continue
		}
		a.coins[places[j]] = *c
	}
	if a.missing != nil {
		return a.explainMissing(source)
	}
	return nil
}

func (a *Attempt) parentOutput(op tx.OutPoint) *tx.Output {
	for _, p := range a.parents {
		if p.Tx.ID() == op.Hash {
			if int(op.Index) < len(p.Tx.Outputs) {
				return &p.Tx.Outputs[op.Index]
			}
			return nil
		}
	}
	return nil
}

// explainMissing tells a transaction that is already confirmed from one whose
// inputs are unknown.
func (a *Attempt) explainMissing(source Coins) error {
	own := make([]tx.OutPoint, len(a.Tx.Outputs))
	for i := range own {
		own[i] = tx.OutPoint{Hash: a.Tx.ID(), Index: uint32(i)}
	}
	made, err := source.Coins(own)
	if err != nil {
		return err
	}
	for _, c := range made {
		if c != nil {
			a.refused = reject(Conflict, ErrAlreadyKnown, "")
			return nil
		}
	}
	a.refused = reject(MissingInputs, consensus.ErrMissingInputs, "")
	return nil
}

// checkSpending is what Core's PreChecks asks of a transaction and its coins.
func (a *Attempt) checkSpending() *Reject {
	t := a.Tx
	a.lock = consensus.SequenceLocks(t, a.coins, a.tip.Node)
	if !a.lock.Satisfied(a.tip.next(), a.tip.mtp) {
		return reject(PrematureSpend, ErrNonBIP68Final, "")
	}
	fee, err := consensus.CheckTxInputs(t, a.coins, a.tip.next())
	if err != nil {
		result := Consensus
		if errors.Is(err, consensus.ErrPrematureSpend) {
			result = PrematureSpend
		}
		return fromConsensus(err, result)
	}
	a.fee = fee
	if a.policy.RequireStandard {
		if r := checkInputs(t, a.coins); r != nil {
			return r
		}
		if t.HasWitness() {
			if r := checkWitness(t, a.coins); r != nil {
				return r
			}
		}
	}
	a.sigOpCost = consensus.SigOpCost(t, a.coins, script.StandardFlags)
	a.vsize = virtualSize(t, a.sigOpCost, a.policy.BytesPerSigOp)
	if a.sigOpCost > maxStandardSigOpsCost {
		return reject(NotStandard, ErrTooManySigOps, "%d", a.sigOpCost)
	}
	return nil
}

// tooCheap is a first look at the fee with the minimum as it was at Prepare:
// what fails it will hardly pass Finish, and certainly is not worth a signature
// check now. A delta of prioritisetransaction is only known to Finish.
func (a *Attempt) tooCheap() *Reject {
	if a.Bypass || a.minFee == 0 {
		return nil
	}
	return checkFee(a.fee, a.vsize, a.minFee, a.policy.MinRelayFee)
}

// checkFee is Core's CheckFeeRate.
func checkFee(fee, vsize, minFee, minRelay int64) *Reject {
	if need := feeFor(minFee, vsize); minFee > minRelay && fee < need {
		return reject(Reconsiderable, ErrMinFeeNotMet, "%d < %d", fee, need)
	}
	if need := feeFor(minRelay, vsize); fee < need {
		return reject(Reconsiderable, ErrMinRelayNotMet, "%d < %d", fee, need)
	}
	return nil
}

// runScripts verifies every input under the standard flags, and remembers the
// transaction as good under the next block's: what passes under a set of flags
// passes under fewer.
func (a *Attempt) runScripts(cache *script.SigCache) *Reject {
	spent := make([]tx.Output, len(a.coins))
	for i := range a.coins {
		spent[i] = a.coins[i].Output
	}
	context := script.NewTxContext(a.Tx, spent)
	flags := script.StandardFlags
	if !a.policy.RequireStandard {
		flags = script.MandatoryFlags | a.blockFlags()
	}
	for i := range a.Tx.Inputs {
		if err := context.Verify(i, flags, cache); err != nil {
			return a.scriptReject(context, i, err)
		}
	}
	cache.RememberScripts(a.Tx.WitnessID(), a.blockFlags())
	return nil
}

// scriptReject words a script failure as Core's CheckInputScripts and
// PolicyScriptChecks do.
func (a *Attempt) scriptReject(context *script.TxContext, input int, err error) *Reject {
	op := a.Tx.Inputs[input].PrevOut
	where := fmt.Sprintf("input %d of %s (wtxid %s), spending %s:%d", input, a.Tx.ID(), a.Tx.WitnessID(), op.Hash, op.Index)
	r := &Reject{Result: Consensus, Kind: consensus.ErrScript, Debug: where,
		Text: fmt.Sprintf("%s (%s)", consensus.ErrScript.Error(), err)}
	if again := context.Verify(input, script.MandatoryFlags, nil); again == nil {
		r.Result, r.Kind = NotStandard, ErrNonMandatory
		r.Text = fmt.Sprintf("%s (%s)", ErrNonMandatory, err)
	} else {
		r.Text = fmt.Sprintf("%s (%s)", consensus.ErrScript.Error(), again)
	}
	if !a.Tx.HasWitness() && a.spendsWitness() {
		r.Result = WitnessStripped
	}
	return r
}

// spendsWitness tells whether an input would need a witness: then the
// transaction may have lost it on the way, and its id must not be held against
// it.
func (a *Attempt) spendsWitness() bool {
	for i := range a.coins {
		prev := a.coins[i].Output.PkScript
		if script.IsPayToScriptHash(prev) {
			if redeem, ok := lastPush(a.Tx.Inputs[i].ScriptSig); ok {
				prev = redeem
			}
		}
		if _, _, ok := script.IsWitnessProgram(prev); ok {
			return true
		}
	}
	return false
}
