package rpc_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/mining"
	"github.com/troupe-node/troupe/tx"
)

type template struct {
	Version           int32
	PreviousBlockHash string
	Transactions      []struct {
		Data, TxID  string
		Depends     []int
		Fee, SigOps int64
		Weight      int
	}
	CoinbaseValue     int64
	LongPollID        string
	Target, Bits      string
	MinTime, CurTime  int64
	Height            int32
	WitnessCommitment string `json:"default_witness_commitment"`
	Rules             []string
}

var segwitRules = map[string]any{"rules": []string{"segwit"}}

// solve makes the block that a miner would make of a template.
func (r *rig) solve(tpl *template) *tx.Block {
	r.t.Helper()
	commitment, err := hex.DecodeString(tpl.WitnessCommitment)
	if err != nil {
		r.t.Fatal(err)
	}
	in := tx.Input{PrevOut: tx.OutPoint{Index: tx.NullIndex}, ScriptSig: append(consensus.AppendHeight(nil, tpl.Height), 0x51), Sequence: 0xffffffff}
	txs := []*tx.Tx{tx.New(2, []tx.Input{in}, []tx.Output{{Value: tpl.CoinbaseValue, PkScript: []byte{0x51}}, {PkScript: commitment}}, 0)}
	ids := []tx.Hash{txs[0].ID()}
	for _, entry := range tpl.Transactions {
		raw, err := hex.DecodeString(entry.Data)
		if err != nil {
			r.t.Fatal(err)
		}
		parsed, err := tx.Parse(raw)
		if err != nil {
			r.t.Fatal(err)
		}
		txs, ids = append(txs, parsed), append(ids, parsed.ID())
	}
	prev, err := tx.ParseHash(tpl.PreviousBlockHash)
	if err != nil {
		r.t.Fatal(err)
	}
	var bits uint32
	fmt.Sscanf(tpl.Bits, "%x", &bits)
	root, _ := tx.MerkleRoot(ids)
	h := tx.Header{Version: tpl.Version, Prev: prev, MerkleRoot: root, Time: uint32(tpl.CurTime), Bits: bits}
	target, err := tx.ParseHash(tpl.Target)
	if err != nil {
		r.t.Fatal(err)
	}
	if found, _ := mining.Grind(&h, &target, 1<<20); !found {
		r.t.Fatal("no nonce")
	}
	return tx.NewBlock(h, txs)
}

func TestAMinerMinesFromATemplate(t *testing.T) {
	r := newRig(t)
	c := r.payday(5)
	for _, x := range r.family(c, 3) {
		r.raw("sendrawtransaction", hexTx(x))
	}
	wantNames(t, r.raw("getblocktemplate", segwitRules), "capabilities version rules vbavailable vbrequired previousblockhash transactions coinbaseaux coinbasevalue longpollid target mintime mutable noncerange sigoplimit sizelimit weightlimit curtime bits height default_witness_commitment")
	tpl := call[template](r, "getblocktemplate", segwitRules)
	if len(tpl.Transactions) != 3 || len(tpl.Transactions[2].Depends) != 1 || tpl.Transactions[2].Depends[0] != 2 || tpl.Transactions[0].Fee <= 0 {
		t.Errorf("%+v", tpl.Transactions)
	}
	if got := strings.Join(tpl.Rules, " "); got != "csv !segwit taproot" {
		t.Errorf("rules %s", got)
	}
	b := r.solve(&tpl)
	digits := fmt.Sprintf("%x", b.Bytes())
	nonce := b.Txs[0].Inputs[0]
	nonce.Witness = [][]byte{make([]byte, 32)}
	whole := tx.NewBlock(b.Header, append([]*tx.Tx{tx.New(2, []tx.Input{nonce}, b.Txs[0].Outputs, 0)}, b.Txs[1:]...))
	if got := r.raw("getblocktemplate", map[string]any{"mode": "proposal", "data": fmt.Sprintf("%x", whole.Bytes()), "rules": []string{"segwit"}}); got != "null" {
		t.Errorf("proposal: %s", got)
	}
	bad := tx.NewBlock(b.Header, b.Txs[:2])
	if got := r.raw("getblocktemplate", map[string]any{"mode": "proposal", "data": fmt.Sprintf("%x", bad.Bytes())}); got != `"bad-txnmrklroot"` {
		t.Errorf("proposal without a transaction: %s", got)
	}
	h := b.Header
	h.Prev = tx.Hash{1}
	if got := r.raw("getblocktemplate", map[string]any{"mode": "proposal", "data": fmt.Sprintf("%x", tx.NewBlock(h, b.Txs).Bytes())}); got != `"inconclusive-not-best-prevblk"` {
		t.Errorf("proposal elsewhere: %s", got)
	}
	// The coinbase has no witness yet: the node adds it, as Core does.
	if got := r.raw("submitblock", digits); got != "null" {
		t.Fatalf("submitblock: %s", got)
	}
	if got := call[string](r, "getbestblockhash"); got != b.Hash().String() {
		t.Errorf("tip %s", got)
	}
	if got := r.raw("submitblock", digits); got != `"duplicate"` {
		t.Errorf("again: %s", got)
	}
	wantNames(t, r.raw("getmininginfo"), "blocks currentblockweight currentblocktx difficulty networkhashps pooledtx chain warnings")

	r.refuses(-8, `getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})`, "getblocktemplate", map[string]any{})
	r.refuses(-8, "Invalid mode", "getblocktemplate", map[string]any{"mode": "guess"})
	r.refuses(-8, "Invalid mode", "getblocktemplate", map[string]any{"mode": 1})
	r.refuses(-3, "Missing data String key for proposal", "getblocktemplate", map[string]any{"mode": "proposal"})
	r.refuses(-22, "Block decode failed", "getblocktemplate", map[string]any{"mode": "proposal", "data": "00"})
	if _, e := r.try("getblocktemplate"); e == nil || e.Code != -1 {
		t.Errorf("%v", e)
	}
}

