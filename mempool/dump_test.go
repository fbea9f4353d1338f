package mempool

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

func saved(t testing.TB) (*world, *Dump) {
	w := newWorld(t)
	list := w.chain(5, w.coin(one))
	w.pool.Prioritise(list[2].ID(), -123)
	w.pool.Prioritise(tx.Hash{5}, 7)
	w.pool.MarkUnbroadcast(list[4].ID())
	return w, w.pool.Save().Dump()
}

func same(a, b *Dump) bool {
	return maps.Equal(a.Deltas, b.Deltas) && slices.Equal(a.Unbroadcast, b.Unbroadcast) &&
		slices.EqualFunc(a.Txs, b.Txs, func(x, y DumpedTx) bool {
			return x.Tx.WitnessID() == y.Tx.WitnessID() && x.Time == y.Time && x.Delta == y.Delta
		})
}

func TestADumpComesBackAsItWas(t *testing.T) {
	_, d := saved(t)
	if len(d.Txs) != 5 || d.Txs[2].Delta != -123 || len(d.Deltas) != 1 || len(d.Unbroadcast) != 1 {
		t.Fatalf("%+v", d)
	}
	raw := d.Encode(0x0123456789abcdef)
	if bytes.Contains(raw, d.Txs[0].Tx.Bytes()) {
		t.Fatal("it can be read without the key")
	}
	back, err := DecodeDump(raw)
	if err != nil || !same(d, back) {
		t.Fatalf("%v %+v", err, back)
	}
}

func TestVersion1OfADumpIsRead(t *testing.T) {
	_, d := saved(t)
	raw := d.Encode(0) // hides nothing
	plain := binary.LittleEndian.AppendUint64(nil, 1)
	plain = append(plain, raw[8+1+8:]...)
	back, err := DecodeDump(plain)
	if err != nil || !same(d, back) {
		t.Fatalf("%v %+v", err, back)
	}
}

// The bytes of a file with one transaction, put together by hand from Core's
// DumpMempool: version, key, and behind it, xored with the key by place in the
// file, count, transaction, time, delta, no deltas, one id.
func TestADumpHasCoresBytes(t *testing.T) {
	p := spend{in: []tx.OutPoint{{Hash: tx.Hash{1}}}, outs: []int64{5}}.tx()
	d := &Dump{Txs: []DumpedTx{{Tx: p, Time: 0x5566, Delta: -1}}, Unbroadcast: []tx.Hash{p.ID()}}
	raw := d.Encode(0x0807060504030201)
	key := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	want := append([]byte{2, 0, 0, 0, 0, 0, 0, 0, 8}, key...)
	body := []byte{1, 0, 0, 0, 0, 0, 0, 0}
	body = append(body, p.Bytes()...)
	body = append(body, 0x66, 0x55, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 1)
	id := p.ID()
	body = append(body, id[:]...)
	for i, c := range body {
		want = append(want, c^key[(17+i)%8])
	}
	if !bytes.Equal(raw, want) {
		t.Fatalf("%s\nwant %s", hex.EncodeToString(raw), hex.EncodeToString(want))
	}
}

func TestADamagedDumpIsRefused(t *testing.T) {
	_, d := saved(t)
	raw := d.Encode(99)
	for n := range len(raw) {
		if _, err := DecodeDump(bytes.Clone(raw[:n])); !errors.Is(err, ErrDump) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
	raw[0] = 3
	if _, err := DecodeDump(raw); !errors.Is(err, ErrDump) {
		t.Fatal(err)
	}
}

func FuzzDecodeDump(f *testing.F) {
	_, d := saved(f)
	f.Add(d.Encode(0))
	f.Add(d.Encode(7))
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := DecodeDump(b)
		if err != nil {
			return
		}
		back, err := DecodeDump(d.Encode(3))
		if err != nil {
			t.Fatal(err)
		}
		if len(back.Txs) != len(d.Txs) || !maps.Equal(back.Deltas, d.Deltas) || !slices.Equal(back.Unbroadcast, d.Unbroadcast) {
			t.Fatal("it did not come back as it was")
		}
	})
}
