package consensus_test

import (
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// anyoneCan is OP_TRUE.
var anyoneCan = []byte{0x51}

const halfCoin = consensus.SatsPerCoin / 2

func txid(n byte) tx.Hash { return tx.Hash{n, 0xee} }

// spend makes a transaction that spends what the outpoints name.
func spend(value int64, ops ...tx.OutPoint) *tx.Tx {
	ins := make([]tx.Input, len(ops))
	for i, op := range ops {
		ins[i] = tx.Input{PrevOut: op, Sequence: consensus.SequenceFinal}
	}
	return tx.New(2, ins, []tx.Output{{Value: value, PkScript: anyoneCan}}, 0)
}

// coinbase makes a coinbase for a height, with further outputs behind its pay.
func coinbase(height int32, value int64, more ...tx.Output) *tx.Tx {
	sig := append(consensus.AppendHeight(nil, height), 0x51)
	return coinbaseWith(sig, nil, append([]tx.Output{{Value: value, PkScript: anyoneCan}}, more...))
}

func coinbaseWith(sig []byte, witness [][]byte, outs []tx.Output) *tx.Tx {
	return tx.New(1, []tx.Input{{PrevOut: tx.OutPoint{Index: tx.NullIndex}, ScriptSig: sig,
		Sequence: consensus.SequenceFinal, Witness: witness}}, outs, 0)
}

// committed makes a coinbase that commits to the witnesses of the others.
func committed(height int32, value int64, others []*tx.Tx, reserved [][]byte) *tx.Tx {
	var nonce [32]byte
	script := consensus.WitnessCommitmentScript(append([]*tx.Tx{nil}, others...), nonce)
	sig := append(consensus.AppendHeight(nil, height), 0x51)
	return coinbaseWith(sig, reserved, []tx.Output{{Value: value, PkScript: anyoneCan}, {PkScript: script}})
}

// withWitness is t with a witness on its first input.
func withWitness(t *tx.Tx, items ...[]byte) *tx.Tx {
	ins := append([]tx.Input(nil), t.Inputs...)
	ins[0].Witness = items
	return tx.New(t.Version, ins, t.Outputs, t.LockTime)
}

func idsOf(txs []*tx.Tx) []tx.Hash {
	ids := make([]tx.Hash, len(txs))
	for i, t := range txs {
		ids[i] = t.ID()
	}
	return ids
}

// seal makes a block of the transactions and grinds its nonce; a header with
// a merkle root keeps it.
func seal(t testing.TB, p *consensus.Params, h tx.Header, txs ...*tx.Tx) *tx.Block {
	t.Helper()
	if h.MerkleRoot.IsZero() {
		h.MerkleRoot, _ = tx.MerkleRoot(idsOf(txs))
	}
	for consensus.CheckHeader(&h, h.Hash(), p) != nil {
		if h.Nonce++; h.Nonce == 0 {
			t.Fatal("no nonce solves the header")
		}
	}
	return tx.NewBlock(h, txs)
}

// headerOn is a header for regtest on top of prev.
func headerOn(prev consensus.Ancestry) tx.Header {
	return tx.Header{Version: 4, Prev: prev.Hash(), Time: prev.Time() + 600, Bits: prev.Bits()}
}
