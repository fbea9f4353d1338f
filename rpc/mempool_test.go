package rpc_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/rpc"
	"github.com/troupe-node/troupe/tx"
)

func rpcCode(n int) rpc.Code { return rpc.Code(n) }

func sha(b []byte) []byte { h := sha256.Sum256(b); return h[:] }

// family is a chain of unconfirmed transactions.
func (r *rig) family(c *forge.Chain, n int) []*tx.Tx {
	r.t.Helper()
	coin, ok := c.Coin()
	if !ok {
		r.t.Fatal("no coin is left")
	}
	return r.forge.Descendants(coin, n, 1)
}

func TestThePoolIsShownAsItIs(t *testing.T) {
	r := newRig(t)
	c := r.payday(5)
	txs := r.family(c, 3)
	for _, x := range txs {
		if got := call[string](r, "sendrawtransaction", hexTx(x)); got != x.ID().String() {
			t.Fatal(got)
		}
		announced := r.node.Board.Pool().LogEnd()
		r.raw("sendrawtransaction", hexTx(x)) // once more is no error
		if next := announced.Next(); next == nil || next.Entry.Tx.ID() != x.ID() {
			t.Error("what was sent again is not announced again")
		}
	}
	wantNames(t, r.raw("getmempoolinfo"), "loaded size bytes usage total_fee maxmempool mempoolminfee minrelaytxfee incrementalrelayfee unbroadcastcount fullrbf")
	info := call[struct {
		Size          int
		MempoolMinFee json.Number
	}](r, "getmempoolinfo")
	if info.Size != 3 || info.MempoolMinFee != "0.00001000" {
		t.Errorf("%+v", info)
	}
	var want []string
	for _, x := range txs {
		want = append(want, x.ID().String())
	}
	if got := call[[]string](r, "getrawmempool"); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%v, want parents first: %v", got, want)
	}
	wantNames(t, r.raw("getrawmempool", false, true), "txids mempool_sequence")
	wantNames(t, r.raw("getrawmempool", true), strings.Join(want, " "))
	r.refuses(-8, "Verbose results cannot contain mempool sequence values.", "getrawmempool", true, true)

	entry := r.raw("getmempoolentry", want[1])
	wantNames(t, entry, "vsize weight time height descendantcount descendantsize ancestorcount ancestorsize wtxid fees depends spentby bip125-replaceable unbroadcast")
	e := call[struct {
		DescendantCount, AncestorCount int
		Depends, SpentBy               []string
		Fees                           map[string]json.Number
	}](r, "getmempoolentry", want[1])
	if e.DescendantCount != 2 || e.AncestorCount != 2 || e.Depends[0] != want[0] || e.SpentBy[0] != want[2] || e.Fees["base"] != e.Fees["modified"] {
		t.Errorf("%+v", e)
	}
	if got := call[[]string](r, "getmempoolancestors", want[2]); len(got) != 2 {
		t.Errorf("%v", got)
	}
	if got := call[[]string](r, "getmempooldescendants", want[0]); len(got) != 2 {
		t.Errorf("%v", got)
	}
	if got := names(t, r.raw("getmempooldescendants", want[1], true)); len(got) != 1 || got[0] != want[2] {
		t.Errorf("%v", got)
	}
	for _, method := range []string{"getmempoolentry", "getmempoolancestors", "getmempooldescendants"} {
		r.refuses(-5, "Transaction not in mempool", method, strings.Repeat("0", 64))
		r.refuses(-8, "parameter 1 must be of length 64", method, "ab")
	}

	in := txs[0].Inputs[0].PrevOut
	spent := fmt.Sprintf(`[{"txid":"%s","vout":%d,"spendingtxid":"%s"},{"txid":"%s","vout":9}]`, in.Hash, in.Index, want[0], want[0])
	if got := r.raw("gettxspendingprevout", []any{map[string]any{"txid": in.Hash.String(), "vout": in.Index}, map[string]any{"txid": want[0], "vout": 9}}); got != spent {
		t.Errorf("%s, want %s", got, spent)
	}
	r.refuses(-8, "Invalid parameter, outputs are missing", "gettxspendingprevout", []any{})
	r.refuses(-8, "Invalid parameter, vout cannot be negative", "gettxspendingprevout", []any{map[string]any{"txid": want[0], "vout": -1}})
	r.refuses(-3, "Missing vout", "gettxspendingprevout", []any{map[string]any{"txid": want[0]}})
	r.refuses(-3, "Unexpected key unknown", "gettxspendingprevout", []any{map[string]any{"txid": want[0], "vout": 1, "unknown": 1}})

	if got := r.raw("prioritisetransaction", want[2], 0, 5000); got != "true" {
		t.Error(got)
	}
	list := call[map[string]struct {
		Delta    int64 `json:"fee_delta"`
		In       bool  `json:"in_mempool"`
		Modified int64 `json:"modified_fee"`
	}](r, "getprioritisedtransactions")
	if p := list[want[2]]; p.Delta != 5000 || !p.In || p.Modified <= 5000 {
		t.Errorf("%+v", list)
	}
	r.refuses(-8, "Priority is no longer supported, dummy argument to prioritisetransaction must be 0.", "prioritisetransaction", want[2], 1, 5000)
}

