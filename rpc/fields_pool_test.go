package rpc_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
)

// Shapes of Core 28's src/rpc/mempool.cpp.
const (
	entryShape = "{vsize:int weight:int time:int height:int descendantcount:int descendantsize:int ancestorcount:int ancestorsize:int wtxid:hash " +
		"fees:{base:amount modified:amount ancestor:amount descendant:amount} depends:[hash*] spentby:[hash*] bip125-replaceable:bool unbroadcast:bool}"
	judgedShape = "{base:amount effective-feerate:amount effective-includes:[hash]}"
)

// coins takes coins of the chain.
func (r *rig) coins(c *forge.Chain, n int) []forge.Coin {
	r.t.Helper()
	list := make([]forge.Coin, n)
	for i := range list {
		coin, ok := c.Coin()
		if !ok {
			r.t.Fatal("no coin is left")
		}
		list[i] = coin
	}
	return list
}

// spend makes a transaction that pays a fee and has so many outputs.
func (r *rig) spend(fee int64, outputs int, coins ...forge.Coin) (*tx.Tx, []forge.Coin) {
	s := forge.Spend{Coins: coins, Sequence: forge.SequenceRBF}
	left := -fee
	for _, c := range coins {
		left += c.Value
	}
	for range outputs {
		s.Pays = append(s.Pays, forge.Pay{Value: left / int64(outputs), Key: r.forge.Key(1), Kind: forge.P2WPKH})
	}
	signed := s.Sign()
	return signed, s.Made(signed)
}

func hexes(txs ...*tx.Tx) []string {
	list := make([]string, len(txs))
	for i, t := range txs {
		list[i] = hexTx(t)
	}
	return list
}

// withWitness is the same transaction with another witness.
func withWitness(t *tx.Tx, extra []byte) *tx.Tx {
	in := slices.Clone(t.Inputs)
	in[0].Witness = append(slices.Clone(in[0].Witness), extra)
	return tx.New(t.Version, in, t.Outputs, t.LockTime)
}

