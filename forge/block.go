package forge

import (
	"encoding/binary"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// BlockOptions are what a block can be given beyond its place.
type BlockOptions struct {
	Payee      *Key        // of the reward, as P2WPKH; nil: the forge's key of the height
	Fees       int64       // of the transactions, claimed by the coinbase, in satoshis
	ExtraNonce uint64      // tells blocks apart that are equal otherwise
	Outputs    []tx.Output // more coinbase outputs
}

// Block makes a solved block of the transactions on top of the header with hash
// prev: coinbase with its height (BIP34), witness commitment (BIP141) and proof
// of work.
func (f *Forge) Block(prev tx.Hash, height int32, time uint32, txs []*tx.Tx, opts BlockOptions) *tx.Block {
	payee := opts.Payee
	if payee == nil {
		payee = f.Key(uint64(height))
	}
	all := make([]*tx.Tx, 1, len(txs)+1)
	all = append(all, txs...)
	all[0] = f.coinbase(all, height, payee, &opts)
	ids := make([]tx.Hash, len(all))
	for i, t := range all {
		ids[i] = t.ID()
	}
	root, _ := tx.MerkleRoot(ids)
	header := tx.Header{
		Version:    0x20000000,
		Prev:       prev,
		MerkleRoot: root,
		Time:       time,
		Bits:       f.params.Genesis.Header.Bits,
	}
	f.solve(&header)
	return tx.NewBlock(header, all)
}

// coinbase ignores the first of the transactions, whose place it takes.
func (f *Forge) coinbase(all []*tx.Tx, height int32, payee *Key, opts *BlockOptions) *tx.Tx {
	sig := consensus.AppendHeight(nil, height)
	// Without a push behind it the script of a low height were too short.
	sig = append(sig, 8)
	sig = binary.LittleEndian.AppendUint64(sig, opts.ExtraNonce)
	var reserved [32]byte
	in := []tx.Input{{
		PrevOut:   tx.OutPoint{Index: tx.NullIndex},
		ScriptSig: sig,
		Sequence:  0xffffffff,
		Witness:   [][]byte{reserved[:]},
	}}
	out := []tx.Output{{Value: consensus.Subsidy(height, f.params) + opts.Fees, PkScript: payee.Script(P2WPKH)}}
	out = append(out, opts.Outputs...)
	out = append(out, tx.Output{PkScript: consensus.WitnessCommitmentScript(all, reserved)})
	return tx.New(2, in, out, 0)
}

// solve counts the nonce up to a hash below the target, on regtest about two
// tries.
func (f *Forge) solve(h *tx.Header) {
	for consensus.CheckHeader(h, h.Hash(), f.params) != nil {
		h.Nonce++
	}
}
