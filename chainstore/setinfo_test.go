package chainstore

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

func muInt(i byte) []byte {
	b := make([]byte, 32)
	b[0] = i
	return b
}

func TestMuHashGivesCoresAnswer(t *testing.T) {
	// src/test/crypto_tests.cpp, muhash_tests: FromInt(0) * FromInt(1) / FromInt(2), two ways.
	want := tx.MustHash("10d312b100cbd32ada024a6646e40d3482fcff103668d2625f10002a607d5863")
	m := NewMuHash()
	m.Insert(muInt(0))
	m.Insert(muInt(1))
	m.Remove(muInt(2))
	if got := m.Sum(); got != want {
		t.Errorf("inserted and removed: %s, want %s", got, want)
	}
	a, b := NewMuHash(), NewMuHash()
	a.Insert(muInt(0))
	b.Remove(muInt(2))
	b.Insert(muInt(1))
	a.Combine(b)
	if got := a.Sum(); got != want {
		t.Errorf("combined: %s, want %s", got, want)
	}
}

func TestMuHashForgetsWhatWasRemovedInAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	empty := NewMuHash().Sum()
	for range 5 {
		m := NewMuHash()
		for _, i := range rng.Perm(8) {
			m.Insert(muInt(byte(i)))
		}
		for _, i := range rng.Perm(8) {
			m.Remove(muInt(byte(i)))
		}
		if m.Sum() != empty {
			t.Fatal("a set emptied again does not hash like the empty one")
		}
	}
}

func (n *num3072) big() *big.Int {
	b := make([]byte, muBytes)
	for i, limb := range n {
		binary.BigEndian.PutUint64(b[muBytes-8-8*i:], limb)
	}
	return new(big.Int).SetBytes(b)
}

func TestMuHashArithmeticAgreesWithBigIntegers(t *testing.T) {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 3072), big.NewInt(muPrime))
	rng := rand.New(rand.NewPCG(3, 4))
	draw := func() (n num3072) {
		for i := range n {
			n[i] = rng.Uint64()
			if rng.IntN(3) > 0 {
				n[i] = ^uint64(0) // near the modulus, where the carries are
			}
		}
		if rng.IntN(2) == 0 {
			n[0] = ^uint64(0) - uint64(rng.IntN(2*muPrime))
		}
		return n
	}
	for range 300 {
		a, b := draw(), draw()
		want := new(big.Int).Mul(a.big(), b.big())
		want.Mod(want, p)
		a.mul(&b)
		a.reduce()
		if a.big().Cmp(want) != 0 {
			t.Fatalf("product %x, want %x", a.big(), want)
		}
	}
	a := draw()
	inv := a.inverse()
	want := new(big.Int).ModInverse(a.big(), p)
	inv.reduce()
	if inv.big().Cmp(want) != 0 {
		t.Fatal("wrong inverse")
	}
}

func TestChaCha20BlockIsThatOfTheRFC(t *testing.T) {
	// RFC 8439, section 2.3.2.
	var state [16]uint32
	state[0], state[1], state[2], state[3] = 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574
	for i := range 8 {
		state[4+i] = 0x03020100 + uint32(i)*0x04040404
	}
	state[12], state[13], state[14], state[15] = 1, 0x09000000, 0x4a000000, 0
	want := [16]uint32{
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
		0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9, 0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	}
	if got := chachaBlock(&state); got != want {
		t.Fatalf("%x", got)
	}
}

func TestSetInfoCountsAndHashesInCoresOrder(t *testing.T) {
	store := NewMemory()
	var a, b tx.Hash
	a[0], b[0], b[31] = 2, 1, 9
	coins := []CoinChange{
		// In txid byte order b comes first; the indexes cross the borders of their key encoding.
		{tx.OutPoint{Hash: b, Index: 0}, &consensus.Coin{Output: tx.Output{Value: 5000000000, PkScript: []byte{0x51}}, Height: 1, Coinbase: true}},
		{tx.OutPoint{Hash: b, Index: 247}, &consensus.Coin{Output: tx.Output{Value: 1, PkScript: p2wpkh(1)}, Height: 2}},
		{tx.OutPoint{Hash: b, Index: 248}, &consensus.Coin{Output: tx.Output{Value: 2, PkScript: p2wpkh(2)}, Height: 2}},
		{tx.OutPoint{Hash: b, Index: 255}, &consensus.Coin{Output: tx.Output{Value: 3, PkScript: p2wpkh(2)}, Height: 2}},
		{tx.OutPoint{Hash: b, Index: 256}, &consensus.Coin{Output: tx.Output{Value: 4, PkScript: p2wpkh(2)}, Height: 2}},
		{tx.OutPoint{Hash: b, Index: 65536}, &consensus.Coin{Output: tx.Output{Value: 4, PkScript: p2wpkh(2)}, Height: 2}},
		{tx.OutPoint{Hash: a, Index: 1 << 24}, &consensus.Coin{Output: tx.Output{Value: 7, PkScript: nil}, Height: 3}},
	}
	var all []byte
	mu := NewMuHash()
	for _, c := range coins {
		one := AppendCoinHashed(nil, c.OutPoint, c.Coin)
		all = append(all, one...)
		mu.Insert(one)
	}
	rand.New(rand.NewPCG(8, 8)).Shuffle(len(coins), func(i, j int) { coins[i], coins[j] = coins[j], coins[i] })
	if err := store.Commit(&Commit{Tip: a, Coins: coins}); err != nil {
		t.Fatal(err)
	}
	snap, err := store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	info, err := SetInfo(snap, HashSerialized+HashMuHash, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &Info{Seq: 1, Tip: a, TxOuts: 7, Transactions: 2, BogoSize: 7*50 + 1 + 5*22, TotalAmount: 5000000021,
		HashSerialized: tx.DoubleSHA256(all), MuHash: mu.Sum()}
	if *info != *want {
		t.Fatalf("got %+v\nwant %+v", info, want)
	}
	// The layout itself, byte by byte, from Core's TxOutSer: outpoint, height*2+coinbase, value, script with its length.
	one := AppendCoinHashed(nil, tx.OutPoint{Hash: b, Index: 0x01020304}, &consensus.Coin{Output: tx.Output{Value: 0x0a, PkScript: []byte{0x51}}, Height: 3, Coinbase: true})
	tail := []byte{4, 3, 2, 1, 7, 0, 0, 0, 0x0a, 0, 0, 0, 0, 0, 0, 0, 1, 0x51}
	if string(one) != string(b[:])+string(tail) {
		t.Fatalf("%x", one)
	}
}

func BenchmarkMuHashInsert(b *testing.B) {
	m := NewMuHash()
	data := make([]byte, 80)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		data[0] = byte(i)
		m.Insert(data)
	}
}
