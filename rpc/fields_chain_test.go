package rpc_test

import (
	"strings"
	"testing"
	"time"
)

// Shapes of Core 28's src/rpc/blockchain.cpp, rawtransaction.cpp and core_write.cpp.
const (
	headerMembers = "hash:hash confirmations:int height:int version:int versionHex:hex merkleroot:hash time:int mediantime:int nonce:int bits:hex difficulty:num chainwork:hash nTx:int"
	previous      = " previousblockhash:hash"
	following     = " nextblockhash:hash"
	sizes         = " strippedsize:int size:int weight:int"

	outputShape   = "{asm:str desc:str hex:hex address:str type:str}|{asm:str desc:str hex:hex type:str}"
	outputMembers = "[{value:amount n:int scriptPubKey:" + outputShape + "}]"
	sigMembers    = "txid:hash vout:int scriptSig:{asm:str hex:hex} txinwitness:[hex] "
	prevout       = "prevout:{generated:bool height:int value:amount scriptPubKey:" + outputShape + "} "
	txMembers     = "txid:hash hash:hash version:int size:int vsize:int weight:int locktime:int "

	coinbaseVin = "vin:[{coinbase:hex txinwitness:[hex] sequence:int}] vout:" + outputMembers
	plainVin    = "vin:[{" + sigMembers + "sequence:int}] vout:" + outputMembers
	prevoutVin  = "vin:[{" + sigMembers + prevout + "sequence:int}] vout:" + outputMembers
	inBlock     = " blockhash:hash confirmations:int time:int blocktime:int}"
)

