package consensus

import (
	"fmt"

	"github.com/troupe-node/troupe/tx"
)

// CheckBlock checks what a block shows by itself, in Core's order: proof of
// work, the signet solution, the merkle root, sizes, the coinbase's place, the
// transactions and their plain signature operations. A block that is Mutated
// by it says nothing about its header.
func CheckBlock(b *tx.Block, p *Params) error {
	if err := CheckHeader(&b.Header, b.Hash(), p); err != nil {
		return err
	}
	if p.Signet {
		if err := checkSignetSolution(b, p); err != nil {
			return err
		}
	}
	return CheckUnsolvedBlock(b)
}

// CheckUnsolvedBlock is CheckBlock for a template that nobody has solved yet:
// without proof of work and signet solution.
func CheckUnsolvedBlock(b *tx.Block) error {
	if err := checkMerkleRoot(b); err != nil {
		return err
	}
	if len(b.Txs) == 0 || len(b.Txs)*tx.WitnessScale > MaxBlockWeight ||
		b.StrippedSize()*tx.WitnessScale > MaxBlockWeight {
		return Reject(ErrBlockLength, Invalid, "size limits failed")
	}
	if !b.Txs[0].IsCoinbase() {
		return Reject(ErrCoinbaseMissing, Invalid, "first tx is not coinbase")
	}
	for _, t := range b.Txs[1:] {
		if t.IsCoinbase() {
			return Reject(ErrCoinbaseMultiple, Invalid, "more than one coinbase")
		}
	}
	for _, t := range b.Txs {
		if err := CheckTransaction(t); err != nil {
			return inTransaction(err, t)
		}
	}
	// An underestimate: what P2SH and witnesses add takes the coins.
	sigOps := 0
	for _, t := range b.Txs {
		sigOps += LegacySigOps(t)
	}
	if sigOps*tx.WitnessScale > MaxBlockSigOpsCost {
		return Reject(ErrSigOps, Invalid, "out-of-bounds SigOpCount")
	}
	return nil
}

func inTransaction(err error, t *tx.Tx) error {
	rule, ok := err.(*RuleError)
	if !ok {
		return err
	}
	rule.Debug = fmt.Sprintf("Transaction check failed (tx hash %s) %s", t.ID(), rule.Debug)
	return rule
}

// CheckBlockContext checks what depends on the headers before a block: lock
// times, the height in the coinbase, the witness commitment and the weight
// (Core's ContextualCheckBlock). CheckBlock comes first.
func CheckBlockContext(b *tx.Block, prev Ancestry, p *Params) error {
	height := nextHeight(prev)
	cutoff := int64(b.Header.Time)
	if prev != nil && p.ActiveAt(CSV, height) { // BIP113
		cutoff = MedianTimePast(prev)
	}
	for _, t := range b.Txs {
		if !IsFinal(t, height, cutoff) {
			return Reject(ErrNonFinal, Invalid, "non-final transaction")
		}
	}
	if p.ActiveAt(HeightInCoinbase, height) && !startsWithHeight(b, height) {
		return Reject(ErrCoinbaseHeight, Invalid, "block height mismatch in coinbase")
	}
	if err := checkWitness(b, p.ActiveAt(Segwit, height)); err != nil {
		return err
	}
	// Only now: until the commitment is checked the witness may be padded.
	if b.Weight() > MaxBlockWeight {
		return Reject(ErrBlockWeight, Invalid, "ContextualCheckBlock : weight limit failed")
	}
	return nil
}
