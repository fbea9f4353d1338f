package script

import (
	"crypto/sha256"
	"sync"

	"github.com/troupe-node/troupe/tx"
)

// TxContext is a transaction with the outputs it spends, ready to be verified. Hashes that its inputs share are
// computed once, by the first input that needs them; different inputs may be verified by different goroutines.
type TxContext struct {
	tx    *tx.Tx
	spent []tx.Output

	sharedOnce  sync.Once
	taprootOnce sync.Once
	shared      sharedHashes
	taproot     taprootHashes
}

// sharedHashes are the parts of the BIP143 and BIP341 signature hashes that depend on the whole transaction: the
// single hashes of BIP341, and the double hashes of BIP143 over the same bytes.
type sharedHashes struct {
	prevOuts, sequences, outputs    [32]byte
	prevOuts2, sequences2, outputs2 [32]byte
}

// taprootHashes cover the spent outputs, which only BIP341 signs.
type taprootHashes struct {
	amounts, scripts [32]byte
}

// NewTxContext prepares t, whose input i spends spent[i]. Both are kept and must not change.
func NewTxContext(t *tx.Tx, spent []tx.Output) *TxContext {
	return &TxContext{tx: t, spent: spent}
}

// sharedMidstates returns the hashes BIP143 and BIP341 have in common.
func (c *TxContext) sharedMidstates() *sharedHashes {
	c.sharedOnce.Do(c.computeShared)
	return &c.shared
}

// taprootMidstates returns those that only BIP341 has.
func (c *TxContext) taprootMidstates() *taprootHashes {
	c.taprootOnce.Do(c.computeTaproot)
	return &c.taproot
}

func (c *TxContext) computeShared() {
	h := getHasher()
	defer hasherPool.Put(h)
	for i := range c.tx.Inputs {
		h.outPoint(&c.tx.Inputs[i].PrevOut)
	}
	h.single(&c.shared.prevOuts)
	h.reset()
	for i := range c.tx.Inputs {
		h.uint32(c.tx.Inputs[i].Sequence)
	}
	h.single(&c.shared.sequences)
	h.reset()
	for i := range c.tx.Outputs {
		h.output(&c.tx.Outputs[i])
	}
	h.single(&c.shared.outputs)
	c.shared.prevOuts2 = sha256.Sum256(c.shared.prevOuts[:])
	c.shared.sequences2 = sha256.Sum256(c.shared.sequences[:])
	c.shared.outputs2 = sha256.Sum256(c.shared.outputs[:])
}

func (c *TxContext) computeTaproot() {
	h := getHasher()
	defer hasherPool.Put(h)
	for i := range c.spent {
		h.uint64(uint64(c.spent[i].Value))
	}
	h.single(&c.taproot.amounts)
	h.reset()
	for i := range c.spent {
		h.varBytes(c.spent[i].PkScript)
	}
	h.single(&c.taproot.scripts)
}

var hasherPool = sync.Pool{New: func() any { return new(hasher) }}

func getHasher() *hasher {
	h := hasherPool.Get().(*hasher)
	h.reset()
	return h
}