func TestEveryFieldAboutBlocksIsCores(t *testing.T) {
	r := newRig(t)
	c := r.payday(5)
	r.raw("sendrawtransaction", hexTx(r.pay(c)))
	full := call[[]string](r, "generatetodescriptor", 1, trueDesc)[0]
	r.raw("generatetodescriptor", 1, trueDesc)
	tip := call[string](r, "getbestblockhash")
	coinbaseTx := "{" + txMembers + coinbaseVin + " hex:hex}"
	const deployment = "{type:str active:bool height:int}"
	const signals = "{type:str active:bool bip9:{start_time:int timeout:int min_activation_height:int status:str since:int status_next:str}}|" +
		"{type:str active:bool bip9:{bit:int start_time:int timeout:int min_activation_height:int status:str since:int status_next:str statistics:{period:int elapsed:int count:int threshold:int possible:bool} signalling:str}}"
	const stats = "{avgfee:int avgfeerate:int avgtxsize:int blockhash:hash feerate_percentiles:[int] height:int ins:int maxfee:int maxfeerate:int maxtxsize:int medianfee:int mediantime:int mediantxsize:int " +
		"minfee:int minfeerate:int mintxsize:int outs:int subsidy:int swtotal_size:int swtotal_weight:int swtxs:int time:int total_out:int total_size:int total_weight:int totalfee:int txs:int " +
		"utxo_increase:int utxo_size_inc:int utxo_increase_actual:int utxo_size_inc_actual:int}"
	r.answers([]result{
		{"getblockchaininfo", nil, "{chain:str blocks:int headers:int bestblockhash:hash difficulty:num time:int mediantime:int verificationprogress:num initialblockdownload:bool chainwork:hash size_on_disk:int pruned:bool warnings:[str*]}", "getblockchaininfo"},
		{"getblockcount", nil, "int", "getblockcount"},
		{"getbestblockhash", nil, "hash", "getbestblockhash"},
		{"getdifficulty", nil, "num", "getdifficulty"},
		{"getblockhash", []any{1}, "hash", "getblockhash"},
		{"getblockheader", []any{full}, "{" + headerMembers + previous + following + "}", "blockheaderToJSON"},
		{"getblockheader", []any{tip}, "{" + headerMembers + previous + "}", "blockheaderToJSON, the tip"},
		{"getblockheader", []any{genesisHash}, "{" + headerMembers + following + "}", "blockheaderToJSON, the genesis block"},
		{"getblockheader", []any{full, false}, "hex", "getblockheader"},
		{"getblock", []any{full, 0}, "hex", "getblock"},
		{"getblock", []any{full}, "{" + headerMembers + previous + following + sizes + " tx:[hash]}", "blockToJSON, SHOW_TXID"},
		{"getblock", []any{full, 2}, "{" + headerMembers + previous + following + sizes + " tx:[" + coinbaseTx + "|{" + txMembers + plainVin + " fee:amount hex:hex}]}", "blockToJSON, SHOW_DETAILS"},
		{"getblock", []any{full, 3}, "{" + headerMembers + previous + following + sizes + " tx:[" + coinbaseTx + "|{" + txMembers + prevoutVin + " fee:amount hex:hex}]}", "blockToJSON, SHOW_DETAILS_AND_PREVOUT"},
		{"getblock", []any{full, true}, "{" + headerMembers + previous + following + sizes + " tx:[hash]}", "ParseVerbosity"},
		{"getchaintips", nil, "[{height:int hash:hash branchlen:int status:str}]", "getchaintips"},
		{"getchainstates", nil, "{headers:int chainstates:[{blocks:int bestblockhash:hash difficulty:num verificationprogress:num coins_db_cache_bytes:int coins_tip_cache_bytes:int validated:bool}]}", "getchainstates"},
		{"getchaintxstats", nil, "{time:int txcount:int window_final_block_hash:hash window_final_block_height:int window_block_count:int window_interval:int window_tx_count:int txrate:num}", "getchaintxstats"},
		{"getchaintxstats", []any{0}, "{time:int txcount:int window_final_block_hash:hash window_final_block_height:int window_block_count:int}", "getchaintxstats, no window"},
		{"getblockstats", []any{full}, stats, "getblockstats"},
		{"getblockstats", []any{0}, stats, "getblockstats, the genesis block"},
		{"getblockstats", []any{full, []string{"txs", "avgfee", "txs"}}, "{avgfee:int txs:int}", "getblockstats, a std::set"},
		{"getdeploymentinfo", nil, "{hash:hash height:int deployments:{bip34:" + deployment + " bip66:" + deployment + " bip65:" + deployment + " csv:" + deployment + " segwit:" + deployment +
			" testdummy:" + signals + " taproot:{type:str height:int active:bool bip9:{start_time:int timeout:int min_activation_height:int status:str since:int status_next:str}}}}", "DeploymentInfo"},
		{"verifychain", nil, "bool", "verifychain"},
		{"waitforblockheight", []any{0}, "{hash:hash height:int}", "waitforblockheight"},
		{"waitforblock", []any{tip}, "{hash:hash height:int}", "waitforblock"},
	})
	r.complains([]complaint{
		{"getblockhash", []any{-1}, -8, "Block height out of range"},
		{"getblockhash", []any{1000}, -8, "Block height out of range"},
		{"getblock", []any{strings.Repeat("0", 64)}, -5, "Block not found"},
		{"getblock", []any{"0"}, -8, "blockhash must be of length 64 (not 1, for '0')"},
		{"getblock", []any{full, "2"}, -3, "JSON value of type string is not of expected type number"},
		{"getblock", []any{full, 1.5}, -1, "JSON integer out of range"},
		{"getblockheader", []any{"0"}, -8, "hash must be of length 64 (not 1, for '0')"},
		{"getblockstats", []any{-1}, -8, "Target block height -1 is negative"},
		{"getblockstats", []any{1000}, -8, "Target block height 1000 after current tip " + r.raw("getblockcount")},
		{"getblockstats", []any{"0"}, -8, "hash_or_height must be of length 64 (not 1, for '0')"},
		{"getblockstats", []any{full, []string{"x"}}, -8, "Invalid selected statistic 'x'"},
		{"getchaintxstats", []any{-1}, -8, "Invalid block count: should be between 0 and the block's height - 1"},
		{"getchaintxstats", []any{1000}, -8, "Invalid block count: should be between 0 and the block's height - 1"},
		{"waitfornewblock", []any{-1}, -1, "Negative timeout"},
	})
}

func TestEveryFieldOfAPrunedChainIsCores(t *testing.T) {
	const info = "{chain:str blocks:int headers:int bestblockhash:hash difficulty:num time:int mediantime:int verificationprogress:num initialblockdownload:bool chainwork:hash size_on_disk:int pruned:bool pruneheight:int automatic_pruning:bool %swarnings:[str*]}"
	newRig(t, "-prune=1").answers([]result{{"getblockchaininfo", nil, strings.ReplaceAll(info, "%s", ""), "getblockchaininfo, PRUNE_TARGET_MANUAL"}})
	newRig(t, "-prune=550").answers([]result{{"getblockchaininfo", nil, strings.ReplaceAll(info, "%s", "prune_target_size:int "), "getblockchaininfo, automatic_pruning"}})
}

