package rpc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/rpc"
)

// arguments are those of Core 28, from the RPCHelpMan of each method: names with
// their old names, types, a question mark behind those that may be missing or null,
// and in brackets the members of an options object that may be named, too.
var arguments = map[string]string{
	// src/rpc/mempool.cpp
	"sendrawtransaction":    "hexstring:string maxfeerate:amount? maxburnamount:amount?",
	"testmempoolaccept":     "rawtxs:array maxfeerate:amount?",
	"submitpackage":         "package:array maxfeerate:amount? maxburnamount:amount?",
	"getrawmempool":         "verbose:bool? mempool_sequence:bool?",
	"getmempoolinfo":        "",
	"getmempoolentry":       "txid:string",
	"getmempoolancestors":   "txid:string verbose:bool?",
	"getmempooldescendants": "txid:string verbose:bool?",
	"gettxspendingprevout":  "outputs:array",
	"savemempool":           "",
	"importmempool":         "filepath:string options:object?[use_current_time:bool? apply_fee_delta_priority:bool? apply_unbroadcast_set:bool?]",
	"getorphantxs":          "verbosity:verbosity?", // of Core 29
	// src/rpc/fees.cpp
	"estimatesmartfee": "conf_target:number estimate_mode:string?",
	"estimaterawfee":   "conf_target:number threshold:number?",
	// src/rpc/mining.cpp
	"prioritisetransaction":      "txid:string dummy:number? fee_delta:number",
	"getprioritisedtransactions": "",
	"getblocktemplate":           "template_request:object",
	"submitblock":                "hexdata:string dummy:string?",
	"submitheader":               "hexdata:string",
	"generateblock":              "output:string transactions:array submit:bool?",
	"generatetoaddress":          "nblocks:number address:string maxtries:number?",
	"generatetodescriptor":       "num_blocks:number descriptor:string maxtries:number?",
	"generate":                   "",
	"getmininginfo":              "",
	"getnetworkhashps":           "nblocks:number? height:number?",
	// src/rpc/blockchain.cpp
	"getblockchaininfo":                "",
	"getblockcount":                    "",
	"getbestblockhash":                 "",
	"getdifficulty":                    "",
	"getblockhash":                     "height:number",
	"getblockfrompeer":                 "blockhash:string peer_id:number",
	"getblockheader":                   "blockhash:string verbose:bool?",
	"getblock":                         "blockhash:string verbosity|verbose:verbosity?",
	"getblockstats":                    "hash_or_height:any stats:array?",
	"getchainstates":                   "",
	"getchaintips":                     "",
	"getchaintxstats":                  "nblocks:number? blockhash:string?",
	"getdeploymentinfo":                "blockhash:string?",
	"gettxout":                         "txid:string n:number include_mempool:bool?",
	"gettxoutsetinfo":                  "hash_type:string? hash_or_height:any? use_index:bool?",
	"scantxoutset":                     "action:string scanobjects:array?",
	"preciousblock":                    "blockhash:string",
	"invalidateblock":                  "blockhash:string",
	"reconsiderblock":                  "blockhash:string",
	"pruneblockchain":                  "height:number",
	"verifychain":                      "checklevel:number? nblocks:number?",
	"waitfornewblock":                  "timeout:number?",
	"waitforblock":                     "blockhash:string timeout:number?",
	"waitforblockheight":               "height:number timeout:number?",
	"syncwithvalidationinterfacequeue": "",
	// src/rpc/rawtransaction.cpp, txoutproof.cpp
	"getrawtransaction":         "txid:string verbosity|verbose:verbosity? blockhash:string?",
	"decoderawtransaction":      "hexstring:string iswitness:bool?",
	"decodescript":              "hexstring:string",
	"combinerawtransaction":     "txs:array",
	"signrawtransactionwithkey": "hexstring:string privkeys:array prevtxs:array? sighashtype:string?",
	"gettxoutproof":             "txids:array blockhash:string?",
	"verifytxoutproof":          "proof:string",
	// src/rpc/output_script.cpp, signmessage.cpp
	"validateaddress":        "address:string",
	"createmultisig":         "nrequired:number keys:array address_type:string?",
	"getdescriptorinfo":      "descriptor:string",
	"deriveaddresses":        "descriptor:string range:range?",
	"signmessagewithprivkey": "privkey:string message:string",
	"verifymessage":          "address:string signature:string message:string",
	// src/rpc/net.cpp
	"getconnectioncount": "",
	"ping":               "",
	"getpeerinfo":        "",
	"addnode":            "node:string command:string v2transport:bool?",
	"addconnection":      "address:string connection_type:string v2transport:bool",
	"disconnectnode":     "address:string? nodeid:number?",
	"getaddednodeinfo":   "node:string?",
	"getnettotals":       "",
	"getnetworkinfo":     "",
	"setban":             "subnet:string command:string bantime:number? absolute:bool?",
	"listbanned":         "",
	"clearbanned":        "",
	"setnetworkactive":   "state:bool",
	"getnodeaddresses":   "count:number? network:string?",
	"addpeeraddress":     "address:string port:number tried:bool?",
	"sendmsgtopeer":      "peer_id:number msg_type:string msg:string",
	"getaddrmaninfo":     "",
	"getrawaddrman":      "",
	// src/rpc/server.cpp, node.cpp
	"help":                "command:string?",
	"stop":                "wait:number?",
	"uptime":              "",
	"getrpcinfo":          "",
	"getmemoryinfo":       "mode:string?",
	"logging":             "include:array? exclude:array?",
	"getindexinfo":        "index_name:string?",
	"setmocktime":         "timestamp:number",
	"mockscheduler":       "delta_time:number",
	"getzmqnotifications": "",
}

