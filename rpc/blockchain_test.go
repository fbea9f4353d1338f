package rpc_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

func mustAddrPort(t testing.TB, s string) netip.AddrPort {
	t.Helper()
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const (
	genesisHash = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
	trueDesc    = "raw(51)#8lvh9jxk"
)

func TestTheGenesisOfRegtestLooksAsCoresDoes(t *testing.T) {
	r := newRig(t)
	for method, want := range map[string]string{
		"getblockcount":    `0`,
		"getbestblockhash": `"` + genesisHash + `"`,
		"getdifficulty":    `4.656542373906925e-10`,
		"getchaintips":     `[{"height":0,"hash":"` + genesisHash + `","branchlen":0,"status":"active"}]`,
	} {
		if got := r.raw(method); got != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
	// Captured from Bitcoin Core 28.1, but for what a young node cannot share.
	header := `{"hash":"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206","confirmations":1,"height":0,"version":1,"versionHex":"00000001",` +
		`"merkleroot":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b","time":1296688602,"mediantime":1296688602,"nonce":2,"bits":"207fffff",` +
		`"difficulty":4.656542373906925e-10,"chainwork":"0000000000000000000000000000000000000000000000000000000000000002","nTx":1}`
	if got := r.raw("getblockheader", genesisHash); got != header {
		t.Errorf("header\n%s\nwant\n%s", got, header)
	}
	rawHeader := "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000"
	if got := r.raw("getblockheader", genesisHash, false); got != `"`+rawHeader+`"` {
		t.Errorf("raw header %s", got)
	}
	block := strings.TrimSuffix(header, "}") + `,"strippedsize":285,"size":285,"weight":1140,"tx":["4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"]}`
	if got := r.raw("getblock", genesisHash); got != block {
		t.Errorf("block\n%s\nwant\n%s", got, block)
	}
	info := r.raw("getblockchaininfo")
	wantNames(t, info, "chain blocks headers bestblockhash difficulty time mediantime verificationprogress initialblockdownload chainwork size_on_disk pruned warnings")
	if !strings.Contains(info, `"chain":"regtest"`) || !strings.Contains(info, `"initialblockdownload":true`) || !strings.HasSuffix(info, `"warnings":[]}`) {
		t.Error(info)
	}
	if _, e := r.try("getinfo"); e == nil || e.Code != -32601 {
		t.Errorf("getinfo: %v", e)
	}
}

func TestTheStartUpHandshakeOfATestRigWorks(t *testing.T) {
	r := newRig(t, "-uacomment=testnode0")
	if !call[struct{ Loaded bool }](r, "getmempoolinfo").Loaded {
		t.Error("the pool is not loaded")
	}
	r.raw("setmocktime", 1296688602)
	for range 8 {
		_, answer := r.send(`{"jsonrpc":"2.0","id":1,"method":"generatetoaddress","params":{"nblocks":25,"address":"mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z"}}`)
		var got struct{ Result []string }
		if err := json.Unmarshal(answer, &got); err != nil || len(got.Result) != 25 {
			t.Fatalf("%v in %s", err, answer)
		}
	}
	if got := r.raw("getblockcount"); got != "200" {
		t.Errorf("height %s", got)
	}
	r.raw("syncwithvalidationinterfacequeue")
	r.raw("setmocktime", 0)
	_, answer := r.send(`{"jsonrpc":"2.0","id":1,"method":"generatetoaddress","params":{"args":[1],"address":"mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z","maxtries":1000000}}`)
	if !strings.Contains(string(answer), `"result":["`) {
		t.Fatalf("%s", answer)
	}
	info := call[struct {
		Blocks               int
		Headers              int
		InitialBlockDownload bool
	}](r, "getblockchaininfo")
	if info.Blocks != 201 || info.Headers != 201 || info.InitialBlockDownload {
		t.Errorf("%+v", info)
	}
	if got := r.raw("stop", 0); got != `"Troupe stopping"` {
		t.Error(got)
	}
	select {
	case <-r.stopped:
	case <-time.After(time.Minute):
		t.Error("stop did not stop")
	}
	start := time.Now()
	r.end()
	if took := time.Since(start); took > 7*time.Second {
		t.Errorf("stopping took %s", took)
	}
	if _, err := os.ReadFile(r.cfg.RPC.CookieFile); err == nil {
		t.Error("the cookie is left")
	}
}

func TestBlocksAreShownAtEveryVerbosity(t *testing.T) {
	r := newRig(t)
	c := r.payday(3)
	spend := r.pay(c)
	r.raw("sendrawtransaction", hexTx(spend))
	hash := call[[]string](r, "generatetodescriptor", 1, trueDesc)[0]

	raw := call[string](r, "getblock", hash, 0)
	if again := call[string](r, "getblock", hash, false); again != raw {
		t.Error("false is not 0")
	}
	b1 := call[map[string]any](r, "getblock", hash, 1)
	ids := b1["tx"].([]any)
	if len(ids) != 2 || ids[1] != spend.ID().String() || fmt.Sprint(b1["nTx"]) != "2" {
		t.Errorf("transactions %v", ids)
	}
	type input struct {
		PrevOut *struct {
			Generated    bool
			Height       int
			Value        json.Number
			ScriptPubKey struct{ Type, Desc string }
		}
	}
	type shown struct {
		TxID string
		Fee  *json.Number
		Hex  string
		Vin  []input
	}
	for _, verbosity := range []int{2, 3} {
		txs := call[struct{ Tx []shown }](r, "getblock", hash, verbosity).Tx
		if txs[0].Fee != nil || txs[1].Fee == nil || txs[1].Hex != hexTx(spend) {
			t.Errorf("verbosity %d: %+v", verbosity, txs)
		}
		if p := txs[1].Vin[0].PrevOut; (p != nil) != (verbosity == 3) {
			t.Errorf("verbosity %d: prevout %+v", verbosity, p)
		} else if p != nil && (p.ScriptPubKey.Type != "witness_v0_keyhash" || p.Height == 0 || p.Generated) {
			t.Errorf("%+v", p)
		}
	}
	txs := call[struct{ Tx []json.RawMessage }](r, "getblock", hash, 3).Tx
	wantNames(t, string(txs[1]), "txid hash version size vsize weight locktime vin vout fee hex")
	wantNames(t, string(txs[0]), "txid hash version size vsize weight locktime vin vout hex")
	var in struct{ Vin []json.RawMessage }
	if err := json.Unmarshal(txs[1], &in); err != nil {
		t.Fatal(err)
	}
	wantNames(t, string(in.Vin[0]), "txid vout scriptSig txinwitness prevout sequence")

	r.refuses(-8, "blockhash must be of length 64 (not 3, for 'abc')", "getblock", "abc")
	r.refuses(-8, "blockhash must be hexadecimal string (not '"+strings.Repeat("z", 64)+"')", "getblock", strings.Repeat("z", 64))
	r.refuses(-5, "Block not found", "getblock", strings.Repeat("0", 64))
	r.refuses(-3, "JSON value of type string is not of expected type number", "getblock", hash, "2")
	r.refuses(-8, "hash must be of length 64", "getblockheader", "abc")
	r.refuses(-8, "Block height out of range", "getblockhash", 1000)
	r.refuses(-8, "Block height out of range", "getblockhash", -1)
}

func TestCoinsAreFoundCountedAndScanned(t *testing.T) {
	r := newRig(t)
	c := r.payday(3)
	spend := r.pay(c)
	r.raw("sendrawtransaction", hexTx(spend))
	in := spend.Inputs[0].PrevOut

	if got := r.raw("gettxout", in.Hash.String(), in.Index); got != "null" {
		t.Errorf("a coin spent in the pool is shown: %s", got)
	}
	out := r.raw("gettxout", in.Hash.String(), in.Index, false)
	wantNames(t, out, "bestblock confirmations value scriptPubKey coinbase")
	wantNames(t, string(call[map[string]json.RawMessage](r, "gettxout", in.Hash.String(), in.Index, false)["scriptPubKey"]), "asm desc hex address type")
	if got := call[struct{ Confirmations int }](r, "gettxout", spend.ID().String(), 0); got.Confirmations != 0 {
		t.Errorf("%+v", got)
	}
	if got := r.raw("gettxout", spend.ID().String(), 7); got != "null" {
		t.Error(got)
	}

	info := r.raw("gettxoutsetinfo")
	wantNames(t, info, "height bestblock txouts bogosize hash_serialized_3 total_amount transactions disk_size")
	wantNames(t, r.raw("gettxoutsetinfo", "muhash"), "height bestblock txouts bogosize muhash total_amount transactions disk_size")
	wantNames(t, r.raw("gettxoutsetinfo", "none"), "height bestblock txouts bogosize total_amount transactions disk_size")
	r.refuses(-8, "'hash_serialized_2' is not a valid hash_type", "gettxoutsetinfo", "hash_serialized_2")
	r.refuses(-8, "Querying specific block heights requires coinstatsindex", "gettxoutsetinfo", "none", 3)

	desc := call[struct{ ScriptPubKey struct{ Desc string } }](r, "gettxout", in.Hash.String(), in.Index, false).ScriptPubKey.Desc
	found := call[struct {
		Success  bool
		TxOuts   int
		Unspents []struct {
			TxID, Desc string
			Vout       uint32
		}
	}](r, "scantxoutset", "start", []any{desc})
	if !found.Success || len(found.Unspents) == 0 || found.Unspents[0].Desc != desc {
		t.Errorf("%+v", found)
	}
	if got := r.raw("scantxoutset", "status"); got != "null" {
		t.Error(got)
	}
	if got := r.raw("scantxoutset", "abort"); got != "false" {
		t.Error(got)
	}
	r.refuses(-1, "scanobjects argument is required for the start action", "scantxoutset", "start")
	r.refuses(-8, "Invalid action 'begin'", "scantxoutset", "begin")
	r.refuses(-5, "", "scantxoutset", "start", []any{"nonsense(1)"})
	r.refuses(-8, "Range should be greater or equal than 0", "scantxoutset", "start", []any{map[string]any{"desc": desc, "range": []int{-1, 3}}})
}

func TestAnOperatorMovesTheChain(t *testing.T) {
	r := newRig(t)
	hashes := call[[]string](r, "generatetodescriptor", 5, trueDesc)
	r.raw("invalidateblock", hashes[3])
	if got := call[string](r, "getbestblockhash"); got != hashes[2] {
		t.Errorf("tip %s after invalidation, want %s", got, hashes[2])
	}
	tips := call[[]struct {
		Height, BranchLen int
		Status            string
	}](r, "getchaintips")
	if len(tips) != 2 || tips[0].Status != "invalid" || tips[0].BranchLen != 2 || tips[1].Status != "active" {
		t.Errorf("%+v", tips)
	}
	r.raw("reconsiderblock", hashes[3])
	if got := call[string](r, "getbestblockhash"); got != hashes[4] {
		t.Errorf("tip %s after reconsideration", got)
	}
	r.raw("preciousblock", hashes[4])
	for _, method := range []string{"invalidateblock", "reconsiderblock", "preciousblock"} {
		r.refuses(-5, "Block not found", method, strings.Repeat("1", 64))
	}
	if h := call[struct{ Confirmations int }](r, "getblockheader", hashes[0]); h.Confirmations != 5 {
		t.Errorf("%+v", h)
	}
	r.raw("setmocktime", time.Now().Unix()+7200)
	call[[]string](r, "generatetodescriptor", 8, trueDesc)
	stats := r.raw("getchaintxstats", 11)
	wantNames(t, stats, "time txcount window_final_block_hash window_final_block_height window_block_count window_interval window_tx_count txrate")
	r.refuses(-8, "Invalid block count: should be between 0 and the block's height - 1", "getchaintxstats", 13)

	info := r.raw("getdeploymentinfo")
	wantNames(t, info, "hash height deployments")
	var d struct{ Deployments json.RawMessage }
	if err := json.Unmarshal([]byte(info), &d); err != nil {
		t.Fatal(err)
	}
	wantNames(t, string(d.Deployments), "bip34 bip66 bip65 csv segwit testdummy taproot")
}

func TestWaitersHearOfTheTipTheyWaitFor(t *testing.T) {
	r := newRig(t)
	type tip struct {
		Hash   string
		Height int
	}
	heard := make(chan tip, 2)
	go func() { heard <- call[tip](r, "waitfornewblock", 20000) }()
	go func() { heard <- call[tip](r, "waitforblockheight", 1, 20000) }()
	for len(call[struct {
		Active []struct{ Method string } `json:"active_commands"`
	}](r, "getrpcinfo").Active) < 3 {
		time.Sleep(time.Millisecond)
	}
	hash := call[[]string](r, "generatetodescriptor", 1, trueDesc)[0]
	for range 2 {
		if got := <-heard; got.Hash != hash || got.Height != 1 {
			t.Errorf("%+v", got)
		}
	}
	if got := call[tip](r, "waitforblock", hash); got.Height != 1 {
		t.Errorf("%+v", got)
	}
	if got := call[tip](r, "waitforblockheight", 9, 20); got.Height != 1 {
		t.Errorf("%+v", got)
	}
	r.refuses(-1, "Negative timeout", "waitfornewblock", -1)
}

func TestBlockStatisticsAddUp(t *testing.T) {
	r := newRig(t)
	c := r.payday(3)
	spend := r.pay(c)
	r.raw("sendrawtransaction", hexTx(spend))
	hash := call[[]string](r, "generatetodescriptor", 1, trueDesc)[0]
	all := r.raw("getblockstats", hash)
	wantNames(t, all, "avgfee avgfeerate avgtxsize blockhash feerate_percentiles height ins maxfee maxfeerate maxtxsize medianfee mediantime mediantxsize minfee minfeerate mintxsize outs subsidy swtotal_size swtotal_weight swtxs time total_out total_size total_weight totalfee txs utxo_increase utxo_size_inc utxo_increase_actual utxo_size_inc_actual")
	s := call[struct {
		AvgFee, TotalFee, Ins, Outs, SwTxs, Txs, MedianFee int64
	}](r, "getblockstats", hash)
	if s.AvgFee != s.TotalFee || s.TotalFee <= 0 || s.Ins != 1 || s.SwTxs != 1 || s.Txs != 2 || s.MedianFee != s.TotalFee {
		t.Errorf("%+v", s)
	}
	if got := r.raw("getblockstats", hash, []string{"txs", "ins"}); got != `{"ins":1,"txs":2}` {
		t.Error(got)
	}
	if got := r.raw("getblockstats", 0, []string{"utxo_increase_actual", "utxo_increase"}); got != `{"utxo_increase":1,"utxo_increase_actual":0}` {
		t.Error(got)
	}
	r.refuses(-8, "Invalid selected statistic 'luck'", "getblockstats", hash, []string{"luck"})
	r.refuses(-8, "Target block height -1 is negative", "getblockstats", -1)
	r.refuses(-8, "after current tip", "getblockstats", 1_000_000)
}

func TestPruningIsForNodesThatPrune(t *testing.T) {
	r := newRig(t)
	r.refuses(-1, "Cannot prune blocks because node is not in prune mode.", "pruneblockchain", 1)
	p := newRig(t, "-prune=1")
	p.raw("setmocktime", 1_700_000_000)
	p.refuses(-1, "Blockchain is too short for pruning.", "pruneblockchain", 1)
	for range 11 {
		call[[]string](p, "generatetodescriptor", 100, trueDesc)
	}
	p.refuses(-8, "Negative block height.", "pruneblockchain", -1)
	p.refuses(-8, "Blockchain is shorter than the attempted prune height.", "pruneblockchain", 1101)
	p.refuses(-8, "Could not find block with at least the specified timestamp.", "pruneblockchain", 1_900_000_000)
	if got := p.raw("pruneblockchain", 500); got != "500" {
		t.Errorf("pruned up to %s", got)
	}
	p.refuses(-1, "Block not available (pruned data)", "getblock", call[string](p, "getblockhash", 100))
	info := call[struct {
		Pruned      bool
		PruneHeight int
		Automatic   bool `json:"automatic_pruning"`
	}](p, "getblockchaininfo")
	if !info.Pruned || info.PruneHeight != 501 || info.Automatic {
		t.Errorf("%+v", info)
	}
}
