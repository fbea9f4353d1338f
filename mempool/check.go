package mempool

import (
	"errors"

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
	if a.members != nil {
		return a.checkMembers(coins, cache)
	}
	a.refused, a.script, a.missing, a.ran = nil, nil, nil, false
	if err := a.findCoins(coins); err != nil {
		return err
	}
	if a.refused == nil {
		a.refused = a.checkSpending()
	}
	if a.refused != nil || a.known != nil || !a.packed && a.checkFees(a.fee+a.delta, a.minFee) != nil {
		return nil // the scripts are not worth the time
	}
	a.script = a.runScripts(cache)
	a.ran = true
	return nil
}

// findCoins gathers what the inputs spend, from the chain and from unconfirmed
// parents.
func (a *Attempt) findCoins(source Coins) error {
	t := a.Tx
	a.coins = make([]consensus.Coin, len(t.Inputs))
	ops := make([]tx.OutPoint, 0, len(t.Inputs))
	relatives := a.relatives()
	for i := range t.Inputs {
		op := t.Inputs[i].PrevOut
		if parent := relatives[op.Hash]; parent != nil && outputOf(parent, op.Index) != nil {
			// An unconfirmed coin counts as made in the next block.
			a.coins[i] = consensus.Coin{Output: parent.Outputs[op.Index], Height: a.tip.next()}
		} else {
			ops = append(ops, op)
		}
	}
	if len(ops) == 0 {
		return nil
	}
	found, err := source.Coins(ops)
	if err != nil {
		return err
	}
	next := 0
	for i := range t.Inputs {
		if next == len(ops) || t.Inputs[i].PrevOut != ops[next] {
			continue
		}
		if c := found[next]; c != nil {
			a.coins[i] = *c
		} else {
			a.missing = append(a.missing, ops[next].Hash)
		}
		next++
	}
	if a.missing != nil {
		return a.explainMissing(source)
	}
	return nil
}

// relatives are the unconfirmed transactions that the attempt may spend from, by
// id; nil when there are none.
func (a *Attempt) relatives() map[tx.Hash]*tx.Tx {
	if len(a.parents)+len(a.family) == 0 {
		return nil
	}
	m := make(map[tx.Hash]*tx.Tx, len(a.parents)+len(a.family))
	for _, t := range a.family {
		m[t.ID()] = t
	}
	for _, p := range a.parents {
		m[p.Tx.ID()] = p.Tx
	}
	return m
}

func outputOf(t *tx.Tx, i uint32) *tx.Output {
	if int64(i) >= int64(len(t.Outputs)) {
		return nil
	}
	return &t.Outputs[i]
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
			a.missing = nil
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

// checkFees judges an attempt that stands alone by the fee it counts as paying,
// in satoshis, and the pool's minimum, per kvB. One that pays too little to be
// relayed can have no help from a child, unless it is TRUC.
func (a *Attempt) checkFees(fee, minFee int64) *Reject {
	if a.Bypass {
		return nil
	}
	if r := a.checkRelayFee(fee); r != nil {
		return r
	}
	return a.policy.checkFee(fee, a.vsize, minFee)
}

func (a *Attempt) checkRelayFee(fee int64) *Reject {
	if need := feeFor(a.policy.MinRelayFee, a.vsize); a.Tx.Version != trucVersion && fee < need {
		return reject(MempoolPolicy, ErrMinRelayNotMet, "%d < %d", fee, need)
	}
	return nil
}

// checkFee is Core's CheckFeeRate, for a transaction or a package.
func (p *Policy) checkFee(fee, vsize, minFee int64) *Reject {
	if need := feeFor(minFee, vsize); minFee > p.MinRelayFee && fee < need {
		return reject(Reconsiderable, ErrMinFeeNotMet, "%d < %d", fee, need)
	}
	if need := feeFor(p.MinRelayFee, vsize); fee < need {
		return reject(Reconsiderable, ErrMinRelayNotMet, "%d < %d", fee, need)
	}
	return nil
}
