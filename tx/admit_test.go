package tx

import (
	"errors"
	"testing"
)

// TestMemoryIsAskedForBeforeItIsTaken: who parses for strangers hears how much a block
// will take, and a refusal costs nothing.
func TestMemoryIsAskedForBeforeItIsTaken(t *testing.T) {
	const items = 100_000
	raw := append([]byte{0, 1, 1}, make([]byte, 41)...)
	raw = AppendCompactSize(append(raw, 0), items)
	block := hostile(raw, make([]byte, items+4))
	refused := errors.New("not now")
	asked := 0
	admit := func(n int) error {
		asked = n
		return refused
	}
	if b, err := ParseBlockIf(block, admit); b != nil || !errors.Is(err, refused) {
		t.Fatalf("block %v, error %v", b, err)
	}
	if took := int(taken(t, block) * float64(len(block))); asked < items*24 || asked < took*9/10 {
		t.Errorf("asked for %d bytes, took %d", asked, took)
	}
	if _, _, err := ParsePrefixIf(block[HeaderSize+1:], admit); !errors.Is(err, refused) {
		t.Errorf("transaction: %v", err)
	}
	if b, err := ParseBlockIf(block, func(int) error { return nil }); err != nil || len(b.Txs) != 1 {
		t.Errorf("admitted: %v", err)
	}
}