func TestEveryFieldAboutTransactionsAndCoinsIsCores(t *testing.T) {
	r := newRig(t, "-txindex")
	c := r.payday(5)
	spend := r.pay(c)
	r.raw("sendrawtransaction", hexTx(spend))
	id := spend.ID().String()
	const out = "{bestblock:hash confirmations:int value:amount scriptPubKey:" + outputShape + " coinbase:bool}"
	r.answers([]result{
		{"getrawtransaction", []any{id}, "hex", "getrawtransaction"},
		{"getrawtransaction", []any{id, 1}, "{" + txMembers + plainVin + " hex:hex}", "TxToJSON, of the pool"},
		{"getrawtransaction", []any{id, 2}, "{" + txMembers + plainVin + " hex:hex}", "TxToJSON, of the pool"},
		{"gettxout", []any{id, 0}, out, "gettxout, of the pool"},
		{"gettxout", []any{id, 0, false}, "null", "gettxout"},
		{"gettxout", []any{id, 99}, "null", "gettxout"},
		{"decoderawtransaction", []any{hexTx(spend)}, "{" + txMembers + plainVin + "}", "TxToUniv, include_hex=false"},
		{"decoderawtransaction", []any{hexTx(spend), true}, "{" + txMembers + plainVin + "}", "TxToUniv, include_hex=false"},
	})
	block := call[[]string](r, "generatetodescriptor", 1, trueDesc)[0]
	coinbase := call[struct{ Tx []string }](r, "getblock", block).Tx[0]
	const scanned = "{success:bool txouts:int height:int bestblock:hash unspents:[{txid:hash vout:int scriptPubKey:hex desc:str amount:amount coinbase:bool height:int blockhash:hash confirmations:int}] total_amount:amount}"
	const set = "{height:int bestblock:hash txouts:int bogosize:int %stotal_amount:amount transactions:int disk_size:int}"
	r.answers([]result{
		{"getrawtransaction", []any{id, 0}, "hex", "getrawtransaction, from the index"},
		{"getrawtransaction", []any{id, true}, "{" + txMembers + plainVin + " hex:hex" + inBlock, "TxToJSON"},
		{"getrawtransaction", []any{id, 2}, "{" + txMembers + prevoutVin + " fee:amount hex:hex" + inBlock, "TxToJSON, with undo data"},
		{"getrawtransaction", []any{id, 1, block}, "{in_active_chain:bool " + txMembers + plainVin + " hex:hex" + inBlock, "getrawtransaction, with a block"},
		{"getrawtransaction", []any{id, 2, block}, "{in_active_chain:bool " + txMembers + prevoutVin + " fee:amount hex:hex" + inBlock, "getrawtransaction, with a block"},
		{"getrawtransaction", []any{coinbase, 2, block}, "{in_active_chain:bool " + txMembers + coinbaseVin + " hex:hex" + inBlock, "getrawtransaction, IsCoinBase"},
		{"gettxout", []any{id, 0}, out, "gettxout"},
		{"gettxoutsetinfo", nil, strings.ReplaceAll(set, "%s", "hash_serialized_3:hash "), "gettxoutsetinfo"},
		{"gettxoutsetinfo", []any{"muhash"}, strings.ReplaceAll(set, "%s", "muhash:hash "), "gettxoutsetinfo"},
		{"gettxoutsetinfo", []any{"none"}, strings.ReplaceAll(set, "%s", ""), "gettxoutsetinfo"},
		{"scantxoutset", []any{"start", []any{trueDesc}}, scanned, "scantxoutset"},
		{"scantxoutset", []any{"status"}, "null", "scantxoutset"},
		{"scantxoutset", []any{"abort"}, "bool", "scantxoutset"},
		{"gettxoutproof", []any{[]any{id}}, "hex", "txoutproof.cpp"},
		{"getindexinfo", nil, "{txindex:{synced:bool best_block_height:int}}", "SummaryToJSON"},
		{"getindexinfo", []any{"coinstatsindex"}, "{}", "SummaryToJSON"},
	})
	tip := call[string](r, "getbestblockhash")
	r.raw("invalidateblock", tip)
	r.answers([]result{{"getrawtransaction", []any{id, 1, block}, "{in_active_chain:bool " + txMembers + plainVin + " hex:hex blockhash:hash confirmations:int}", "TxToJSON, a block outside the chain"}})
	none := strings.Repeat("ab", 32)
	r.complains([]complaint{
		{"getrawtransaction", []any{none}, -5, "No such mempool or blockchain transaction. Use gettransaction for wallet transactions."},
		{"getrawtransaction", []any{none, 0, none}, -5, "Block hash not found"},
		{"getrawtransaction", []any{none, 0, "ab"}, -8, "parameter 3 must be of length 64 (not 2, for 'ab')"},
		{"getrawtransaction", []any{none, 0, block}, -5, "No such transaction found in the provided block. Use gettransaction for wallet transactions."},
		{"getrawtransaction", []any{r.params.Genesis.Txs[0].ID().String()}, -5, "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved"},
		{"getrawtransaction", []any{none, "1"}, -3, "JSON value of type string is not of expected type number"},
		{"decoderawtransaction", []any{"00"}, -22, "TX decode failed"},
		{"decodescript", []any{"0"}, -8, "argument must be hexadecimal string (not '0')"},
		{"gettxout", []any{none, -1}, -1, "JSON integer out of range"},
		{"gettxoutsetinfo", []any{"sha"}, -8, "'sha' is not a valid hash_type"},
		{"gettxoutsetinfo", []any{"none", 1}, -8, "Querying specific block heights requires coinstatsindex"},
		{"scantxoutset", []any{"begin"}, -8, "Invalid action 'begin'"},
		{"scantxoutset", []any{"start"}, -1, "scanobjects argument is required for the start action"},
	})
}

