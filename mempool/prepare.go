package mempool

import (
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// Attempt is a transaction on its way into the pool.
type Attempt struct {
	Tx     *tx.Tx
	Bypass bool // of fee and size limits: it was in a block that was disconnected

	policy  *Policy
	now     int64
	tip     Tip
	minFee  int64
	parents []*Entry // in the pool, whose outputs it spends

	// What Check found.
	coins     []consensus.Coin
	fee       int64
	sigOpCost int
	vsize     int64
	lock      consensus.LockPoint
	missing   []tx.Hash
	refused   *Reject // by what needs coins
	script    *Reject // by the scripts: counts last, as in Core
}

// On is the block that the attempt was prepared on, whose coins Check needs.
func (a *Attempt) On() tx.Hash { return a.tip.Hash() }

// Moved says that the coins of that block are not to be had any more: the
// attempt is stale.
func (a *Attempt) Moved() { a.tip = Tip{} }

// Coins finds confirmed coins: the chain's view that a checker holds.
type Coins interface {
	// Coins answers in order; absent ones are nil.
	Coins(ops []tx.OutPoint) ([]*consensus.Coin, error)
}

// Prepare does what is cheap and needs no coins, in Core's order. The attempt is
// then to be checked, and finished.
func (p *Pool) Prepare(t *tx.Tx, now int64, bypass bool) (*Attempt, *Reject) {
	if r := p.prepare(t); r != nil {
		return nil, r
	}
	a := &Attempt{Tx: t, Bypass: bypass, policy: &p.policy, now: now, tip: p.tip, parents: p.parentsIn(t)}
	if !bypass {
		a.minFee = p.minFee(now)
	}
	return a, nil
}

func (p *Pool) prepare(t *tx.Tx) *Reject {
	if err := consensus.CheckTransaction(t); err != nil {
		return fromConsensus(err, Consensus)
	}
	if t.IsCoinbase() {
		return reject(Consensus, ErrCoinbase, "")
	}
	if p.policy.RequireStandard {
		if r := p.policy.checkStandard(t); r != nil {
			return r
		}
	}
	if t.StrippedSize() < minStandardStripped {
		return reject(NotStandard, ErrTxSizeSmall, "")
	}
	if !consensus.IsFinal(t, p.tip.next(), p.tip.mtp) {
		return reject(PrematureSpend, ErrNonFinal, "")
	}
	if p.index.byWitnessID.get(t.WitnessID()) != nil {
		return reject(Conflict, ErrAlreadyInPool, "")
	}
	if p.index.byID.get(t.ID()) != nil {
		return reject(Conflict, ErrSameNonWitness, "")
	}
	return p.checkConflicts(t)
}

// checkConflicts refuses what may not replace anything.
func (p *Pool) checkConflicts(t *tx.Tx) *Reject {
	if p.policy.FullRBF {
		return nil
	}
	for i := range t.Inputs {
		e := p.index.spends.get(t.Inputs[i].PrevOut)
		if e != nil && !SignalsReplacement(e.Tx) && e.Tx.Version != trucVersion {
			return reject(Conflict, ErrMempoolConflict, "")
		}
	}
	return nil
}

// SignalsReplacement tells whether a transaction says by itself that it may be
// replaced (BIP125).
func SignalsReplacement(t *tx.Tx) bool {
	for i := range t.Inputs {
		if t.Inputs[i].Sequence < consensus.SequenceFinal-1 {
			return true
		}
	}
	return false
}

// trucVersion is BIP431's.
const trucVersion = 3

// blockFlags are what the scripts must obey in the next block.
func (a *Attempt) blockFlags() script.Flags {
	return consensus.ScriptFlags(tx.Hash{}, a.tip.next(), a.tip.Params)
}