func TestEveryFieldAboutThePoolIsCores(t *testing.T) {
	r := newRig(t)
	c := r.payday(20)
	r.raw("generatetodescriptor", 1, trueDesc) // ends the initial download
	coins := r.coins(c, 8)
	parent, parentCoins := r.spend(2000, 2, coins[0])
	child, _ := r.spend(2000, 1, parentCoins[0])
	low, lowCoins := r.spend(300, 1, coins[1])
	lowChild, _ := r.spend(9000, 1, lowCoins[0])
	lone, _ := r.spend(2000, 1, coins[2])
	broken := withWitness(lone, []byte{1})
	r.answers([]result{
		{"testmempoolaccept", []any{hexes(lone)}, "[{txid:hash wtxid:hash allowed:bool vsize:int fees:" + judgedShape + "}]", "testmempoolaccept"},
		{"testmempoolaccept", []any{hexes(child)}, "[{txid:hash wtxid:hash allowed:bool reject-reason:str}]", "testmempoolaccept, missing-inputs"},
		{"testmempoolaccept", []any{hexes(lone, lone)}, "[{txid:hash wtxid:hash package-error:str}]", "testmempoolaccept, PCKG_POLICY"},
		{"sendrawtransaction", []any{hexTx(parent)}, "hash", "sendrawtransaction"},
		{"sendrawtransaction", []any{hexTx(child)}, "hash", "sendrawtransaction"},
		{"submitpackage", []any{hexes(low, lowChild)}, "{package_msg:str tx-results:{*:{txid:hash vsize:int fees:" + judgedShape + "}} replaced-transactions:[hash*]}", "submitpackage, VALID"},
		{"submitpackage", []any{hexes(low, lowChild)}, "{package_msg:str tx-results:{*:{txid:hash vsize:int fees:{base:amount}}} replaced-transactions:[hash*]}", "submitpackage, MEMPOOL_ENTRY"},
		{"submitpackage", []any{hexes(withWitness(parent, []byte{1}), child)}, "{package_msg:str tx-results:{*:{txid:hash other-wtxid:hash}|{txid:hash vsize:int fees:{base:amount}}} replaced-transactions:[hash*]}", "submitpackage, DIFFERENT_WITNESS"},
		{"submitpackage", []any{hexes(broken, childOf(broken))}, "{package_msg:str tx-results:{*:{txid:hash error:str}} replaced-transactions:[hash*]}", "submitpackage, INVALID"},
		{"getrawmempool", nil, "[hash]", "MempoolToJSON"},
		{"getrawmempool", []any{true}, "{*:" + entryShape + "}", "entryToJSON"},
		{"getrawmempool", []any{false, true}, "{txids:[hash] mempool_sequence:int}", "MempoolToJSON"},
		{"getmempoolentry", []any{parent.ID().String()}, entryShape, "entryToJSON"},
		{"getmempoolancestors", []any{child.ID().String()}, "[hash]", "getmempoolancestors"},
		{"getmempoolancestors", []any{child.ID().String(), true}, "{*:" + entryShape + "}", "getmempoolancestors"},
		{"getmempooldescendants", []any{parent.ID().String()}, "[hash]", "getmempooldescendants"},
		{"getmempooldescendants", []any{parent.ID().String(), true}, "{*:" + entryShape + "}", "getmempooldescendants"},
		{"gettxspendingprevout", []any{[]any{outPoint(child.Inputs[0].PrevOut)}}, "[{txid:hash vout:int spendingtxid:hash}]", "gettxspendingprevout"},
		{"gettxspendingprevout", []any{[]any{outPoint(tx.OutPoint{Hash: child.ID()})}}, "[{txid:hash vout:int}]", "gettxspendingprevout, unspent"},
		{"getmempoolinfo", nil, "{loaded:bool size:int bytes:int usage:int total_fee:amount maxmempool:int mempoolminfee:amount minrelaytxfee:amount incrementalrelayfee:amount unbroadcastcount:int fullrbf:bool}", "MempoolInfoToJSON"},
		{"prioritisetransaction", []any{parent.ID().String(), nil, 1000}, "bool", "mining.cpp, prioritisetransaction"},
		{"getprioritisedtransactions", nil, "{*:{fee_delta:int in_mempool:bool modified_fee:int}}", "mining.cpp, getprioritisedtransactions"},
		{"prioritisetransaction", []any{parent.ID().String(), 0.0, -1000}, "bool", "mining.cpp, prioritisetransaction"},
		{"getprioritisedtransactions", nil, "{}", "txmempool.cpp, a delta of nothing is forgotten"},
		{"prioritisetransaction", []any{lone.ID().String(), 0, -1000}, "bool", "mining.cpp, prioritisetransaction"},
		{"getprioritisedtransactions", nil, "{*:{fee_delta:int in_mempool:bool}}", "mining.cpp, not in the pool"},
		{"savemempool", nil, "{filename:str}", "savemempool"},
		{"importmempool", []any{filepath.Join(r.cfg.ChainDir, "mempool.dat")}, "{}", "importmempool"},
		{"importmempool", []any{filepath.Join(r.cfg.ChainDir, "mempool.dat"), map[string]any{"use_current_time": nil, "unknown": 1}}, "{}", "importmempool, null is the default"},
		{"estimatesmartfee", []any{6}, "{errors:[str] blocks:int}", "fees.cpp, estimatesmartfee"},
	})
}

// childOf spends the first output with what is no signature.
func childOf(parent *tx.Tx) *tx.Tx {
	return tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Hash: parent.ID()}}}, []tx.Output{{Value: parent.Outputs[0].Value - 5000, PkScript: parent.Outputs[0].PkScript}}, 0)
}

func outPoint(op tx.OutPoint) map[string]any {
	return map[string]any{"txid": op.Hash.String(), "vout": op.Index}
}

