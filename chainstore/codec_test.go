package chainstore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
	"pgregory.net/rapid"
)

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestVarintsAreCores(t *testing.T) {
	// The examples in the comment of serialize.h, VARINT.
	for _, c := range []struct {
		v    uint64
		want string
	}{
		{0, "00"}, {1, "01"}, {127, "7f"}, {128, "8000"}, {255, "807f"}, {256, "8100"}, {16383, "fe7f"}, {16384, "ff00"},
		{16511, "ff7f"}, {65535, "82fe7f"}, {1 << 32, "8efefeff00"},
	} {
		if got := hex.EncodeToString(appendVarint(nil, c.v)); got != c.want {
			t.Errorf("%d is %s, want %s", c.v, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Uint64().Draw(t, "v")
		b := appendVarint(nil, v)
		if got, n := readVarint(append(b, 7)); got != v || n != len(b) {
			t.Fatalf("%d came back as %d from %d bytes", v, got, n)
		}
		if _, n := readVarint(b[:len(b)-1]); n != 0 {
			t.Fatal("a varint cut short was read")
		}
	})
}

func TestAmountsAreCompressedAsByCore(t *testing.T) {
	// src/test/compress_tests.cpp, compress_amounts.
	const coin, cent = 100000000, 1000000
	for _, c := range []struct{ n, want uint64 }{
		{0, 0}, {1, 1}, {cent, 7}, {coin, 9}, {50 * coin, 50}, {21000000 * coin, 21000000},
	} {
		if got := compressAmount(c.n); got != c.want {
			t.Errorf("%d becomes %d, want %d", c.n, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(0, 21000000*coin).Draw(t, "amount")
		if got := decompressAmount(compressAmount(n)); got != n {
			t.Fatalf("%d came back as %d", n, got)
		}
	})
}

// drawScript draws each template, near misses of them, and anything else.
func drawScript(t *rapid.T) []byte {
	h20 := rapid.SliceOfN(rapid.Byte(), 20, 20)
	switch rapid.IntRange(0, 7).Draw(t, "script") {
	case 0:
		return append(append([]byte{0x76, 0xa9, 20}, h20.Draw(t, "hash")...), 0x88, 0xac)
	case 1:
		return append(append([]byte{0xa9, 20}, h20.Draw(t, "hash")...), 0x87)
	case 2:
		key := secp256k1.PrivKeyFromBytes(h20.Draw(t, "key")).PubKey()
		if rapid.Bool().Draw(t, "compressed") {
			return append(append([]byte{33}, key.SerializeCompressed()...), 0xac)
		}
		return append(append([]byte{65}, key.SerializeUncompressed()...), 0xac)
	case 3: // looks like a key and is on no curve, or is hybrid
		s := append([]byte{65, rapid.SampledFrom([]byte{4, 6, 7}).Draw(t, "kind")}, rapid.SliceOfN(rapid.Byte(), 64, 64).Draw(t, "point")...)
		return append(s, 0xac)
	case 4: // a compressed key on no curve is stored by its x all the same
		return append(append([]byte{33, 2}, rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "x")...), 0xac)
	case 5:
		return append([]byte{0, 20}, h20.Draw(t, "hash")...)
	default:
		return rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes")
	}
}

func drawCoin(t *rapid.T) consensus.Coin {
	return consensus.Coin{
		Output:   tx.Output{Value: rapid.Int64Range(0, 2100000000000000).Draw(t, "value"), PkScript: drawScript(t)},
		Height:   rapid.Int32Range(0, 1<<31-1).Draw(t, "height"),
		Coinbase: rapid.Bool().Draw(t, "coinbase"),
	}
}

func TestCoinsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCoin(t)
		b := appendCoin(nil, &c)
		got, err := decodeWholeCoin(b, new(scriptSpace))
		if err != nil || !sameCoin(*got, c) {
			t.Fatalf("%+v came back as %+v: %v", c, got, err)
		}
		for cut := range b {
			if _, err := decodeWholeCoin(b[:cut], new(scriptSpace)); !errors.Is(err, ErrDecode) {
				t.Fatalf("a coin cut to %d of %d bytes decodes: %v", cut, len(b), err)
			}
		}
	})
}

func TestCoinsTakeAsFewBytesAsInCore(t *testing.T) {
	// src/test/coins_tests.cpp, ccoins_serialization: two coins of the main chain, byte for byte.
	for _, c := range []struct {
		want             string
		value            int64
		height           int32
		coinbase         bool
		prefix, h, after string
	}{
		{"97f23c835800816115944e077fe7c803cfa57f29b36bf87c1d35", 60000000000, 203998, false, "76a914", "816115944e077fe7c803cfa57f29b36bf87c1d35", "88ac"},
		{"8ddf77bbd123008c988f1a4a4de2161e0f50aac7f17e7f9555caa4", 110397, 120891, true, "76a914", "8c988f1a4a4de2161e0f50aac7f17e7f9555caa4", "88ac"},
	} {
		coin := consensus.Coin{Output: tx.Output{Value: c.value, PkScript: mustHex(c.prefix + c.h + c.after)}, Height: c.height, Coinbase: c.coinbase}
		if got := hex.EncodeToString(appendCoin(nil, &coin)); got != c.want {
			t.Errorf("coin of %d satoshis is %s, want %s", c.value, got, c.want)
		}
	}
}

func TestCoinKeysSortByTxidThenIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) tx.OutPoint {
			var op tx.OutPoint
			op.Hash[0] = rapid.Byte().Draw(t, name)
			op.Index = rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(240, 260), rapid.Uint32Range(65530, 65540)).Draw(t, name+" index")
			return op
		}
		a, b := draw("a"), draw("b")
		ka, kb := appendCoinKey(nil, &a), appendCoinKey(nil, &b)
		want := bytes.Compare(a.Hash[:], b.Hash[:])
		if want == 0 {
			want = int(min(1, max(-1, int64(a.Index)-int64(b.Index))))
		}
		if bytes.Compare(ka, kb) != want {
			t.Fatalf("%x and %x sort wrongly", ka, kb)
		}
		if back, err := parseCoinKey(ka); err != nil || back != a {
			t.Fatal(back, err)
		}
	})
}

func TestUndoComesBackForItsOwnBlockOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := &Undo{Txs: make([][]consensus.Coin, rapid.IntRange(0, 4).Draw(t, "txs"))}
		for i := range u.Txs {
			for range rapid.IntRange(0, 4).Draw(t, "coins") {
				u.Txs[i] = append(u.Txs[i], drawCoin(t))
			}
		}
		data := u.Encode(block(1))
		got, err := DecodeUndo(block(1), data)
		if err != nil || len(got.Txs) != len(u.Txs) {
			t.Fatal(got, err)
		}
		for i := range u.Txs {
			if len(got.Txs[i]) != len(u.Txs[i]) {
				t.Fatalf("transaction %d has %d coins, want %d", i, len(got.Txs[i]), len(u.Txs[i]))
			}
			for j := range u.Txs[i] {
				if !sameCoin(got.Txs[i][j], u.Txs[i][j]) {
					t.Fatal("a coin differs")
				}
			}
		}
		if _, err := DecodeUndo(block(2), data); !errors.Is(err, ErrDecode) {
			t.Fatalf("undo data of one block decodes as another's: %v", err)
		}
		data[rapid.IntRange(0, len(data)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := DecodeUndo(block(1), data); !errors.Is(err, ErrDecode) {
			t.Fatalf("undo data with a flipped bit decodes: %v", err)
		}
	})
}

func FuzzDecodeCoin(f *testing.F) {
	f.Add(mustHex("97f23c835800816115944e077fe7c803cfa57f29b36bf87c1d35"))
	f.Add(mustHex("00000401010101010101010101010101010101010101010101010101010101010101010101"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decodeWholeCoin(b, new(scriptSpace))
		if err != nil {
			if !errors.Is(err, ErrDecode) {
				t.Fatal(err)
			}
			return
		}
		// Whatever decodes can be stored again and means the same.
		again, err := decodeWholeCoin(appendCoin(nil, c), new(scriptSpace))
		if err != nil || !sameCoin(*c, *again) {
			t.Fatalf("%+v became %+v: %v", c, again, err)
		}
	})
}

func FuzzDecodeUndo(f *testing.F) {
	coin := coinOf(3)
	f.Add((&Undo{Txs: [][]consensus.Coin{{coin, coin}, {}}}).Encode(block(1))[4:])
	f.Fuzz(func(t *testing.T, body []byte) {
		u, err := decodeUndoBody(body)
		if err != nil {
			return
		}
		if _, err := DecodeUndo(block(1), u.Encode(block(1))); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzDecodeSmallRecords(f *testing.F) {
	h := HeaderRecord{Height: 5, Status: 3, Order: 9, TxCount: 1}
	f.Add(headerKey(5, &h.Hash), appendHeader(nil, &h))
	f.Add(commitKey, (&mark{state: State{Seq: 3}, prev: 2, count: 1}).encode())
	op := point(3)
	f.Add(appendCoinKey(nil, &op), []byte{})
	f.Fuzz(func(t *testing.T, key, val []byte) {
		if r, err := decodeHeader(key, val); err == nil {
			if !bytes.Equal(headerKey(r.Height, &r.Hash)[1:], key[1:]) || !bytes.Equal(appendHeader(nil, &r), val) {
				t.Fatal("a header record has two encodings")
			}
		}
		if m, err := decodeMark(val); err == nil && !bytes.Equal(m.encode(), val) {
			t.Fatal("a commit record has two encodings")
		}
		if op, err := parseCoinKey(key); err == nil && op.Index < 248 && !bytes.Equal(appendCoinKey(nil, &op), key) && key[33] < 248 {
			t.Fatal("a coin has two keys")
		}
	})
}

func BenchmarkCoinDecode(b *testing.B) {
	coin := coinOf(12345)
	enc := appendCoin(nil, &coin)
	space := new(scriptSpace)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeCoin(enc, space, &coin); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUndoEncode(b *testing.B) {
	u := &Undo{}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		u.Txs = append(u.Txs, []consensus.Coin{coinOf(rng.IntN(1 << 30))})
	}
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(int64(len(u.Encode(block(1)))))
	}
}