func listed(params []rpc.Param) string {
	var list []string
	for i := range params {
		p := &params[i]
		one := p.Name + ":" + string(p.Kind)
		if p.Optional {
			one += "?"
		}
		if p.Named != nil {
			one += "[" + listed(p.Named) + "]"
		}
		list = append(list, one)
	}
	return strings.Join(list, " ")
}

func TestArgumentsAreCores(t *testing.T) {
	registry, err := rpc.Methods()
	if err != nil {
		t.Fatal(err)
	}
	for method, want := range arguments {
		m, ok := registry.Lookup(method)
		if !ok {
			t.Errorf("%s is missing", method)
			continue
		}
		if got := listed(m.Params); got != want {
			t.Errorf("%s takes %q, want %q", method, got, want)
		}
	}
	// createrawtransaction takes an object or a list, the tests of clients
	// whatever they are given.
	others := map[string]bool{"createrawtransaction": true, "echo": true, "echojson": true, "getactors": true}
	for _, name := range registry.Names() {
		if _, known := arguments[name]; !known && !others[name] {
			t.Errorf("%s is in no table: say what it takes in Core", name)
		}
	}
}

func TestHelpIsLaidOutAsCoreLaysItOut(t *testing.T) {
	r := newRig(t)
	for method, want := range map[string]string{
		"prioritisetransaction": `prioritisetransaction "txid" ( dummy ) fee_delta

Accepts the transaction into mined blocks at a higher (or lower) priority

Arguments:
1. txid         (string, required) The transaction id.
2. dummy        (numeric, optional) API-Compatibility for previous API. Must be zero or null.
                DEPRECATED. For forward compatibility use named arguments and omit this parameter.
3. fee_delta    (numeric, required) The fee value (in satoshis) to add (or subtract, if negative).
                Note, that this value is not a fee rate. It is a value to modify absolute fee of the TX.
                The fee is not actually paid, only the algorithm for selecting transactions into a block
                considers the transaction as it would have paid a higher (or lower) fee.
`,
		"importmempool": `importmempool "filepath" ( options )

Import a mempool.dat file and attempt to add its contents to the mempool.
Warning: Importing untrusted files is dangerous, especially if metadata from the file is taken over.

Arguments:
1. filepath    (string, required) The mempool file
2. options     (json object, optional) Options object that can be used to pass named arguments, listed below.

Named Arguments:
use_current_time            (boolean, optional, default=true) Whether to use the current system time or use the entry time metadata from the mempool file.
                            Warning: Importing untrusted metadata may lead to unexpected issues and undesirable behavior.
apply_fee_delta_priority    (boolean, optional, default=false) Whether to apply the fee delta metadata from the mempool file.
`,
		"sendrawtransaction": `2. maxfeerate       (numeric or string, optional, default="0.10") Reject transactions whose fee rate is higher than the specified value, expressed in BTC/kvB.
                    Fee rates larger than 1BTC/kvB are rejected.
                    Set to 0 to accept any fee rate.
3. maxburnamount    (numeric or string, optional, default="0.00") Reject`,
		"getblock": "getblock \"blockhash\" ( verbosity )\n",
		"generate": "generate\n\nhas been replaced by the -generate cli option. Refer to -help for more information.\n",
	} {
		if got := call[string](r, "help", method); !strings.Contains(got, want) {
			t.Errorf("help %s:\n%s\nwant\n%s", method, got, want)
		}
	}
}

