package consensus_test

import (
	"bytes"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

func TestABlockByItselfBreaksTheRuleItShould(t *testing.T) {
	p := params(t, "regtest")
	prev := chainOf(p, 5, 600, 4).tip()
	cb := coinbase(6, halfCoin)
	a, b, c := spend(1, manyOutpoints(1)...), spend(2, manyOutpoints(2)[1]), spend(3, manyOutpoints(3)[2])
	unsolved := func() *tx.Block {
		h := headerOn(prev)
		h.MerkleRoot = cb.ID()
		for consensus.CheckHeader(&h, h.Hash(), p) == nil {
			h.Nonce++
		}
		return tx.NewBlock(h, []*tx.Tx{cb})
	}
	with := func(change func(h *tx.Header), txs ...*tx.Tx) *tx.Block {
		h := headerOn(prev)
		change(&h)
		return seal(t, p, h, txs...)
	}
	as := func(*tx.Header) {}
	sigOps := func(n int) *tx.Tx {
		return tx.New(2, a.Inputs, []tx.Output{{PkScript: bytes.Repeat([]byte{0xac}, n)}}, 0)
	}
	large := func(n int) *tx.Tx { return tx.New(2, a.Inputs, []tx.Output{{PkScript: make([]byte, n)}}, 0) }
	rows := []struct {
		what   string
		b      *tx.Block
		want   consensus.Kind
		result consensus.Result
	}{
		{"a good block", with(as, cb, a, b), "", consensus.Valid},
		{"a hash above the target", unsolved(), consensus.ErrHighHash, consensus.HeaderInvalid},
		{"a merkle root of something else", with(func(h *tx.Header) { h.MerkleRoot = txid(9) }, cb), consensus.ErrBadMerkleRoot, consensus.Mutated},
		{"the last transaction twice, as the tree doubles it", seal(t, p, func() tx.Header {
			h := headerOn(prev)
			h.MerkleRoot, _ = tx.MerkleRoot(idsOf([]*tx.Tx{cb, a, b}))
			return h
		}(), cb, a, b, b), consensus.ErrDuplicateTxs, consensus.Mutated},
		{"no transaction", with(as), consensus.ErrBlockLength, consensus.Invalid},
		{"more than a million bytes without witness", with(as, cb, large(500_000), large(500_000)), consensus.ErrBlockLength, consensus.Invalid},
		{"no coinbase", with(as, a, b), consensus.ErrCoinbaseMissing, consensus.Invalid},
		{"two coinbases", with(as, cb, a, coinbase(7, 1)), consensus.ErrCoinbaseMultiple, consensus.Invalid},
		{"a transaction that breaks a rule", with(as, cb, a, spend(-1, manyOutpoints(1)...)), consensus.ErrValueNegative, consensus.Invalid},
		{"20,000 signature operations", with(as, cb, sigOps(20_000)), "", consensus.Valid},
		{"20,001 signature operations", with(as, cb, sigOps(20_000), c, tx.New(2, b.Inputs, []tx.Output{{PkScript: []byte{0xac}}}, 0)),
			consensus.ErrSigOps, consensus.Invalid},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			wantRule(t, consensus.CheckBlock(row.b, p), row.want, row.result)
		})
	}
	if err := consensus.CheckUnsolvedBlock(unsolved()); err != nil {
		t.Errorf("a template without proof of work: %v", err)
	}
}

