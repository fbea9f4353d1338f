package consensus_test

import (
	"encoding/binary"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// utxoStore reads btcd's .utxostore files: for each coin its hash, index,
// length and btcd's compressed entry.
func utxoStore(t testing.TB, raw []byte) coins {
	t.Helper()
	set := coins{}
	for len(raw) > 0 {
		op := tx.OutPoint{Hash: tx.Hash(raw[:32]), Index: binary.LittleEndian.Uint32(raw[32:])}
		size := binary.LittleEndian.Uint32(raw[36:])
		set[op] = btcdCoin(t, raw[40:40+size])
		raw = raw[40+size:]
	}
	return set
}

// btcdCoin reads height*2+coinbase, the compressed amount and the compressed
// script.
func btcdCoin(t testing.TB, b []byte) *consensus.Coin {
	t.Helper()
	code, b := vlq(b)
	amount, b := vlq(b)
	kind, b := vlq(b)
	return &consensus.Coin{
		Height:   int32(code >> 1),
		Coinbase: code&1 != 0,
		Output:   tx.Output{Value: decompressAmount(amount), PkScript: decompressScript(t, kind, b)},
	}
}

func vlq(b []byte) (n uint64, rest []byte) {
	for i, c := range b {
		n = n<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return n, b[i+1:]
		}
		n++
	}
	return n, nil
}

func decompressAmount(x uint64) int64 {
	if x == 0 {
		return 0
	}
	x--
	exponent := x % 10
	x /= 10
	n := x + 1
	if exponent < 9 {
		n = x/9*10 + x%9 + 1
	}
	for range exponent {
		n *= 10
	}
	return int64(n)
}

func decompressScript(t testing.TB, kind uint64, b []byte) []byte {
	t.Helper()
	switch kind {
	case 0: // P2PKH
		return append(append([]byte{0x76, 0xa9, 20}, b...), 0x88, 0xac)
	case 1: // P2SH
		return append(append([]byte{0xa9, 20}, b...), 0x87)
	case 2, 3: // compressed key
		return append(append([]byte{33, byte(kind)}, b...), 0xac)
	case 4, 5: // uncompressed key
		key, err := btcec.ParsePubKey(append([]byte{byte(kind - 2)}, b...))
		if err != nil {
			t.Fatal(err)
		}
		return append(append([]byte{65}, key.SerializeUncompressed()...), 0xac)
	}
	if uint64(len(b)) != kind-6 {
		t.Fatalf("script of %d bytes, want %d", len(b), kind-6)
	}
	return b
}