// TestAHexThatReadsBothWaysIsReadAsSaneScripts: a transaction without inputs looks like
// one with witnesses (Core's DecodeTx and its test of 0100000000010000…).
func TestAHexThatReadsBothWaysIsReadAsSaneScripts(t *testing.T) {
	r := newRig(t)
	type decoded struct {
		Vin  []any
		Vout []any
	}
	// No inputs and one output of an empty script: the other way it is cut short.
	bare := "01000000" + "00" + "01" + "0000000000000000" + "00" + "00000000"
	if got := call[decoded](r, "decoderawtransaction", bare); len(got.Vin) != 0 || len(got.Vout) != 1 {
		t.Errorf("%+v", got)
	}
	r.complains([]complaint{{"decoderawtransaction", []any{bare, true}, -22, "TX decode failed"}})
	// One satoshi to a push, in which an input with a script of no opcodes and a
	// witness are hidden.
	hidden := strings.Repeat("00", 26) + "01ff" + "ffffffff" + "01" + "0000000000000000" + "00" + "0101aa"
	both := "01000000" + "0001" + "0100000000000000" + "2f" + "4c2d" + hidden + "00000000"
	if got := call[decoded](r, "decoderawtransaction", both); len(got.Vin) != 0 || len(got.Vout) != 1 {
		t.Errorf("%+v", got)
	}
	if got := call[decoded](r, "decoderawtransaction", both, true); len(got.Vin) != 1 || len(got.Vout) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestTheSizeOnDiskFollowsTheBlocks(t *testing.T) {
	r := newRig(t)
	size := func() int {
		return call[struct {
			Size int `json:"size_on_disk"`
		}](r, "getblockchaininfo").Size
	}
	want := size()
	for range 3 {
		hash := call[[]string](r, "generatetodescriptor", 1, trueDesc)[0]
		want += call[struct{ Size int }](r, "getblock", hash).Size
		for deadline := time.Now().Add(time.Minute); size() < want; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d bytes, want at least %d", size(), want)
			}
		}
	}
}