func TestHashesStandInCoresOrder(t *testing.T) {
	r := newRig(t)
	c := r.payday(20)
	var parents []*tx.Tx
	var made []forge.Coin
	for _, coin := range r.coins(c, 5) {
		parent, out := r.spend(2000, 1, coin)
		parents, made = append(parents, parent), append(made, out...)
		r.raw("sendrawtransaction", hexTx(parent))
		r.raw("prioritisetransaction", parent.ID().String(), 0, 1)
	}
	child, _ := r.spend(5000, 1, made...)
	r.raw("sendrawtransaction", hexTx(child))
	printed, stored := make([]string, len(parents)), make([]string, len(parents))
	for i, p := range parents {
		printed[i] = p.ID().String()
	}
	slices.Sort(printed) // std::set<std::string>
	slices.SortFunc(parents, func(a, b *tx.Tx) int { x, y := a.ID(), b.ID(); return slices.Compare(x[:], y[:]) })
	for i, p := range parents {
		stored[i] = p.ID().String() // std::map<uint256, …>
	}
	if got := call[struct{ Depends []string }](r, "getmempoolentry", child.ID().String()).Depends; !slices.Equal(got, printed) {
		t.Errorf("depends %v, want %v", got, printed)
	}
	if got := names(t, r.raw("getprioritisedtransactions")); !slices.Equal(got, stored) {
		t.Errorf("prioritised %v, want %v", got, stored)
	}
	if got := call[[]string](r, "getmempoolancestors", child.ID().String()); !slices.Equal(got, stored) {
		t.Errorf("ancestors %v, want %v", got, stored)
	}

	wide, outs := r.spend(2000, 6, r.coins(c, 1)...)
	r.raw("sendrawtransaction", hexTx(wide))
	var children []string
	for _, coin := range outs {
		one, _ := r.spend(2000, 1, coin)
		r.raw("sendrawtransaction", hexTx(one))
		children = append(children, one.ID().String())
	}
	slices.SortFunc(children, func(a, b string) int { return strings.Compare(backwards(a), backwards(b)) })
	if got := call[struct{ SpentBy []string }](r, "getmempoolentry", wide.ID().String()).SpentBy; !slices.Equal(got, children) {
		t.Errorf("spentby %v, want %v", got, children)
	}
}

// backwards is a printed hash with its bytes in stored order.
func backwards(s string) string {
	var b strings.Builder
	for i := len(s); i > 0; i -= 2 {
		b.WriteString(s[i-2 : i])
	}
	return b.String()
}

func TestWhatAPackageReplacedIsListedOnce(t *testing.T) {
	r := newRig(t)
	c := r.payday(20)
	coins := r.coins(c, 3)
	var replaced []string
	for _, coin := range coins {
		one, _ := r.spend(1000, 1, coin)
		r.raw("sendrawtransaction", hexTx(one))
		replaced = append(replaced, one.ID().String())
	}
	slices.SortFunc(replaced, func(a, b string) int { return strings.Compare(backwards(a), backwards(b)) })
	parent, made := r.spend(9000, 1, coins...)
	child, _ := r.spend(9000, 1, made...)
	got := call[struct {
		Replaced []string `json:"replaced-transactions"`
	}](r, "submitpackage", hexes(parent, child))
	if !slices.Equal(got.Replaced, replaced) {
		t.Errorf("%v, want %v", got.Replaced, replaced)
	}
	// Only what sendrawtransaction brought is announced again and again.
	if info := call[struct{ UnbroadcastCount int }](r, "getmempoolinfo"); info.UnbroadcastCount != 0 {
		t.Errorf("%d of a package are unbroadcast", info.UnbroadcastCount)
	}
}

