package tx

import (
	"encoding/binary"
	"runtime"
	"testing"
)

// taken is how many bytes of heap reading takes for each byte read.
func taken(t *testing.T, raw []byte) float64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b, err := ParseBlock(raw)
	runtime.ReadMemStats(&after)
	if err == nil && len(b.Bytes()) != len(raw) {
		t.Fatal("read something else")
	}
	return float64(after.TotalAlloc-before.TotalAlloc) / float64(len(raw))
}

// hostile is a block header, one transaction up to where it hides its counts,
// and then the given bytes.
func hostile(rest ...[]byte) []byte {
	raw := append(make([]byte, HeaderSize), 1)
	raw = binary.LittleEndian.AppendUint32(raw, 2)
	for _, r := range rest {
		raw = append(raw, r...)
	}
	return raw
}

// What a stranger sends takes memory in proportion to its bytes, whatever it
// claims to hold.
func TestHostileCountsTakeBoundedMemory(t *testing.T) {
	const million = 1_000_000
	in, out := make([]byte, 41), make([]byte, 9)
	head := append([]byte{0, 1, 1}, in...)
	head = append(head, 0) // no outputs
	empties := append(AppendCompactSize(nil, 4*million), make([]byte, 4*million+4)...)
	manyTxs := append(make([]byte, HeaderSize), AppendCompactSize(nil, million/10)...)
	manyTxs = append(manyTxs, make([]byte, million)...)
	outs := append([]byte{1}, in...)
	outs = AppendCompactSize(outs, million/9)
	for range million / 9 {
		outs = append(outs, out...)
	}
	rows := []struct {
		what string
		raw  []byte
		most float64 // bytes for each byte read
	}{
		{"four million witness items of no bytes", hostile(head, empties), 25},
		{"as many items, and one missing", hostile(head, empties[:len(empties)-5]), 0.01},
		{"two billion outputs and no byte of them", hostile([]byte{1}, in, []byte{0xfe, 0, 0, 0, 2}), 100},
		{"the smallest outputs", hostile(outs, make([]byte, 4)), 4},
		{"the smallest transactions", manyTxs, 20},
	}
	for _, row := range rows {
		if got := taken(t, row.raw); got > row.most {
			t.Errorf("%s: %.1f bytes for each of %d, want at most %.0f", row.what, got, len(row.raw), row.most)
		} else {
			t.Logf("%s: %.2f bytes for each of %d", row.what, got, len(row.raw))
		}
	}
}

func TestABlocksRootsAreThoseOfItsIDs(t *testing.T) {
	var txs []*Tx
	for i := range 7 {
		b := NewBlock(Header{}, txs)
		ids, witness := make([]Hash, len(txs)), make([]Hash, len(txs))
		for j, t := range txs {
			ids[j] = t.ID()
			if j > 0 {
				witness[j] = t.WitnessID()
			}
		}
		want, _ := MerkleRoot(ids)
		wantWitness, _ := MerkleRoot(witness)
		for range 2 { // computed, and remembered
			root, mutated := b.MerkleRoot()
			if root != want || mutated || b.WitnessMerkleRoot() != wantWitness {
				t.Fatalf("%d transactions: roots differ", len(txs))
			}
		}
		txs = append(txs, New(uint32(i), []Input{{Witness: [][]byte{{byte(i)}}}}, nil, 0))
	}
	twins := NewBlock(Header{}, append(txs[:7:7], txs[6]))
	if _, mutated := twins.MerkleRoot(); !mutated {
		t.Fatal("the doubled last transaction is not seen")
	}
}
