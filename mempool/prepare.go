package mempool

import (
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// Attempt is a transaction on its way into the pool, or a package of them.
type Attempt struct {
	Tx     *tx.Tx
	Bypass bool  // of fee and size limits: it was in a block that was disconnected
	Time   int64 // when it came, seconds since 1970
	// MaxRate, unless zero, is what our operator is ready to pay, in satoshis per
	// kvB of the size without signature operations.
	MaxRate int64
	// Batch numbers what comes back to the pool together, with Bypass: the
	// transactions of one call's disconnected blocks. Only descendants of the same
	// batch count against the limits, as in Core, which links a batch to what the
	// pool had already when all of it is in.
	Batch uint64

	policy  *Policy
	tip     Tip
	minFee  int64 // satoshis per kvB, as it was then
	delta   int64 // of prioritisetransaction, as it was then
	parents []*Entry
	family  []*tx.Tx // those before it in its package, whose outputs it may spend
	alone   *Reject  // in a package: by what it shows by itself
	known   *Entry   // in a package: it is in the pool already, or its twin is
	packed  bool     // it is of a package: cheap alone is no reason to give up
	members []*Attempt

	// What Check found.
	coins     []consensus.Coin
	fee       int64
	sigOpCost int
	vsize     int64
	lock      consensus.LockPoint
	missing   []tx.Hash
	refused   *Reject // by what needs coins
	ran       bool    // the scripts
	script    *Reject // by them: counts last, as in Core
}

// On is the block that the attempt was prepared on, whose coins Check needs.
func (a *Attempt) On() tx.Hash {
	if a.tip.Node == nil {
		return tx.Hash{}
	}
	return a.tip.Hash()
}

// Moved says that the coins of that block are not to be had any more: the
// attempt is stale.
func (a *Attempt) Moved() { a.tip = Tip{} }

// Coins finds confirmed coins: the chain's view that a checker holds.
type Coins interface {
	// Coins answers in order; absent ones are nil.
	Coins(ops []tx.OutPoint) ([]*consensus.Coin, error)
}

// Prepare does what is cheap and needs no coins, in Core's order. The attempt is
// then to be checked, and finished. now is in seconds since 1970.
func (p *Pool) Prepare(t *tx.Tx, now int64, bypass bool) (*Attempt, *Reject) {
	if r := p.policy.checkAlone(t); r != nil {
		return nil, r
	}
	if r := p.checkPlace(t, anyRules); r != nil {
		return nil, r
	}
	return p.attempt(t, now, bypass), nil
}

func (p *Pool) attempt(t *tx.Tx, now int64, bypass bool) *Attempt {
	return &Attempt{
		Tx: t, Bypass: bypass, Time: now, policy: &p.policy, tip: p.tip,
		minFee: p.minFee(now), delta: p.deltas[t.ID()], parents: p.parentsIn(t),
	}
}

// checkAlone is what a transaction shows by itself: the beginning of Core's
// PreChecks.
func (p *Policy) checkAlone(t *tx.Tx) *Reject {
	if err := consensus.CheckTransaction(t); err != nil {
		return fromConsensus(err, Consensus)
	}
	if t.IsCoinbase() {
		return reject(Consensus, ErrCoinbase, "")
	}
	if p.RequireStandard {
		if r := p.checkStandard(t); r != nil {
			return r
		}
	}
	if t.StrippedSize() < minStandardStripped {
		return reject(NotStandard, ErrTxSizeSmall, "")
	}
	return nil
}

// rules say what an attempt may do besides standing alone: Core's ATMPArgs.
type rules struct {
	replace     bool // what it conflicts with
	sibling     bool // evict another child of its TRUC parent
	carveOut    bool // of the limits of chains
	packageFees bool // its feerate is judged with its package's
}

var (
	anyRules    = rules{replace: true}
	singleRules = rules{replace: true, sibling: true, carveOut: true}
	memberRules = rules{replace: true, sibling: true} // alone, but of a package
)

// checkPlace asks whether the pool has room for t at all: it is final in the
// next block, not here yet, and what it conflicts with may be replaced.
func (p *Pool) checkPlace(t *tx.Tx, may rules) *Reject {
	if !consensus.IsFinal(t, p.tip.next(), p.tip.mtp) {
		return reject(PrematureSpend, ErrNonFinal, "")
	}
	if p.index.byWitnessID.get(t.WitnessID()) != nil {
		return reject(Conflict, ErrAlreadyInPool, "")
	}
	if p.index.byID.get(t.ID()) != nil {
		return reject(Conflict, ErrSameNonWitness, "")
	}
	if may.replace && p.policy.FullRBF {
		return nil
	}
	for i := range t.Inputs {
		e := p.index.spends.get(t.Inputs[i].PrevOut)
		switch {
		case e == nil:
		case !may.replace:
			return reject(MempoolPolicy, ErrNoReplacement, "")
		case !SignalsReplacement(e.Tx) && e.Tx.Version != trucVersion:
			return reject(MempoolPolicy, ErrMempoolConflict, "")
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