func TestPoolCallsComplainInCoresWords(t *testing.T) {
	r := newRig(t)
	c := r.payday(20)
	lone, made := r.spend(2000, 1, r.coins(c, 1)...)
	child, _ := r.spend(2000, 1, made...)
	raw, id, none := hexTx(lone), lone.ID().String(), strings.Repeat("ab", 32)
	burn := hexTx(tx.New(2, lone.Inputs, []tx.Output{{Value: 10, PkScript: []byte{0x6a}}}, 0))
	const decode, high, burns = "TX decode failed. Make sure the tx has at least one input.", "Fee rates larger than or equal to 1BTC/kvB are not accepted", "Unspendable output exceeds maximum configured by user (maxburnamount)"
	rows := []complaint{
		{"sendrawtransaction", []any{"0"}, -22, decode},
		{"sendrawtransaction", []any{""}, -22, decode},
		{"sendrawtransaction", []any{1}, -3, "Wrong type passed:\n{\n    \"Position 1 (hexstring)\": \"JSON value of type number is not of expected type string\"\n}"},
		{"sendrawtransaction", []any{raw, true}, -3, "Amount is not a number or string"},
		{"sendrawtransaction", []any{raw, "x"}, -3, "Invalid amount"},
		{"sendrawtransaction", []any{raw, -1}, -3, "Amount out of range"},
		{"sendrawtransaction", []any{raw, "0.000000001"}, -3, "Invalid amount"},
		{"sendrawtransaction", []any{raw, 1}, -8, high},
		{"sendrawtransaction", []any{raw, nil, "x"}, -3, "Invalid amount"},
		{"sendrawtransaction", []any{burn, nil, "0.00000009"}, -25, burns},
		{"sendrawtransaction", []any{raw, "0.00000001"}, -25, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)"},
		{"sendrawtransaction", []any{hexTx(child)}, -25, "bad-txns-inputs-missingorspent"},
		{"sendrawtransaction", []any{hexTx(tx.New(2, nil, lone.Outputs, 0))}, -26, "bad-txns-vin-empty"},
		{"testmempoolaccept", []any{[]any{}}, -8, "Array must contain between 1 and 25 transactions."},
		{"testmempoolaccept", []any{slices.Repeat([]string{raw}, 26)}, -8, "Array must contain between 1 and 25 transactions."},
		{"testmempoolaccept", []any{[]any{raw}, "1.0"}, -8, high},
		{"testmempoolaccept", []any{[]any{1}}, -3, "JSON value of type number is not of expected type string"},
		{"testmempoolaccept", []any{[]any{"00"}}, -22, "TX decode failed: 00 Make sure the tx has at least one input."},
		{"submitpackage", []any{[]any{raw}}, -8, "Array must contain between 2 and 25 transactions."},
		{"submitpackage", []any{slices.Repeat([]string{raw}, 26)}, -8, "Array must contain between 2 and 25 transactions."},
		{"submitpackage", []any{[]any{raw, "00"}, nil}, -22, "TX decode failed: 00 Make sure the tx has at least one input."},
		{"submitpackage", []any{[]any{burn, "00"}, nil}, -25, burns}, // the first is refused before the second is read
		{"submitpackage", []any{[]any{raw, raw}, 1}, -8, high},
		{"submitpackage", []any{[]any{raw, raw}}, -25, "package topology disallowed. not child-with-parents or parents depend on each other."},
		{"getrawmempool", []any{true, true}, -8, "Verbose results cannot contain mempool sequence values."},
		{"getmempoolentry", []any{none}, -5, "Transaction not in mempool"},
		{"getmempoolentry", []any{"ab"}, -8, "parameter 1 must be of length 64 (not 2, for 'ab')"},
		{"getmempoolentry", []any{strings.Repeat("zz", 32)}, -8, "parameter 1 must be hexadecimal string (not '" + strings.Repeat("zz", 32) + "')"},
		{"getmempoolancestors", []any{none}, -5, "Transaction not in mempool"},
		{"getmempooldescendants", []any{none}, -5, "Transaction not in mempool"},
		{"gettxspendingprevout", []any{[]any{}}, -8, "Invalid parameter, outputs are missing"},
		{"gettxspendingprevout", []any{[]any{1}}, -3, "JSON value of type number is not of expected type object"},
		{"gettxspendingprevout", []any{[]any{map[string]any{"vout": 1}}}, -3, "Missing txid"},
		{"gettxspendingprevout", []any{[]any{map[string]any{"txid": id, "vout": nil}}}, -3, "Missing vout"},
		{"gettxspendingprevout", []any{[]any{map[string]any{"txid": 1, "vout": 1}}}, -3, "JSON value of type number for field txid is not of expected type string"},
		{"gettxspendingprevout", []any{[]any{map[string]any{"txid": id, "vout": "1"}}}, -3, "JSON value of type string for field vout is not of expected type number"},
		{"gettxspendingprevout", []any{[]any{map[string]any{"txid": id, "vout": 1, "a": nil, "b": 1}}}, -3, "Unexpected key a"},
		{"gettxspendingprevout", []any{[]any{map[string]any{"txid": "ab", "vout": 1}}}, -8, "txid must be of length 64 (not 2, for 'ab')"},
		{"gettxspendingprevout", []any{[]any{map[string]any{"txid": id, "vout": -1}}}, -8, "Invalid parameter, vout cannot be negative"},
		{"gettxspendingprevout", []any{[]any{map[string]any{"txid": id, "vout": 1 << 31}}}, -1, "JSON integer out of range"},
		{"prioritisetransaction", []any{"ab", 0, 1}, -8, "txid must be of length 64 (not 2, for 'ab')"},
		{"prioritisetransaction", []any{id, 1, 1}, -8, "Priority is no longer supported, dummy argument to prioritisetransaction must be 0."},
		{"prioritisetransaction", []any{id, 0, 1.5}, -1, "JSON integer out of range"},
		{"prioritisetransaction", []any{id, "0", nil}, -3, "Wrong type passed:\n{\n    \"Position 2 (dummy)\": \"JSON value of type string is not of expected type number\",\n    \"Position 3 (fee_delta)\": \"JSON value of type null is not of expected type number\"\n}"},
		{"importmempool", []any{filepath.Join(t.TempDir(), "none")}, -1, "Unable to import mempool file, see debug.log for details."},
		{"importmempool", []any{"x", map[string]any{"apply_unbroadcast_set": 1}}, -3, "JSON value of type number is not of expected type bool"},
	}
	r.complains([]complaint{{"importmempool", []any{"x"}, -10, "Can only import the mempool after the block download and sync is done."}})
	r.raw("generatetodescriptor", 1, trueDesc)
	r.complains(rows)
	r.raw("sendrawtransaction", raw, 0)
	call[[]string](r, "generatetodescriptor", 1, trueDesc)
	r.complains([]complaint{{"sendrawtransaction", []any{raw}, -27, "Transaction outputs already in utxo set"}})
}