func TestABlockInItsPlaceBreaksTheRuleItShould(t *testing.T) {
	p := params(t, "regtest")
	chain := chainOf(p, 20, 600, 4)
	prev := chain.tip()
	const height = 21
	locked := func(lockTime, sequence uint32) *tx.Tx {
		return tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Hash: txid(1)}, Sequence: sequence}},
			[]tx.Output{{Value: 1, PkScript: anyoneCan}}, lockTime)
	}
	mtp := uint32(consensus.MedianTimePast(prev))
	blockTime := headerOn(prev).Time
	nonce := make([]byte, 32)
	plain := spend(1, manyOutpoints(1)...)
	segwit := withWitness(plain, []byte{1})
	otherWitness := withWitness(plain, []byte{2})
	cb := coinbase(height, halfCoin)
	bad := func(reserved ...[]byte) *tx.Tx { return committed(height, halfCoin, []*tx.Tx{segwit}, reserved) }
	good := bad(nonce)
	// The last commitment counts: this coinbase has a wrong one before it.
	wrongFirst := coinbaseWith(good.Inputs[0].ScriptSig, [][]byte{nonce}, []tx.Output{
		{PkScript: consensus.WitnessCommitmentScript([]*tx.Tx{nil, otherWitness}, [32]byte{})}, good.Outputs[1]})
	wrongLast := coinbaseWith(good.Inputs[0].ScriptSig, [][]byte{nonce}, []tx.Output{
		good.Outputs[1], {PkScript: consensus.WitnessCommitmentScript([]*tx.Tx{nil, otherWitness}, [32]byte{})}})
	padded := withWitness(plain, make([]byte, 4_000_000))
	late := params(t, "regtest", consensus.WithActivationHeight("csv@100"), consensus.WithActivationHeight("segwit@100"),
		consensus.WithActivationHeight("bip34@100"))
	rows := []struct {
		what   string
		p      *consensus.Params
		txs    []*tx.Tx
		want   consensus.Kind
		result consensus.Result
	}{
		{"a good block", p, []*tx.Tx{cb, plain}, "", consensus.Valid},
		{"locked until the height before", p, []*tx.Tx{cb, locked(height-1, 0)}, "", consensus.Valid},
		{"locked at its height", p, []*tx.Tx{cb, locked(height, 0)}, consensus.ErrNonFinal, consensus.Invalid},
		{"locked, but its input is final", p, []*tx.Tx{cb, locked(height, consensus.SequenceFinal)}, "", consensus.Valid},
		{"locked until before the median time past", p, []*tx.Tx{cb, locked(mtp-1, 0)}, "", consensus.Valid},
		{"locked at the median time past", p, []*tx.Tx{cb, locked(mtp, 0)}, consensus.ErrNonFinal, consensus.Invalid},
		{"before BIP113 the block's own time counts", late, []*tx.Tx{cb, locked(blockTime-1, 0)}, "", consensus.Valid},
		{"before BIP113, locked at the block's time", late, []*tx.Tx{cb, locked(blockTime, 0)}, consensus.ErrNonFinal, consensus.Invalid},
		{"another height in the coinbase", p, []*tx.Tx{coinbase(height+1, 1)}, consensus.ErrCoinbaseHeight, consensus.Invalid},
		{"before BIP34 the coinbase says what it likes", late, []*tx.Tx{coinbase(height+1, 1)}, "", consensus.Valid},
		{"no height in the coinbase", p, []*tx.Tx{coinbaseWith([]byte{1, 1}, nil, cb.Outputs)}, consensus.ErrCoinbaseHeight, consensus.Invalid},
		{"a witness with its commitment", p, []*tx.Tx{good, segwit}, "", consensus.Valid},
		{"a commitment without any witness", p, []*tx.Tx{committed(height, 1, []*tx.Tx{plain}, [][]byte{nonce}), plain}, "", consensus.Valid},
		{"a witness without commitment", p, []*tx.Tx{cb, segwit}, consensus.ErrUnexpectedWitness, consensus.Mutated},
		{"a witness before segwit", late, []*tx.Tx{good, segwit}, consensus.ErrUnexpectedWitness, consensus.Mutated},
		{"another witness", p, []*tx.Tx{good, otherWitness}, consensus.ErrWitnessMerkle, consensus.Mutated},
		{"no reserved value", p, []*tx.Tx{bad(), segwit}, consensus.ErrWitnessNonceSize, consensus.Mutated},
		{"a reserved value of 31 bytes", p, []*tx.Tx{bad(nonce[1:]), segwit}, consensus.ErrWitnessNonceSize, consensus.Mutated},
		{"two reserved values", p, []*tx.Tx{bad(nonce, nonce), segwit}, consensus.ErrWitnessNonceSize, consensus.Mutated},
		{"the last of two commitments is right", p, []*tx.Tx{wrongFirst, segwit}, "", consensus.Valid},
		{"the last of two commitments is wrong", p, []*tx.Tx{wrongLast, segwit}, consensus.ErrWitnessMerkle, consensus.Mutated},
		{"too much weight", p, []*tx.Tx{committed(height, 1, []*tx.Tx{padded}, [][]byte{nonce}), padded}, consensus.ErrBlockWeight, consensus.Invalid},
		{"too much weight, but mutated: that is told first", p, []*tx.Tx{good, padded}, consensus.ErrWitnessMerkle, consensus.Mutated},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			b := seal(t, p, headerOn(prev), row.txs...)
			wantRule(t, consensus.CheckBlock(b, p), "", consensus.Valid)
			wantRule(t, consensus.CheckBlockContext(b, prev, row.p), row.want, row.result)
		})
	}
}

