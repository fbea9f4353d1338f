package rpc

import (
	"context"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

// BenchmarkCall is what the dialect and the registry cost a call that does
// nothing: 2.0 with named arguments.
func BenchmarkCall(b *testing.B) {
	s := toyServer(b, nil)
	body := []byte(`{"jsonrpc":"2.0","id":1,"method":"add","params":{"a":2,"b":3}}`)
	b.ReportAllocs()
	for b.Loop() {
		if status, _ := s.answer(context.Background(), "u", body); status != 200 {
			b.Fatal(status)
		}
	}
}

// BenchmarkDescribeTx is one transaction of getblock 2, an input and two outputs.
func BenchmarkDescribeTx(b *testing.B) {
	pkScript := append([]byte{0x00, 0x14}, make([]byte, 20)...)
	in := tx.Input{PrevOut: tx.OutPoint{Hash: tx.Hash{1}}, Witness: [][]byte{make([]byte, 71), make([]byte, 33)}}
	t := tx.New(2, []tx.Input{in}, []tx.Output{{Value: 1, PkScript: pkScript}, {Value: 2, PkScript: pkScript}}, 0)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encode(describeTx(t, "main", true, nil, false)); err != nil {
			b.Fatal(err)
		}
	}
}
