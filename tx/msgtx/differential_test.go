package msgtx

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/tx"
)

// compareTx reads a transaction in both ways. btcsuite takes a transaction without inputs that is not marked for a
// witness, which Core reads as a marker; nothing else that btcsuite reads may be refused, and what both read is alike.
func compareTx(t testing.TB, raw []byte) (read bool) {
	ours, n, err := tx.ParsePrefix(raw)
	theirs := new(wire.MsgTx)
	r := bytes.NewReader(raw)
	theirErr := theirs.Deserialize(r)
	if err != nil {
		if theirErr == nil && len(theirs.TxIn) > 0 {
			t.Fatalf("btcsuite reads what we refuse: %v\n%x", err, raw)
		}
		return false
	}
	if !bytes.Equal(ours.Bytes(), raw[:n]) {
		t.Fatalf("bytes differ from what was read: %x", raw)
	}
	checkRemade(t, ours)
	if theirErr != nil {
		// btcsuite alone limits counts, and what may follow a witness marker.
		if len(ours.Inputs) > 0 && !ours.HasWitness() && len(ours.Inputs) < 1000 {
			t.Fatalf("btcsuite refuses what we read: %v\n%x", theirErr, raw)
		}
		return true
	}
	if len(theirs.TxIn) == 0 {
		return true
	}
	sameAsTheirs(t, ours, theirs)
	if read := len(raw) - r.Len(); read != n {
		t.Fatalf("we took %d bytes, btcsuite %d: %x", n, read, raw)
	}
	return true
}

func checkRemade(t testing.TB, ours *tx.Tx) {
	again := tx.New(ours.Version, ours.Inputs, ours.Outputs, ours.LockTime)
	if len(ours.Inputs) > 0 && (!bytes.Equal(again.Bytes(), ours.Bytes()) || again.ID() != ours.ID()) {
		t.Fatalf("made again from its parts it differs: %x", ours.Bytes())
	}
}

func sameAsTheirs(t testing.TB, ours *tx.Tx, theirs *wire.MsgTx) {
	switch {
	case ours.ID() != tx.Hash(theirs.TxHash()), ours.WitnessID() != tx.Hash(theirs.WitnessHash()):
		t.Fatalf("ids differ: %x", ours.Bytes())
	case ours.StrippedSize() != theirs.SerializeSizeStripped(), ours.Size() != theirs.SerializeSize():
		t.Fatalf("sizes differ: %x", ours.Bytes())
	case len(ours.Inputs) != len(theirs.TxIn), len(ours.Outputs) != len(theirs.TxOut):
		t.Fatalf("counts differ: %x", ours.Bytes())
	}
	for i := range ours.Inputs {
		a, b := &ours.Inputs[i], theirs.TxIn[i]
		if a.PrevOut != (tx.OutPoint{Hash: tx.Hash(b.PreviousOutPoint.Hash), Index: b.PreviousOutPoint.Index}) ||
			a.Sequence != b.Sequence || !bytes.Equal(a.ScriptSig, b.SignatureScript) || len(a.Witness) != len(b.Witness) {
			t.Fatalf("input %d differs: %x", i, ours.Bytes())
		}
		for j := range a.Witness {
			if !bytes.Equal(a.Witness[j], b.Witness[j]) {
				t.Fatalf("witness of input %d differs: %x", i, ours.Bytes())
			}
		}
	}
	for i := range ours.Outputs {
		if a, b := &ours.Outputs[i], theirs.TxOut[i]; a.Value != b.Value || !bytes.Equal(a.PkScript, b.PkScript) {
			t.Fatalf("output %d differs: %x", i, ours.Bytes())
		}
	}
}

// compareBlock does the same for blocks.
func compareBlock(t testing.TB, raw []byte) (read bool) {
	ours, err := tx.ParseBlock(raw)
	theirs := new(wire.MsgBlock)
	r := bytes.NewReader(raw)
	theirErr := theirs.Deserialize(r)
	if err != nil {
		if theirErr == nil && r.Len() == 0 && !anyWithoutInputs(theirs.Transactions) {
			t.Fatalf("btcsuite reads what we refuse: %v\n%x", err, raw)
		}
		return false
	}
	if again := tx.NewBlock(ours.Header, ours.Txs); !bytes.Equal(again.Bytes(), raw) {
		t.Fatalf("made again from its parts it differs: %x", raw)
	}
	if theirErr != nil || anyWithoutInputs(theirs.Transactions) {
		return true
	}
	if ours.Hash() != tx.Hash(theirs.BlockHash()) || ours.StrippedSize() != theirs.SerializeSizeStripped() ||
		ours.Size() != theirs.SerializeSize() || len(ours.Txs) != len(theirs.Transactions) {
		t.Fatalf("hash, sizes or count differ: %x", raw)
	}
	for i := range ours.Txs {
		sameAsTheirs(t, ours.Txs[i], theirs.Transactions[i])
	}
	return true
}

