package consensus_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/tx"
)

// The differential tests compare with btcd's blockchain package on inputs made
// from bytes, so that `go test -fuzz` can steer them. Where btcd and Core are
// known to differ the comparison says so and follows Core.

const smokeRuns = 4000

// differential runs check on random bytes. The seed is fixed: a failure comes
// again.
func differential(t *testing.T, size int, check func(t *testing.T, b []byte)) {
	t.Helper()
	runs := testdata.Runs(t, smokeRuns)
	random := rand.NewChaCha8([32]byte{1})
	b := make([]byte, size)
	for i := range runs {
		if _, err := random.Read(b); err != nil {
			t.Fatal(err)
		}
		check(t, b)
		if t.Failed() {
			t.Fatalf("run %d, input %x", i, b)
		}
	}
	t.Logf("%d runs", runs)
}

// fuzz is the same for the fuzzer.
func fuzz(f *testing.F, size int, check func(t *testing.T, b []byte)) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 16 {
		seed := make([]byte, size)
		for i := range seed {
			seed[i] = byte(random.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(check)
}

// dice turns bytes into decisions; it yields zeros when they are used up.
type dice struct{ b []byte }

func (d *dice) byte() byte {
	if len(d.b) == 0 {
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

// below is a number less than n.
func (d *dice) below(n int) int { return int(d.byte()) % n }

func (d *dice) one(n int) bool { return d.below(n) == 0 }

func (d *dice) u32() uint32 {
	var b [4]byte
	for i := range b {
		b[i] = d.byte()
	}
	return binary.LittleEndian.Uint32(b[:])
}

func (d *dice) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = d.byte()
	}
	return b
}

// value is an amount near one of the limits, or a small one.
func (d *dice) value() int64 {
	switch d.below(8) {
	case 0:
		return consensus.MaxMoney - int64(d.below(3)) + 1
	case 1:
		return int64(d.below(3)) - 1
	case 2:
		return int64(uint64(d.u32())<<32 | uint64(d.u32()))
	default:
		return int64(d.u32())
	}
}

// script is a template, a handful of opcodes, or noise.
func (d *dice) script() []byte {
	push := func(b []byte) []byte { return append([]byte{byte(len(b))}, b...) }
	switch d.below(9) {
	case 0:
		return append(append([]byte{0xa9, 20}, d.bytes(20)...), 0x87)
	case 1:
		return append([]byte{0x00, 20}, d.bytes(20)...)
	case 2:
		return append([]byte{0x00, 32}, d.bytes(32)...)
	case 3:
		return append([]byte{0x51 + byte(d.below(16)), 32}, d.bytes(32)...)
	case 4:
		return push(d.script())
	case 5:
		return append(push(d.bytes(d.below(6))), d.script()...)
	case 6:
		return d.bytes(d.below(40))
	}
	ops := []byte{0xac, 0xad, 0xae, 0xaf, 0x51, 0x52, 0x60, 0x61, 0x00, 0x4c, 0x4d, 0x4e, 0x6a, 0x87}
	s := make([]byte, d.below(12))
	for i := range s {
		s[i] = ops[d.below(len(ops))]
	}
	return s
}

// outPoint repeats itself now and then, and is null now and then.
func (d *dice) outPoint() tx.OutPoint {
	if d.one(24) {
		return tx.OutPoint{Index: tx.NullIndex}
	}
	op := tx.OutPoint{Hash: txid(byte(d.below(40))), Index: uint32(d.below(4))}
	if d.one(40) {
		op.Index = tx.NullIndex
	}
	return op
}

func (d *dice) transaction() *tx.Tx {
	ins := make([]tx.Input, d.below(5))
	if d.one(16) {
		ins = make([]tx.Input, 20+d.below(20))
	}
	for i := range ins {
		ins[i] = tx.Input{PrevOut: d.outPoint(), ScriptSig: d.script(), Sequence: d.u32()}
		for range d.below(8) / 5 {
			ins[i].Witness = append(ins[i].Witness, d.script())
		}
	}
	outs := make([]tx.Output, d.below(4))
	for i := range outs {
		outs[i] = tx.Output{Value: d.value(), PkScript: d.script()}
	}
	return tx.New(uint32(d.below(3)), ins, outs, 0)
}

// likely is a transaction that is probably fine.
func (d *dice) likely() *tx.Tx {
	ins := make([]tx.Input, 1+d.below(3))
	base := d.u32()
	for i := range ins {
		ins[i] = tx.Input{PrevOut: tx.OutPoint{Hash: txid(9), Index: base ^ uint32(i)}, ScriptSig: d.script()}
	}
	if d.one(3) {
		ins[0].Witness = [][]byte{d.bytes(3)}
	}
	return tx.New(2, ins, []tx.Output{{Value: int64(d.u32()), PkScript: d.script()}}, 0)
}
