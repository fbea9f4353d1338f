package consensus_test

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

const (
	btcdModule = "github.com/btcsuite/btcd"
	wireModule = "github.com/btcsuite/btcd/wire/v2"

	block540107 = "block-00000000000000000021868c2cefc52a480d173c849412fe81c4e5ab806f94ab.blk"
	block574200 = "block-0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2.blk"
)

// blockFile splits a file of blocks as bitcoind writes them: magic, length,
// block; zeros pad the end.
func blockFile(t testing.TB, raw []byte) (blocks []*tx.Block) {
	t.Helper()
	for len(raw) >= 8 && binary.LittleEndian.Uint32(raw) == 0xd9b4bef9 {
		size := binary.LittleEndian.Uint32(raw[4:])
		blocks = append(blocks, parseBlock(t, raw[8:8+size]))
		raw = raw[8+size:]
	}
	return blocks
}

func TestTheFirst14132BlocksOfMainNetAreValid(t *testing.T) {
	p := params(t, "main")
	blocks := blockFile(t, testdata.ModuleFile(t, btcdModule, "blockchain", "testdata", "blk_0_to_14131.dat"))
	if len(blocks) != 14132 || blocks[0].Hash() != p.GenesisHash {
		t.Fatalf("%d blocks, the first is %s", len(blocks), blocks[0].Hash())
	}
	now := time.Now().Unix()
	var chain chainBuilder
	set := coins{}
	txs, minted, scripts := 0, int64(0), 0
	var prev consensus.Ancestry
	for height, b := range blocks {
		if prev != nil {
			if err := consensus.CheckHeaderContext(&b.Header, prev, now, p); err != nil {
				t.Fatalf("block %d: %v", height, err)
			}
		}
		if err := consensus.CheckBlock(b, p); err != nil {
			t.Fatalf("block %d: %v", height, err)
		}
		if err := consensus.CheckBlockContext(b, prev, p); err != nil {
			t.Fatalf("block %d: %v", height, err)
		}
		done, err := consensus.ConnectBlock(b, prev, set, p)
		if err != nil {
			t.Fatalf("block %d: %v", height, err)
		}
		verifyScripts(t, done)
		scripts += done.Inputs
		set.apply(done)
		prev = chain.add(b.Header)
		txs += len(b.Txs)
		minted += consensus.Subsidy(int32(height), p)
	}
	total := int64(0)
	for _, c := range set {
		total += c.Output.Value
	}
	// The genesis coinbase is no coin; every block took its whole subsidy.
	if want := minted - consensus.Subsidy(0, p); total != want {
		t.Errorf("coins add up to %d, want %d", total, want)
	}
	if txs != 14247 || scripts == 0 {
		t.Errorf("%d transactions, %d scripts", txs, scripts)
	}
	t.Logf("%d blocks, %d transactions, %d scripts, %d coins", len(blocks), txs, scripts, len(set))
}

func verifyScripts(t testing.TB, done *consensus.Connected) {
	t.Helper()
	for i, c := range done.Txs {
		if len(c.Coins) == 0 {
			continue
		}
		context := script.NewTxContext(done.Block.Txs[i], c.Spent)
		for input := range c.Spent {
			if err := context.Verify(input, done.Flags, nil); err != nil {
				t.Fatalf("block %d, transaction %d, input %d: %v", done.Height, i, input, err)
			}
		}
	}
}

// parent is an ancestry for a block whose chain is not at hand: it has the
// right height and bits, and times that make the block's own time good.
func parent(b *tx.Block, height int32) consensus.Ancestry {
	return fakeParent{b: b, height: height - 1}
}

type fakeParent struct {
	b      *tx.Block
	height int32
}

func (f fakeParent) Height() int32              { return f.height }
func (f fakeParent) Version() int32             { return f.b.Header.Version }
func (f fakeParent) Time() uint32               { return f.b.Header.Time - 1 }
func (f fakeParent) Bits() uint32               { return f.b.Header.Bits }
func (f fakeParent) Parent() consensus.Ancestry { return f.Ancestor(f.height - 1) }

// Hash at BIP34's height is the real one, so that BIP30 is not looked at.
func (f fakeParent) Hash() tx.Hash {
	if f.height == 227931 {
		return tx.MustHash("000000000000024b89b42a942fe0d9fea3bb44ab7bd1b19115dd6a759c0808b8")
	}
	return f.b.Header.Prev
}

