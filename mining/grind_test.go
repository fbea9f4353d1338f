package mining

import (
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// hard is a template that takes about 2^bits hashes.
func hard(bits uint) *Template {
	target := tx.Hash{}
	for i := range target {
		target[i] = 0xff
	}
	for i := uint(0); i < bits; i++ {
		target[31-i/8] >>= 1
	}
	return &Template{Block: tx.NewBlock(tx.Header{Version: 1, Time: 7}, nil), Target: target}
}

func TestGrindingFindsWhatIsLowEnough(t *testing.T) {
	for _, c := range []struct {
		bits  uint
		cores int
	}{{0, 1}, {8, 1}, {18, 1}, {18, 4}} {
		tmpl := hard(c.bits)
		b, tried := GrindAll(tmpl, 1<<32, c.cores, func() bool { return false })
		if b == nil || tried == 0 {
			t.Fatalf("%d bits on %d cores: nothing found after %d", c.bits, c.cores, tried)
		}
		if hash := b.Hash(); !atMost(&hash, &tmpl.Target) {
			t.Fatalf("%s is above %s", hash, tmpl.Target)
		}
	}
}

func TestGrindingEndsWithItsTriesAndWhenItIsTold(t *testing.T) {
	impossible := hard(255)
	if b, tried := GrindAll(impossible, 10, 2, func() bool { return false }); b != nil || tried != 10 {
		t.Fatal(tried)
	}
	if b, tried := GrindAll(impossible, 200_000, 2, func() bool { return false }); b != nil || tried != 200_000 {
		t.Fatal(tried)
	}
	if b, tried := GrindAll(impossible, 1<<40, 2, func() bool { return true }); b != nil || tried != grindSlice {
		t.Fatal(tried)
	}
	h := tx.Header{Nonce: 0xfffffffe}
	if found, exhausted := Grind(&h, &impossible.Target, 10); found || !exhausted {
		t.Fatal("there are nonces left")
	}
}

func TestTheTargetIsThatOfTheBits(t *testing.T) {
	h := targetHash(0x1d00ffff)
	if h[27] != 0xff || h[26] != 0xff || h[28] != 0 || h[25] != 0 {
		t.Fatalf("%x", h)
	}
	target, _, _ := consensus.TargetFromBits(0x207fffff)
	if got := targetHash(0x207fffff); consensus.Uint256FromHash(&got) != target {
		t.Fatal(got)
	}
}

func BenchmarkGrind(b *testing.B) {
	t := hard(255)
	h := t.Block.Header
	b.ReportAllocs()
	for b.Loop() {
		Grind(&h, &t.Target, 1)
	}
}