func TestALongPollEndsWithTheTip(t *testing.T) {
	r := newRig(t)
	tpl := call[template](r, "getblocktemplate", segwitRules)
	got := make(chan template, 1)
	go func() {
		got <- call[template](r, "getblocktemplate", map[string]any{"rules": []string{"segwit"}, "longpollid": tpl.LongPollID})
	}()
	select {
	case early := <-got:
		t.Fatalf("answered before anything changed: %+v", early)
	case <-time.After(100 * time.Millisecond):
	}
	hash := call[[]string](r, "generatetodescriptor", 1, trueDesc)[0]
	select {
	case next := <-got:
		if next.PreviousBlockHash != hash {
			t.Errorf("template on %s, want %s", next.PreviousBlockHash, hash)
		}
	case <-time.After(time.Minute):
		t.Fatal("the long poll did not end")
	}
	r.refuses(-8, "longpollid must be of length 64", "getblocktemplate", map[string]any{"rules": []string{"segwit"}, "longpollid": "abc"})
}

func TestSubmittedBlocksAreJudgedByBIP22(t *testing.T) {
	r := newRig(t)
	c := r.forge.Chain([3]uint64{1})
	c.SetTime(uint32(time.Now().Unix()) - 86400)
	var blocks []*tx.Block
	for b := range c.Empty(3) {
		blocks = append(blocks, b)
	}
	submit := func(b *tx.Block) string { return r.raw("submitblock", fmt.Sprintf("%x", b.Bytes())) }
	if got := submit(blocks[1]); got != `"prev-blk-not-found"` {
		t.Errorf("without its parent: %s", got)
	}
	r.grow(blocks[0])
	h := blocks[1].Header
	bad := tx.NewBlock(h, append([]*tx.Tx{blocks[1].Txs[0]}, blocks[0].Txs[0]))
	if got := submit(bad); got != `"bad-txnmrklroot"` {
		t.Errorf("with another body: %s", got)
	}
	digits := func(h tx.Header) string { raw := h.Bytes(); return hex.EncodeToString(raw[:]) }
	r.refuses(-25, "Must submit previous header ("+blocks[1].Hash().String()+") first", "submitheader", digits(blocks[2].Header))
	r.raw("submitheader", digits(blocks[1].Header))
	r.raw("submitheader", digits(blocks[2].Header))
	if got := submit(blocks[2]); got != `"inconclusive"` {
		t.Errorf("before its parent's body: %s", got)
	}
	r.grow(blocks[1])
	if got := r.raw("getblockcount"); got != "3" {
		t.Errorf("height %s", got)
	}
	r.refuses(-22, "Block decode failed", "submitblock", "00")
	r.refuses(-22, "Block does not start with a coinbase", "submitblock", digits(blocks[2].Header)+"00")
	r.refuses(-22, "Block header decode failed", "submitheader", "00")
	easy := blocks[2].Header
	easy.Bits = 0x207ffffe
	r.refuses(-25, "", "submitheader", digits(easy))
}