func anyWithoutInputs(txs []*wire.MsgTx) bool {
	for _, t := range txs {
		if len(t.TxIn) == 0 {
			return true
		}
	}
	return false
}

// randomTx is a transaction of any shape.
func randomTx(r *rand.Rand) *tx.Tx {
	blob := func(most int) []byte {
		b := make([]byte, r.IntN(most))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	ins := make([]tx.Input, 1+r.IntN(3))
	witness := r.IntN(2) == 0
	for i := range ins {
		ins[i] = tx.Input{PrevOut: tx.OutPoint{Hash: tx.Hash{byte(i)}, Index: r.Uint32()}, ScriptSig: blob(30), Sequence: r.Uint32()}
		if r.IntN(40) == 0 {
			ins[i].ScriptSig = blob(300)
		}
		for range r.IntN(4) {
			if witness {
				ins[i].Witness = append(ins[i].Witness, blob(20))
			}
		}
	}
	outs := make([]tx.Output, r.IntN(4))
	for i := range outs {
		outs[i] = tx.Output{Value: int64(r.Uint64()), PkScript: blob(30)}
	}
	return tx.New(r.Uint32(), ins, outs, r.Uint32())
}

// damage changes a few bytes, most often those that hold a count, a length or a marker, or cuts.
func damage(r *rand.Rand, raw []byte) []byte {
	raw = append([]byte(nil), raw...)
	for range r.IntN(3) {
		switch i := r.IntN(len(raw)); r.IntN(6) {
		case 0:
			raw[i] = []byte{0, 1, 2, 0xfc, 0xfd, 0xfe, 0xff}[r.IntN(7)]
		case 1:
			raw[i] += byte(r.IntN(3)) - 1
		case 2:
			raw = append(raw[:i], raw[min(len(raw), i+1+r.IntN(3)):]...)
		case 3:
			raw = append(raw[:i:i], append([]byte{byte(r.IntN(3))}, raw[i:]...)...)
		case 4:
			raw[min(len(raw)-1, 4+r.IntN(2))] = byte(r.IntN(4))
		case 5:
			raw = raw[:i]
		}
		if len(raw) == 0 {
			return raw
		}
	}
	return raw
}

func TestTransactionsAreReadAsBtcsuiteReadsThem(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	read, want := 0, testdata.Runs(t, 20_000)
	for range want {
		if compareTx(t, damage(r, randomTx(r).Bytes())) {
			read++
		}
	}
	t.Logf("%d executions, %d read", want, read)
	if read < want/4 || read > want-want/8 {
		t.Errorf("%d of %d were read: the damage is too much or too little", read, want)
	}
}

func TestBlocksAreReadAsBtcsuiteReadsThem(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	read, want := 0, testdata.Runs(t, 10_000)
	for range want {
		txs := make([]*tx.Tx, r.IntN(4))
		for i := range txs {
			txs[i] = randomTx(r)
		}
		h := tx.Header{Version: int32(r.Uint32()), Time: r.Uint32(), Bits: r.Uint32(), Nonce: r.Uint32()}
		if compareBlock(t, damage(r, tx.NewBlock(h, txs).Bytes())) {
			read++
		}
	}
	t.Logf("%d executions, %d read", want, read)
	if read < want/4 || read > want-want/8 {
		t.Errorf("%d of %d were read: the damage is too much or too little", read, want)
	}
}

func FuzzTransactionsAreReadAsBtcsuiteReadsThem(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 12 {
		f.Add(randomTx(r).Bytes())
	}
	f.Fuzz(func(t *testing.T, raw []byte) { compareTx(t, raw) })
}

func FuzzBlocksAreReadAsBtcsuiteReadsThem(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 6 {
		f.Add(tx.NewBlock(tx.Header{}, []*tx.Tx{randomTx(r), randomTx(r)}[:i%3]).Bytes())
	}
	f.Fuzz(func(t *testing.T, raw []byte) { compareBlock(t, raw) })
}