func TestTransactionsAreRefusedInCoresWords(t *testing.T) {
	r := newRig(t)
	c := r.payday(5)
	spend := r.pay(c)
	r.refuses(-22, "TX decode failed. Make sure the tx has at least one input.", "sendrawtransaction", "00")
	r.refuses(-25, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)", "sendrawtransaction", hexTx(spend), "0.00000001")
	if got := r.raw("getrawmempool"); got != "[]" {
		t.Errorf("what paid too much is in the pool: %s", got)
	}
	r.refuses(-8, "Fee rates larger than or equal to 1BTC/kvB are not accepted", "sendrawtransaction", hexTx(spend), 1)
	orphan := tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Hash: tx.Hash{1}}}}, spend.Outputs, 0)
	r.refuses(-25, "bad-txns-inputs-missingorspent", "sendrawtransaction", hexTx(orphan))
	stripped := tx.New(spend.Version, []tx.Input{{PrevOut: spend.Inputs[0].PrevOut, Sequence: 1}}, spend.Outputs, 0)
	if _, e := r.try("sendrawtransaction", hexTx(stripped)); e == nil || e.Code != -26 {
		t.Errorf("%v", e)
	}
	burn := tx.New(2, spend.Inputs, []tx.Output{{Value: 10, PkScript: []byte{0x6a, 0x01, 0x00}}}, 0)
	r.refuses(-25, "Unspendable output exceeds maximum configured by user (maxburnamount)", "sendrawtransaction", hexTx(burn))
	r.raw("sendrawtransaction", hexTx(spend), 0)
	call[[]string](r, "generatetodescriptor", 1, trueDesc)
	r.refuses(-27, "Transaction outputs already in utxo set", "sendrawtransaction", hexTx(spend))
}

