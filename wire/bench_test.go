package wire

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

func benchInv() *Inv {
	m := &Inv{make([]InvVect, MaxInv)}
	for i := range m.List {
		m.List[i].Type = InvWTx
		binary.LittleEndian.PutUint64(m.List[i].Hash[:], uint64(i))
	}
	return m
}

func benchHeaders() *Headers {
	m := &Headers{make([]tx.Header, MaxHeaders)}
	for i := range m.Headers {
		m.Headers[i].Nonce = uint32(i)
	}
	return m
}

// benchBlock is about the size of a full block: 2500 transactions of two
// inputs and two outputs with witnesses.
func benchBlock() *Block {
	txs := make([]*tx.Tx, 2500)
	script, sig := make([]byte, 22), make([]byte, 72)
	for i := range txs {
		in := make([]tx.Input, 2)
		for j := range in {
			in[j] = tx.Input{PrevOut: tx.OutPoint{Index: uint32(i)}, Witness: [][]byte{sig, sig[:33]}}
		}
		txs[i] = tx.New(2, in, []tx.Output{{Value: 1, PkScript: script}, {Value: 2, PkScript: script}}, 0)
	}
	return &Block{tx.NewBlock(tx.Header{}, txs)}
}

func benchEncode(b *testing.B, m Message) {
	buf := Append(nil, mainnet, m)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = Append(buf[:0], mainnet, m)
	}
}

func benchDecode(b *testing.B, m Message) {
	payload := m.AppendPayload(nil)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(m.Command(), payload); err != nil {
			b.Fatal(err)
		}
	}
}

// benchFrame reads a frame as a connection does: header, payload into a buffer
// that is already there, checksum.
func benchFrame(b *testing.B, m Message) {
	frame := Append(nil, mainnet, m)
	buf := make([]byte, len(frame))
	r := bytes.NewReader(frame)
	f := NewFrameReader(r, mainnet)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = r.Seek(0, io.SeekStart)
		h, err := f.Next()
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Payload(buf[:h.Length]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeInv50000(b *testing.B)    { benchEncode(b, benchInv()) }
func BenchmarkDecodeInv50000(b *testing.B)    { benchDecode(b, benchInv()) }
func BenchmarkEncodeHeaders2000(b *testing.B) { benchEncode(b, benchHeaders()) }
func BenchmarkDecodeHeaders2000(b *testing.B) { benchDecode(b, benchHeaders()) }
func BenchmarkEncodeBlock(b *testing.B)       { benchEncode(b, benchBlock()) }
func BenchmarkDecodeBlock(b *testing.B)       { benchDecode(b, benchBlock()) }
func BenchmarkFrameBlock(b *testing.B)        { benchFrame(b, benchBlock()) }
func BenchmarkFramePing(b *testing.B)         { benchFrame(b, &Ping{1}) }