func (f fakeParent) Ancestor(h int32) consensus.Ancestry {
	if h < 0 || h > f.height {
		return nil
	}
	return fakeParent{b: f.b, height: h}
}

func TestBlock277647IsValidWithItsCoinsAndScripts(t *testing.T) {
	p := params(t, "main")
	blocks := blockFile(t, unpack(t, testdata.ModuleFile(t, btcdModule, "blockchain", "testdata", "277647.dat.bz2")))
	set := utxoStore(t, unpack(t, testdata.ModuleFile(t, btcdModule, "blockchain", "testdata", "277647.utxostore.bz2")))
	b := blocks[0]
	prev := parent(b, 277647)
	if err := consensus.CheckBlock(b, p); err != nil {
		t.Fatal(err)
	}
	if err := consensus.CheckBlockContext(b, prev, p); err != nil {
		t.Fatal(err)
	}
	done, err := consensus.ConnectBlock(b, prev, set, p)
	if err != nil {
		t.Fatal(err)
	}
	verifyScripts(t, done)
	if len(done.Txs) != 213 || done.Flags != script.VerifyP2SH|script.VerifyWitness|script.VerifyTaproot {
		t.Errorf("%d transactions under %v", len(done.Txs), done.Flags)
	}
	t.Logf("%d transactions, %d scripts, fees %d", len(done.Txs), done.Inputs, done.Fees)
}

func TestLargeBlocksOfMainNetAreValidButForInputsFromOutside(t *testing.T) {
	rows := []struct {
		name   string
		height int32
		txs    int
		weight int
	}{{block540107, 540107, 230, 3993333}, {block574200, 574200, 3315, 0}}
	p := params(t, "main")
	for _, row := range rows {
		b := parseBlock(t, testdata.ModuleFile(t, wireModule, "testdata", row.name))
		if err := consensus.CheckBlock(b, p); err != nil {
			t.Fatal(err)
		}
		if err := consensus.CheckBlockContext(b, parent(b, row.height), p); err != nil {
			t.Fatal(err)
		}
		if len(b.Txs) != row.txs || row.weight != 0 && b.Weight() != row.weight {
			t.Errorf("%d transactions, weight %d", len(b.Txs), b.Weight())
		}
		// Another height, another coinbase.
		err := consensus.CheckBlockContext(b, parent(b, row.height+1), p)
		wantRule(t, err, consensus.ErrCoinbaseHeight, consensus.Invalid)
		// Inputs are from outside the block: the first is missing.
		_, err = consensus.ConnectBlock(b, parent(b, row.height), coins{}, p)
		wantRule(t, err, consensus.ErrMissingInputs, consensus.Invalid)
	}
}

func TestRealSignetBlocksNeedTheSolutionOfTheirChallenge(t *testing.T) {
	p := params(t, "signet")
	now := time.Now().Unix()
	text := strings.Fields(signetBlocks)
	var chain chainBuilder
	prev := chain.add(p.Genesis.Header)
	// The same key, but two signatures asked for: no block solves it.
	two := append([]byte(nil), p.SignetChallenge...)
	two[0] = 0x52
	other := params(t, "signet", consensus.WithSignetChallenge(two))
	anyone := params(t, "signet", consensus.WithSignetChallenge([]byte{0x51}))
	for i, line := range text {
		raw, err := hex.DecodeString(line)
		if err != nil {
			t.Fatal(err)
		}
		b := parseBlock(t, raw)
		if err := consensus.CheckHeaderContext(&b.Header, prev, now, p); err != nil {
			t.Fatalf("block %d: %v", i+1, err)
		}
		if err := consensus.CheckBlock(b, p); err != nil {
			t.Fatalf("block %d: %v", i+1, err)
		}
		if err := consensus.CheckBlockContext(b, prev, p); err != nil {
			t.Fatalf("block %d: %v", i+1, err)
		}
		wantRule(t, consensus.CheckBlock(b, other), consensus.ErrSignetSolution, consensus.Invalid)
		// The solution of OP_TRUE is empty; a signature left over fails cleanly.
		if err := consensus.CheckBlock(b, anyone); err != nil && consensus.ResultOf(err) != consensus.Invalid {
			t.Fatal(err)
		}
		prev = chain.add(b.Header)
	}
}