func TestAcceptanceIsTestedWithoutBeingMade(t *testing.T) {
	r := newRig(t)
	c := r.payday(5)
	txs := r.family(c, 3)
	var raws []string
	for _, x := range txs {
		raws = append(raws, hexTx(x))
	}
	one := r.raw("testmempoolaccept", raws[:1])
	wantNames(t, strings.Trim(one, "[]"), "txid wtxid allowed vsize fees")
	type result struct {
		TxID         string
		Allowed      *bool
		RejectReason string `json:"reject-reason"`
		PackageError string `json:"package-error"`
		Fees         struct {
			Base     json.Number
			Rate     json.Number `json:"effective-feerate"`
			Includes []string    `json:"effective-includes"`
		}
	}
	all := call[[]result](r, "testmempoolaccept", raws)
	if len(all) != 3 {
		t.Fatalf("%+v", all)
	}
	for i, got := range all {
		if got.Allowed == nil || !*got.Allowed || got.TxID != txs[i].ID().String() || len(got.Fees.Includes) == 0 {
			t.Errorf("%d: %+v", i, got)
		}
	}
	if got := r.raw("getrawmempool"); got != "[]" {
		t.Errorf("a test changed the pool: %s", got)
	}
	if got := call[[]result](r, "testmempoolaccept", raws[1:2]); *got[0].Allowed || got[0].RejectReason != "missing-inputs" {
		t.Errorf("%+v", got)
	}
	if got := call[[]result](r, "testmempoolaccept", raws[:1], "0.00000001"); *got[0].Allowed || got[0].RejectReason != "max-fee-exceeded" {
		t.Errorf("%+v", got)
	}
	if got := call[[]result](r, "testmempoolaccept", []string{raws[0], raws[0]}); got[0].PackageError != "package-contains-duplicates" || got[0].Allowed != nil {
		t.Errorf("%+v", got)
	}
	if got := call[[]result](r, "testmempoolaccept", []string{raws[1], raws[0]}); got[0].PackageError != "package-not-sorted" {
		t.Errorf("%+v", got)
	}
	if got := call[[]result](r, "testmempoolaccept", []string{raws[0], raws[2]}); got[0].Allowed != nil || got[1].Allowed == nil || got[1].RejectReason != "missing-inputs" {
		t.Errorf("%+v", got)
	}
	var generations []*tx.Tx // three, of version 3
	for i, x := range txs {
		inputs := append([]tx.Input(nil), x.Inputs...)
		if i > 0 {
			inputs[0].PrevOut.Hash = generations[i-1].ID()
		}
		generations = append(generations, tx.New(3, inputs, x.Outputs, 0))
	}
	last := generations[2]
	why := fmt.Sprintf("TRUC-violation, tx %s (wtxid=%s) would have too many ancestors", last.ID(), last.WitnessID())
	if got := call[[]result](r, "testmempoolaccept", []string{hexTx(generations[0]), hexTx(generations[1]), hexTx(last)}); got[0].PackageError != why {
		t.Errorf("%+v", got)
	}
	r.refuses(-25, "package topology disallowed", "submitpackage", raws)
	rival := tx.New(2, txs[0].Inputs, txs[0].Outputs[:1], 0)
	spendsBoth := tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Hash: txs[0].ID()}}, {PrevOut: tx.OutPoint{Hash: rival.ID()}}}, txs[1].Outputs, 0)
	if got, want := r.raw("submitpackage", []string{raws[0], hexTx(rival), hexTx(spendsBoth)}), `{"package_msg":"conflict-in-package","tx-results":{},"replaced-transactions":[]}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	r.refuses(-8, "Array must contain between 1 and 25 transactions.", "testmempoolaccept", []string{})
	r.refuses(-22, "TX decode failed: 00 Make sure the tx has at least one input.", "testmempoolaccept", []string{"00"})

	sent := call[struct {
		Message string `json:"package_msg"`
		Results map[string]struct {
			TxID  string
			Error string
		} `json:"tx-results"`
	}](r, "submitpackage", raws[:2])
	if sent.Message != "success" || len(sent.Results) != 2 {
		t.Errorf("%+v", sent)
	}
	if got := call[[]string](r, "getrawmempool"); len(got) != 2 {
		t.Errorf("%v", got)
	}
	r.refuses(-8, "Array must contain between 2 and 25 transactions.", "submitpackage", raws[:1])
	wantNames(t, r.raw("estimatesmartfee", 6), "errors blocks")
	r.refuses(-8, "Invalid conf_target, must be between 1 and 1008", "estimatesmartfee", 0)
	r.refuses(-8, "Invalid estimate_mode parameter", "estimatesmartfee", 6, "wild")
}

func TestOrphansAreShown(t *testing.T) {
	r := newRig(t)
	c := r.payday(5)
	txs := r.family(c, 2)
	if got := r.raw("getorphantxs"); got != "[]" {
		t.Fatal(got)
	}
	r.node.Board.PublishPeers(&msg.PeerList{Peers: []*msg.Peer{{ID: 1}}}) // orphans of who is not here go
	if _, err := r.node.System.Ask(context.Background(), r.node.Cast.Mempool(), &msg.SubmitTx{Tx: txs[1], Peer: 1}); err != nil {
		t.Fatal(err)
	}
	if got := call[[]string](r, "getorphantxs"); len(got) != 1 || got[0] != txs[1].ID().String() {
		t.Fatal(got)
	}
	type orphan struct {
		TxID, WTxID, Hex  string
		Bytes             int
		Entry, Expiration int64
		From              []int64
	}
	wantNames(t, strings.TrimSuffix(strings.TrimPrefix(r.raw("getorphantxs", 1), "["), "]"), "txid wtxid bytes vsize weight entry expiration from")
	got := call[[]orphan](r, "getorphantxs", 2)
	if len(got) != 1 || got[0].WTxID != txs[1].WitnessID().String() || got[0].Hex != hexTx(txs[1]) || got[0].Bytes != txs[1].Size() ||
		got[0].Expiration != got[0].Entry+1200 || len(got[0].From) != 1 || got[0].From[0] != 0 {
		t.Fatalf("%+v", got)
	}
	r.refuses(-8, "Invalid verbosity value 3", "getorphantxs", 3)
}