func TestMembersOfOptionsMayBeNamedLikeParameters(t *testing.T) {
	r := newRig(t)
	c := r.payday(5)
	r.raw("generatetodescriptor", 1, trueDesc) // ends the initial download
	lone, _ := r.spend(2000, 1, r.coins(c, 1)...)
	r.raw("sendrawtransaction", hexTx(lone))
	file := call[struct{ Filename string }](r, "savemempool").Filename
	try := func(params string) string {
		_, answer := r.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"importmempool","params":%s}`, params))
		return string(answer)
	}
	for _, c := range []struct{ params, want string }{
		{`{"filepath":%q,"use_current_time":true,"apply_unbroadcast_set":false}`, `"result":{}`},
		{`{"args":[%q],"use_current_time":true}`, `"result":{}`},
		{`{"filepath":%q,"use_current_time":1}`, `"code":-3,"message":"JSON value of type number is not of expected type bool"`},
		{`{"filepath":%q,"options":{},"use_current_time":true}`, `"message":"Parameter options conflicts with parameter use_current_time"`},
		{`{"filepath":%q,"use_the_time":true}`, `"message":"Unknown named parameter use_the_time"`},
		{`{"args":[%q,{}],"use_current_time":true}`, `"message":"Parameter options specified twice both as positional and named argument"`},
	} {
		if got := try(fmt.Sprintf(c.params, file)); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.params, got, c.want)
		}
	}
}