func TestAMutatedBlockIsToldFromAnInvalidOne(t *testing.T) {
	p := params(t, "regtest")
	prev := chainOf(p, 1, 600, 4).tip()
	cb, a := coinbase(2, 1), spend(1, manyOutpoints(1)...)
	// A transaction of exactly 64 bytes without witness.
	node := tx.New(2, a.Inputs, []tx.Output{{PkScript: make([]byte, 4)}}, 0)
	if node.StrippedSize() != 64 {
		t.Fatalf("%d bytes", node.StrippedSize())
	}
	h := headerOn(prev)
	doubled := h
	doubled.MerkleRoot, _ = tx.MerkleRoot(idsOf([]*tx.Tx{cb, a, node}))
	wrong := h
	wrong.MerkleRoot = txid(5)
	rows := []struct {
		what    string
		b       *tx.Block
		mutated bool
	}{
		{"a good block", seal(t, p, h, cb, a), false},
		{"another merkle root", seal(t, p, wrong, cb, a), true},
		{"a doubled transaction", seal(t, p, doubled, cb, a, node, node), true},
		{"a witness nobody committed to", seal(t, p, h, cb, withWitness(a, []byte{1})), true},
		{"64 bytes in place of a coinbase", seal(t, p, h, node), true},
		{"no coinbase, but no 64 bytes either", seal(t, p, h, a), false},
		{"64 bytes behind a coinbase", seal(t, p, h, cb, node), false},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			err := consensus.CheckMutation(row.b, true)
			if (err != nil) != row.mutated {
				t.Fatalf("says %v", err)
			}
			if err != nil && consensus.ResultOf(err).Permanent() {
				t.Fatal("a mutation was held against the block")
			}
		})
	}
}

func TestTheHeightIsPushedAsCoreWritesIt(t *testing.T) {
	rows := []struct {
		height int32
		want   []byte
	}{
		{0, []byte{0x00}}, {1, []byte{0x51}}, {16, []byte{0x60}}, {17, []byte{1, 17}}, {127, []byte{1, 127}},
		{128, []byte{2, 0x80, 0}}, {255, []byte{2, 0xff, 0}}, {256, []byte{2, 0, 1}}, {32767, []byte{2, 0xff, 0x7f}},
		{32768, []byte{3, 0, 0x80, 0}}, {227931, []byte{3, 0x5b, 0x7a, 3}}, {0x7fffffff, []byte{4, 0xff, 0xff, 0xff, 0x7f}},
	}
	for _, row := range rows {
		if got := consensus.AppendHeight(nil, row.height); !bytes.Equal(got, row.want) {
			t.Errorf("height %d is pushed as %x, want %x", row.height, got, row.want)
		}
	}
}