func TestAllCoinsAreThoseOfTheTipWhileBlocksAreMissing(t *testing.T) {
	r := newRig(t)
	c := r.forge.Chain([3]uint64{1})
	c.SetTime(uint32(time.Now().Unix()) - 86400)
	var blocks []*tx.Block
	for b := range c.Empty(6) {
		blocks = append(blocks, b)
		raw := b.Header.Bytes()
		r.raw("submitheader", hex.EncodeToString(raw[:]))
	}
	// A better header is known, so that coins are not written with every block.
	for _, b := range blocks[:5] {
		r.grow(b)
		tip := b.Hash().String()
		if got := call[struct{ BestBlock string }](r, "gettxoutsetinfo"); got.BestBlock != tip {
			t.Fatalf("gettxoutsetinfo is about %s, the tip is %s", got.BestBlock, tip)
		}
		if got := call[struct{ BestBlock string }](r, "scantxoutset", "start", []any{"raw(51)"}); got.BestBlock != tip {
			t.Fatalf("scantxoutset is about %s, the tip is %s", got.BestBlock, tip)
		}
	}
}

func TestBlocksAreGeneratedOnDemand(t *testing.T) {
	r := newRig(t)
	c := r.payday(5)
	spend := r.pay(c)
	r.raw("sendrawtransaction", hexTx(spend))
	other := r.pay(c)
	held := call[struct{ Hash, Hex string }](r, "generateblock", trueDesc, []string{spend.ID().String(), hexTx(other)}, false)
	if held.Hex == "" || call[string](r, "getbestblockhash") == held.Hash {
		t.Errorf("%+v", held)
	}
	if got := r.raw("submitblock", held.Hex); got != "null" {
		t.Error(got)
	}
	if got := call[string](r, "getbestblockhash"); got != held.Hash {
		t.Errorf("tip %s", got)
	}
	made := call[struct {
		Hash string
		Hex  *string
	}](r, "generateblock", "mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z", []string{})
	if made.Hex != nil || call[string](r, "getbestblockhash") != made.Hash {
		t.Errorf("%+v", made)
	}
	missing := strings.Repeat("12", 32)
	r.refuses(-5, "Transaction "+missing+" not in mempool.", "generateblock", trueDesc, []string{missing})
	r.refuses(-22, "Transaction decode failed for 00. Make sure the tx has at least one input.", "generateblock", trueDesc, []string{"00"})
	r.refuses(-25, "testBlockValidity failed: bad-txns-inputs-missingorspent", "generateblock", trueDesc,
		[]string{hexTx(tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Hash: tx.Hash{1}}}}, spend.Outputs, 0))})
	r.refuses(-5, "Error: Invalid address or descriptor", "generateblock", "nonsense", []string{})
	r.refuses(-8, "Ranged descriptor not accepted. Maybe pass through deriveaddresses first?", "generatetodescriptor", 1,
		"pkh(tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp/0/*)")
	r.refuses(-5, "Error: Invalid address", "generatetoaddress", 1, "nonsense")
	if got := r.raw("generatetodescriptor", 0, trueDesc); got != "[]" {
		t.Error(got)
	}
	replaced := "generate\n\nhas been replaced by the -generate cli option. Refer to -help for more information.\n"
	if got := call[string](r, "help", "generate"); got != replaced {
		t.Errorf("help: %q", got)
	}
	r.refuses(-32601, replaced, "generate")
	r.refuses(-1, replaced, "generate", 1)
	for _, params := range [][]any{nil, {-1}, {10, 50}} {
		var n json.Number
		if err := json.Unmarshal([]byte(r.raw("getnetworkhashps", params...)), &n); err != nil {
			t.Error(err)
		}
	}
	r.refuses(-8, "Invalid nblocks. Must be a positive number or -1.", "getnetworkhashps", 0)
	r.refuses(-8, "Block does not exist at specified height", "getnetworkhashps", 1, 100000)
}

// TestMintedBlocksAreCoresOwn: the same clock and the same address give the same blocks
// byte for byte, so that tests written for bitcoind find the hashes that they know. This
// one is in rpc_getblockfrompeer.py.
func TestMintedBlocksAreCoresOwn(t *testing.T) {
	const address, second = "mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z", "36c56c5b5ebbaf90d76b0d1a074dcb32d42abab75b7ec6fa0ffd9b4fbce8f0f7"
	r := newRig(t)
	r.raw("setmocktime", 1_296_688_602)
	blocks := call[[]string](r, "generatetoaddress", 2, address)
	if blocks[1] != second {
		t.Errorf("the second block is %s, want %s", blocks[1], second)
	}
	r.raw("invalidateblock", second)
	if again := call[[]string](r, "generatetoaddress", 1, address); len(again) != 1 || again[0] == second {
		t.Errorf("after that was invalidated: %s", again)
	}
}