func TestTransactionsAreMadeAndProvedInCoresWords(t *testing.T) {
	r := newRig(t)
	const address = "mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z"
	id := strings.Repeat("ab", 32)
	in := func(members ...any) []any {
		m := map[string]any{}
		for i := 0; i < len(members); i += 2 {
			m[members[i].(string)] = members[i+1]
		}
		return []any{m}
	}
	out := map[string]any{address: 1}
	bare := call[string](r, "createrawtransaction", in("txid", id, "vout", 0), out)
	const key = "cUeKHd5orzT3mz8P9pxyREHfsWtVfgsfDjiZZBcjUBAaGk1BTj7N" // of rpc_signrawtransactionwithkey.py
	r.answers([]result{
		{"createrawtransaction", []any{in("txid", id, "vout", 0), out}, "hex", "rawtransaction.cpp, createrawtransaction"},
		{"createrawtransaction", []any{in("txid", id, "vout", 0), []any{out, map[string]any{"data": "00"}}, 5, true}, "hex", "rawtransaction.cpp, createrawtransaction"},
		{"createrawtransaction", []any{in("txid", id, "vout", 0, "sequence", "x"), out}, "hex", "rawtransaction_util.cpp, AddInputs takes no notice"},
		{"signrawtransactionwithkey", []any{bare, []string{key}}, "{hex:hex complete:bool errors:[{txid:hash vout:int witness:[hex*] scriptSig:hex sequence:int error:str}]}", "rawtransaction_util.cpp, TxInErrorToJSON"},
		{"signrawtransactionwithkey", []any{bare, []string{key}, in("txid", id, "vout", 0, "scriptPubKey", "51")}, "{hex:hex complete:bool}", "rawtransaction_util.cpp, SignTransactionResultToJSON"},
		{"verifytxoutproof", []any{strings.Repeat("00", 84) + "00" + "00"}, "[hash*]", "txoutproof.cpp, verifytxoutproof"},
	})
	r.complains([]complaint{
		{"createrawtransaction", []any{[]any{1}, out}, -3, "JSON value of type number is not of expected type object"},
		{"createrawtransaction", []any{in("vout", 0), out}, -3, "JSON value of type null is not of expected type string"},
		{"createrawtransaction", []any{in("txid", "ab", "vout", 0), out}, -8, "txid must be of length 64 (not 2, for 'ab')"},
		{"createrawtransaction", []any{in("txid", id), out}, -8, "Invalid parameter, missing vout key"},
		{"createrawtransaction", []any{in("txid", id, "vout", -1), out}, -8, "Invalid parameter, vout cannot be negative"},
		{"createrawtransaction", []any{in("txid", id, "vout", 0, "sequence", -1), out}, -8, "Invalid parameter, sequence number is out of range"},
		{"createrawtransaction", []any{in("txid", id, "vout", 0, "sequence", 4294967295), out, 0, true}, -8, "Invalid parameter combination: Sequence number(s) contradict replaceable option"},
		{"createrawtransaction", []any{[]any{}, nil}, -8, "Invalid parameter, output argument must be non-null"},
		{"createrawtransaction", []any{[]any{}, "x"}, -3, "JSON value of type string is not of expected type array"},
		{"createrawtransaction", []any{[]any{}, []any{1}}, -8, "Invalid parameter, key-value pair not an object as expected"},
		{"createrawtransaction", []any{[]any{}, []any{map[string]any{"a": 1, "b": 1}}}, -8, "Invalid parameter, key-value pair must contain exactly one key"},
		{"createrawtransaction", []any{[]any{}, []any{out, out}}, -8, "Invalid parameter, duplicated address: " + address},
		{"createrawtransaction", []any{[]any{}, []any{map[string]any{"data": "00"}, map[string]any{"data": "00"}}}, -8, "Invalid parameter, duplicate key: data"},
		{"createrawtransaction", []any{[]any{}, map[string]any{"data": "x"}}, -8, "Data must be hexadecimal string (not 'x')"},
		{"createrawtransaction", []any{[]any{}, map[string]any{"x": 1}}, -5, "Invalid Bitcoin address: x"},
		{"createrawtransaction", []any{[]any{}, map[string]any{"x": "y"}}, -3, "Invalid amount"},
		{"createrawtransaction", []any{[]any{}, out, -1}, -8, "Invalid parameter, locktime out of range"},
		{"signrawtransactionwithkey", []any{"00", []any{}}, -22, "TX decode failed. Make sure the tx has at least one input."},
		{"signrawtransactionwithkey", []any{bare, []string{"x"}}, -5, "Invalid private key"},
		{"signrawtransactionwithkey", []any{bare, []any{}, []any{1}}, -22, `expected object with {"txid'","vout","scriptPubKey"}`},
		{"signrawtransactionwithkey", []any{bare, []any{}, in("txid", id, "vout", 0)}, -3, "Missing scriptPubKey"},
		{"signrawtransactionwithkey", []any{bare, []any{}, in("txid", id, "vout", -1, "scriptPubKey", "51")}, -22, "vout cannot be negative"},
		{"signrawtransactionwithkey", []any{bare, []any{}, in("txid", id, "vout", 1<<31, "scriptPubKey", "51")}, -1, "JSON integer out of range"},
		{"signrawtransactionwithkey", []any{bare, []any{}, nil, "x"}, -8, "'x' is not a valid sighash parameter."},
		{"combinerawtransaction", []any{[]any{}}, -22, "Missing transactions"},
		{"combinerawtransaction", []any{[]any{"00"}}, -22, "TX decode failed for tx 0. Make sure the tx has at least one input."},
		{"combinerawtransaction", []any{[]any{bare}}, -25, "Input not found or already spent"},
		{"gettxoutproof", []any{[]any{}}, -8, "Parameter 'txids' cannot be empty"},
		{"gettxoutproof", []any{[]any{id, id}}, -8, "Invalid parameter, duplicated txid: " + id},
		{"gettxoutproof", []any{[]any{id}}, -5, "Transaction not yet in block"},
		{"gettxoutproof", []any{[]any{id}, id}, -5, "Block not found"},
		{"gettxoutproof", []any{[]any{id}, genesisHash}, -5, "Not all transactions found in specified or retrieved block"},
		{"verifytxoutproof", []any{"x"}, -8, "proof must be hexadecimal string (not 'x')"},
	})
}