// converted are the parameters that bitcoin-cli reads as JSON (vRPCConvertParams of
// Core 28's src/rpc/client.cpp, and getorphantxs of Core 29), of the methods that are here: those of which it does
// not know that they are no strings would reach us as strings.
const converted = `setmocktime 0 timestamp, mockscheduler 0 delta_time, generatetoaddress 0 nblocks, generatetoaddress 2 maxtries,
generatetodescriptor 0 num_blocks, generatetodescriptor 2 maxtries, generateblock 1 transactions, generateblock 2 submit,
getnetworkhashps 0 nblocks, getnetworkhashps 1 height, getblockfrompeer 1 peer_id, getblockhash 0 height, waitforblockheight 0 height,
waitforblockheight 1 timeout, waitforblock 1 timeout, waitfornewblock 0 timeout, getblocktemplate 0 template_request, deriveaddresses 1 range,
scantxoutset 1 scanobjects, createmultisig 0 nrequired, createmultisig 1 keys, getblock 1 verbosity, getblock 1 verbose, getblockheader 1 verbose,
getchaintxstats 0 nblocks, getrawtransaction 1 verbosity, getrawtransaction 1 verbose, createrawtransaction 0 inputs, createrawtransaction 1 outputs,
createrawtransaction 2 locktime, createrawtransaction 3 replaceable, decoderawtransaction 1 iswitness, signrawtransactionwithkey 1 privkeys,
signrawtransactionwithkey 2 prevtxs, sendrawtransaction 1 maxfeerate, sendrawtransaction 2 maxburnamount, testmempoolaccept 0 rawtxs,
testmempoolaccept 1 maxfeerate, submitpackage 0 package, submitpackage 1 maxfeerate, submitpackage 2 maxburnamount, combinerawtransaction 0 txs,
gettxout 1 n, gettxout 2 include_mempool, gettxoutproof 0 txids, gettxoutsetinfo 1 hash_or_height, gettxoutsetinfo 2 use_index,
importmempool 1 options, importmempool 1 apply_fee_delta_priority, importmempool 1 use_current_time, importmempool 1 apply_unbroadcast_set,
verifychain 0 checklevel, verifychain 1 nblocks, getblockstats 0 hash_or_height, getblockstats 1 stats, pruneblockchain 0 height,
getrawmempool 0 verbose, getrawmempool 1 mempool_sequence, estimatesmartfee 0 conf_target, estimaterawfee 0 conf_target, estimaterawfee 1 threshold,
prioritisetransaction 1 dummy, prioritisetransaction 2 fee_delta, setban 2 bantime, setban 3 absolute, setnetworkactive 0 state,
getmempoolancestors 1 verbose, getmempooldescendants 1 verbose, gettxspendingprevout 0 outputs, logging 0 include, logging 1 exclude,
disconnectnode 1 nodeid, getnodeaddresses 0 count, addpeeraddress 1 port, addpeeraddress 2 tried, sendmsgtopeer 0 peer_id, stop 0 wait,
addnode 2 v2transport, addconnection 2 v2transport, getorphantxs 0 verbosity`

// TestCoresClientConvertsWhatIsNoString is rpc_help.py's test_client_conversion_table.
func TestCoresClientConvertsWhatIsNoString(t *testing.T) {
	r := newRig(t)
	want := strings.Split(strings.ReplaceAll(converted, ",\n", ", "), ", ")
	var got []string
	for _, c := range call[[][4]any](r, "help", "dump_all_command_conversions") {
		if c[3] == false {
			got = append(got, fmt.Sprint(c[0], " ", c[1], " ", c[2]))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("converted\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
