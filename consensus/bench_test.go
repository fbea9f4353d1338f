package consensus_test

import (
	"testing"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/tx/msgtx"
)

// BenchmarkBlockSanity is CheckBlock and the witness commitment of block
// 574200 (1.25 MB, 3,315 transactions), by us and by btcd. Ours gets the ids
// with the parsed block, btcd computes them at each run, as it does in its
// node; "with parsing" counts the parsing on both sides.
func BenchmarkBlockSanity(b *testing.B) {
	raw := testdata.ModuleFile(b, wireModule, "testdata", block574200)
	p := params(b, "main")
	prev := parent(parseBlock(b, raw), 574200)
	check := func(block *tx.Block) {
		if err := consensus.CheckBlock(block, p); err != nil {
			b.Fatal(err)
		}
		if err := consensus.CheckBlockContext(block, prev, p); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("troupe", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			block := parseBlock(b, raw) // a block keeps the roots it has computed
			b.StartTimer()
			check(block)
		}
	})
	b.Run("troupe with parsing", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			check(parseBlock(b, raw))
		}
	})
	clock := blockchain.NewMedianTime()
	btcdCheck := func(block *btcutil.Block) {
		if err := blockchain.CheckBlockSanity(block, chaincfg.MainNetParams.PowLimit, clock); err != nil {
			b.Fatal(err)
		}
		if err := blockchain.ValidateWitnessCommitment(block); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("btcd", func(b *testing.B) {
		m, err := msgtx.FromBlock(parseBlock(b, raw))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			btcdCheck(btcutil.NewBlock(m))
		}
	})
	b.Run("btcd with parsing", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			block, err := btcutil.NewBlockFromBytes(raw)
			if err != nil {
				b.Fatal(err)
			}
			btcdCheck(block)
		}
	})
}

// BenchmarkConnectBlock connects 2,000 transactions of two inputs and two
// outputs, a tenth of which spend an earlier one of the block.
func BenchmarkConnectBlock(b *testing.B) {
	p := params(b, "regtest")
	prev := chainOf(p, 200, 600, 4).tip()
	set := coins{}
	txs := []*tx.Tx{coinbase(201, 1)}
	p2wpkh := append([]byte{0, 20}, make([]byte, 20)...)
	for i := range 2000 {
		ins := make([]tx.Input, 2)
		for j := range ins {
			op := tx.OutPoint{Hash: tx.DoubleSHA256([]byte{byte(i), byte(i >> 8)}), Index: uint32(j)}
			if j == 0 && i%10 == 9 {
				op = tx.OutPoint{Hash: txs[i].ID(), Index: 1}
			} else {
				set[op] = &consensus.Coin{Output: tx.Output{Value: 2000, PkScript: p2wpkh}, Height: 50}
			}
			ins[j] = tx.Input{PrevOut: op, Sequence: 0xfffffffd, Witness: [][]byte{make([]byte, 72), make([]byte, 33)}}
		}
		txs = append(txs, tx.New(2, ins, []tx.Output{{Value: 900, PkScript: p2wpkh}, {Value: 900, PkScript: p2wpkh}}, 0))
	}
	block := seal(b, p, headerOn(prev), txs...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := consensus.ConnectBlock(block, prev, set, p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBlockWork(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		consensus.BlockWork(0x17034219)
	}
}

func BenchmarkHeaderContext(b *testing.B) {
	p := params(b, "main")
	chain := chainOf(p, 100, 600, 4)
	h := headerOn(chain.tip())
	b.ReportAllocs()
	for b.Loop() {
		if err := consensus.CheckHeaderContext(&h, chain.tip(), int64(h.Time), p); err != nil {
			b.Fatal(err)
		}
	}
}
