package tx

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// anyTx draws a transaction of any shape with at least one input.
func anyTx(t *rapid.T) *Tx {
	script := rapid.SliceOfN(rapid.Byte(), 0, 300)
	ins := make([]Input, rapid.IntRange(1, 4).Draw(t, "inputs"))
	for i := range ins {
		ins[i] = Input{
			PrevOut:   OutPoint{Index: rapid.Uint32().Draw(t, "index")},
			ScriptSig: script.Draw(t, "scriptSig"),
			Sequence:  rapid.Uint32().Draw(t, "sequence"),
			Witness:   rapid.SliceOfN(script, 0, 3).Draw(t, "witness"),
		}
	}
	outs := make([]Output, rapid.IntRange(0, 4).Draw(t, "outputs"))
	for i := range outs {
		outs[i] = Output{Value: rapid.Int64().Draw(t, "value"), PkScript: script.Draw(t, "pkScript")}
	}
	return New(rapid.Uint32().Draw(t, "version"), ins, outs, rapid.Uint32().Draw(t, "lockTime"))
}

func sameTx(t *rapid.T, got, want *Tx) {
	if !bytes.Equal(got.Bytes(), want.Bytes()) || got.ID() != want.ID() || got.WitnessID() != want.WitnessID() {
		t.Fatal("bytes or ids differ")
	}
	if got.Weight() != want.Weight() || got.HasWitness() != want.HasWitness() || got.VSize() != want.VSize() {
		t.Fatal("weights differ")
	}
	if !bytes.Equal(got.StrippedBytes(), want.StrippedBytes()) || len(got.StrippedBytes()) != got.StrippedSize() {
		t.Fatal("stripped forms differ")
	}
}

func TestATransactionMadeFromPartsReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyTx(t)
		got, err := Parse(want.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		sameTx(t, got, want)
		bare, err := ParseStripped(want.StrippedBytes())
		if err != nil || bare.ID() != want.ID() || bare.HasWitness() {
			t.Fatalf("stripped form reads differently: %v", err)
		}
	})
}

func TestABlockMadeFromPartsReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		txs := make([]*Tx, rapid.IntRange(0, 5).Draw(t, "txs"))
		for i := range txs {
			txs[i] = anyTx(t)
		}
		want := NewBlock(Header{Version: 4, Time: 1, Bits: 2, Nonce: 3}, txs)
		got, err := ParseBlock(want.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if got.Hash() != want.Hash() || got.Weight() != want.Weight() || got.Header != want.Header {
			t.Fatal("hash, weight or header differ")
		}
		for i := range txs {
			sameTx(t, got.Txs[i], txs[i])
		}
		if got := len(want.AppendStripped(nil)); got != want.StrippedSize() {
			t.Fatalf("stripped block has %d bytes, want %d", got, want.StrippedSize())
		}
	})
}

func TestEveryTruncationIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := anyTx(t).Bytes()
		cut := rapid.IntRange(0, len(raw)-1).Draw(t, "cut")
		if _, err := Parse(raw[:cut]); err == nil {
			t.Fatalf("read %d of %d bytes", cut, len(raw))
		}
	})
}

func TestBadTransactionsAreNamed(t *testing.T) {
	const tail = "00000000"
	in := "00000000000000000000000000000000000000000000000000000000000000000000000000ffffffff"
	rows := []struct {
		why, raw string
		want     error
	}{
		{"nothing at all", "", ErrTruncated},
		{"four billion inputs and no bytes", "01000000" + "fe00000001", ErrTruncated},
		{"a count above every limit", "01000000" + "ff0000000001000000", ErrOversize},
		{"a count in a lengthy form", "01000000" + "fd0100" + in + "00" + tail, ErrNonCanonical},
		{"a witness marker without witness", "01000000" + "0001" + "01" + in + "00" + "00" + tail, ErrSuperfluousWitness},
		{"a marker with an unknown flag", "01000000" + "0002" + "01" + in + "00" + tail, ErrUnknownFlags},
		{"a marker with witness and unknown flag", "01000000" + "0003" + "01" + in + "00" + "0100" + tail, ErrUnknownFlags},
		{"a byte too many", "01000000" + "01" + in + "00" + tail + "00", ErrTrailing},
	}
	for _, row := range rows {
		if _, err := Parse(unhex(t, row.raw)); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.why, err, row.want)
		}
	}
}

func TestATransactionWithoutInputsNeedsTheStrippedForm(t *testing.T) {
	bare := New(2, nil, []Output{{Value: 1, PkScript: []byte{0x51}}}, 7)
	if _, err := Parse(bare.Bytes()); err == nil {
		t.Fatal("the witness form reads an output count as a marker, so this must fail")
	}
	got, err := ParseStripped(bare.Bytes())
	if err != nil || got.ID() != bare.ID() || len(got.Outputs) != 1 {
		t.Fatalf("got %v, %v", got, err)
	}
}

func TestCompactSizesAreCanonicalAndBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Uint64().Draw(t, "v")
		b := AppendCompactSize(nil, v)
		if len(b) != CompactSizeLen(v) {
			t.Fatal("length differs")
		}
		got, n, err := ReadCompactSize(b)
		if v > MaxSize {
			if !errors.Is(err, ErrOversize) {
				t.Fatalf("%d: %v", v, err)
			}
			return
		}
		if err != nil || got != v || n != len(b) {
			t.Fatalf("%d read as %d, %d, %v", v, got, n, err)
		}
	})
}

func TestMerkleRootSeesTheDoubledRow(t *testing.T) {
	a, b, c := Hash{1}, Hash{2}, Hash{3}
	odd, mutated := MerkleRoot([]Hash{a, b, c})
	if mutated {
		t.Fatal("an honest list of three was called mutated")
	}
	twin, mutated := MerkleRoot([]Hash{a, b, c, c})
	if twin != odd || !mutated {
		t.Fatal("the doubled last pair has the same root and must be called mutated")
	}
	if root, _ := MerkleRoot([]Hash{a}); root != a {
		t.Fatal("the root of one is itself")
	}
	if root, _ := MerkleRoot(nil); !root.IsZero() {
		t.Fatal("the root of nothing is zero")
	}
}

func TestHashesReadAndPrintReversed(t *testing.T) {
	const s = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
	h, err := ParseHash(s)
	if err != nil || h.String() != s || h[31] != 0 || h[0] != 0x6f {
		t.Fatalf("%v %v", h, err)
	}
	for _, bad := range []string{"", s[1:], s + "00", "zz" + s[2:]} {
		if _, err := ParseHash(bad); err == nil {
			t.Errorf("%q was read as a hash", bad)
		}
	}
}

func FuzzParseBlock(f *testing.F) {
	f.Add(NewBlock(Header{}, []*Tx{New(1, make([]Input, 1), make([]Output, 1), 0)}).Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := ParseBlock(raw)
		if err != nil {
			return
		}
		if again := NewBlock(b.Header, b.Txs); !bytes.Equal(again.Bytes(), raw) {
			t.Fatal("made again from its parts the block differs")
		}
	})
}
