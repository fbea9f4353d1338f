package rpc_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/lab/peer"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// peerMembers are pushed by Core 28's getpeerinfo (src/rpc/net.cpp); addrlocal, minping
// and what else may be missing stand where they are pushed.
const (
	peerHead  = "{id:int addr:str addrbind:str %snetwork:str services:hex servicesnames:[str] relaytxes:bool lastsend:int lastrecv:int last_transaction:int last_block:int bytessent:int bytesrecv:int conntime:int timeoffset:int %s"
	peerTail  = "version:int subver:str inbound:bool bip152_hb_to:bool bip152_hb_from:bool startingheight:int presynced_headers:int synced_headers:int synced_blocks:int inflight:[int*] addr_relay_enabled:bool addr_processed:int addr_rate_limited:int permissions:[str*] minfeefilter:amount bytessent_per_msg:{*:int} bytesrecv_per_msg:{*:int} connection_type:str transport_protocol_type:str session_id:str}"
	pingTimes = "pingtime:num minping:num "
	pingWait  = "pingwait:num "
)

func peerShape(local, pings string) string {
	return "[" + strings.Replace(strings.Replace(peerHead, "%s", local, 1), "%s", pings, 1) + peerTail + "]"
}

// peers waits until a condition about the only peer holds.
func (r *rig) awaitPeer(what string, done func(peer map[string]any) bool) {
	r.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if list := call[[]map[string]any](r, "getpeerinfo"); len(list) == 1 && done(list[0]) {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s: %s", what, r.raw("getpeerinfo"))
		}
	}
}

func TestEveryFieldAboutAPeerIsCores(t *testing.T) {
	for you, shape := range map[string]string{"203.0.113.5:8333": "addrlocal:str ", "0.0.0.0:0": ""} {
		checkPeer(t, netaddr.FromAddrPort(mustAddrPort(t, you)), shape)
	}
}

// checkPeer compares what is told about a peer that calls us so.
func checkPeer(t *testing.T, you netaddr.AddrPort, local string) {
	r := newRig(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r.raw("addnode", l.Addr().String(), "add")
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p, err := peer.Accept(context.Background(), conn, peer.Hello{
		Magic: wire.Magic(r.params.Magic), Services: wire.NodeNetwork | wire.NodeWitness, UserAgent: "/other/", Nonce: 7, You: you,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r.awaitPeer("a first ping", func(peer map[string]any) bool { return peer["version"] != 0.0 && peer["pingwait"] != nil })
	r.answers([]result{
		{"getpeerinfo", nil, peerShape(local, pingWait), "getpeerinfo, a ping under way"},
		{"getaddednodeinfo", nil, "[{addednode:str connected:bool addresses:[{address:str connected:str}]}]", "getaddednodeinfo"},
	})
	for answered := false; !answered; {
		m, err := p.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ping, ok := m.(*wire.Ping); ok {
			if err := p.Send(&wire.Pong{Nonce: ping.Nonce}); err != nil {
				t.Fatal(err)
			}
			answered = true
		}
	}
	r.awaitPeer("the pong", func(peer map[string]any) bool { return peer["pingtime"] != nil })
	r.answers([]result{{"getpeerinfo", nil, peerShape(local, pingTimes), "getpeerinfo"}})
}

func TestEveryFieldAboutTheNodeIsCores(t *testing.T) {
	r := newRig(t, "-connect=0", "-externalip=203.0.113.5")
	r.raw("setban", "198.51.100.1", "add")
	r.raw("addpeeraddress", "1.2.3.4", 8333)
	const counts = "{new:int tried:int total:int}"
	const key = "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"
	const wide = "04f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9388f7b0f632de8140fe337e62a37f3566500a99934c2231b6cb9fd7584b8e672"
	r.answers([]result{
		{"getconnectioncount", nil, "int", "getconnectioncount"},
		{"ping", nil, "null", "ping"},
		{"getnetworkinfo", nil, "{version:int subversion:str protocolversion:int localservices:hex localservicesnames:[str] localrelay:bool timeoffset:int networkactive:bool connections:int connections_in:int connections_out:int " +
			"networks:[{name:str limited:bool reachable:bool proxy:str proxy_randomize_credentials:bool}] relayfee:amount incrementalfee:amount localaddresses:[{address:str port:int score:int}] warnings:[str*]}", "getnetworkinfo"},
		{"getnettotals", nil, "{totalbytesrecv:int totalbytessent:int timemillis:int uploadtarget:{timeframe:int target:int target_reached:bool serve_historical_blocks:bool bytes_left_in_cycle:int time_left_in_cycle:int}}", "getnettotals"},
		{"getnodeaddresses", []any{0}, "[{time:int services:int address:str port:int network:str}]", "getnodeaddresses"},
		{"getaddrmaninfo", nil, "{ipv4:" + counts + " ipv6:" + counts + " onion:" + counts + " i2p:" + counts + " cjdns:" + counts + " all_networks:" + counts + "}", "getaddrmaninfo"},
		{"getrawaddrman", nil, "{new:{*:{address:str port:int services:int time:int network:str source:str source_network:str}} tried:{}}", "getrawaddrman, AddrmanEntryToJSON"},
		{"listbanned", nil, "[{address:str ban_created:int banned_until:int ban_duration:int time_remaining:int}]", "listbanned"},
		{"setnetworkactive", []any{true}, "bool", "setnetworkactive"},
		{"getmemoryinfo", nil, "{locked:{used:int free:int total:int locked:int chunks_used:int chunks_free:int}}", "node.cpp, RPCLockedMemoryInfo"},
		{"logging", nil, "{*:bool}", "node.cpp, logging"},
		{"getindexinfo", nil, "{}", "node.cpp, no index"},
		{"getrpcinfo", nil, "{active_commands:[{method:str duration:int}] logpath:str}", "server.cpp, getrpcinfo"},
		{"uptime", nil, "int", "server.cpp, uptime"},
		{"help", nil, "str", "server.cpp, help"},
		{"validateaddress", []any{"mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z"}, "{isvalid:bool address:str scriptPubKey:hex isscript:bool iswitness:bool}", "DescribeAddressVisitor, PKHash"},
		{"validateaddress", []any{"bcrt1pfeesnyr2tx"}, "{isvalid:bool address:str scriptPubKey:hex isscript:bool iswitness:bool}", "DescribeAddressVisitor, PayToAnchor"},
		{"validateaddress", []any{"bcrt1pamhqk96edn"}, "{isvalid:bool address:str scriptPubKey:hex iswitness:bool witness_version:int witness_program:hex}", "DescribeAddressVisitor, WitnessUnknown"},
		{"validateaddress", []any{"bcrt1q"}, "{isvalid:bool error_locations:[int*] error:str}", "validateaddress"},
		{"createmultisig", []any{1, []string{key}, "bech32"}, "{address:str redeemScript:hex descriptor:str}", "output_script.cpp, createmultisig"},
		{"createmultisig", []any{1, []string{wide}, "bech32"}, "{address:str redeemScript:hex descriptor:str warnings:[str]}", "output_script.cpp, an uncompressed key"},
		{"getdescriptorinfo", []any{"raw(51)"}, "{descriptor:str checksum:str isrange:bool issolvable:bool hasprivatekeys:bool}", "output_script.cpp, getdescriptorinfo"},
		{"deriveaddresses", []any{checksummed(t, r, "wpkh("+key+")")}, "[str]", "output_script.cpp, deriveaddresses"},
		{"decodescript", []any{"51"}, "{asm:str desc:str type:str p2sh:str segwit:{asm:str desc:str hex:hex address:str type:str p2sh-segwit:str}}", "rawtransaction.cpp, decodescript"},
		{"decodescript", []any{"6a"}, "{asm:str desc:str type:str}", "rawtransaction.cpp, what cannot be wrapped"},
		{"getzmqnotifications", nil, "[str*]", "zmqrpc.cpp, none"},
	})
	r.complains([]complaint{
		{"getmemoryinfo", []any{"x"}, -8, "unknown mode x"},
		{"logging", []any{[]any{1}}, -3, "JSON value of type number is not of expected type string"},
		{"createmultisig", []any{0, []string{key}}, -8, "a multisignature address must require at least one key to redeem"},
		{"createmultisig", []any{2, []string{key}}, -8, "not enough keys supplied (got 1 keys, but need at least 2 to redeem)"},
		{"createmultisig", []any{1, []string{key}, "bech32m"}, -5, "createmultisig cannot create bech32m multisig addresses"},
		{"createmultisig", []any{1, []string{key}, "x"}, -5, "Unknown address type 'x'"},
		{"createmultisig", []any{1, []string{"x"}}, -5, "Pubkey \"x\" must be a hex string"},
		{"createmultisig", []any{1, []string{"ab"}}, -5, "Pubkey \"ab\" must have a length of either 33 or 65 bytes"},
		{"getnodeaddresses", []any{-1}, -8, "Address count out of range"},
		{"getnodeaddresses", []any{1, "x"}, -8, "Network not recognized: x"},
		{"getaddednodeinfo", []any{"x"}, -24, "Error: Node has not been added."},
		{"disconnectnode", nil, -32602, "Only one of address and nodeid should be provided."},
		{"disconnectnode", []any{"x"}, -29, "Node not found in connected nodes"},
	})
}

func TestWarningsAreOneStringForThoseWhoAskForThat(t *testing.T) {
	r := newRig(t, "-deprecatedrpc=warnings")
	for _, method := range []string{"getblockchaininfo", "getmininginfo", "getnetworkinfo"} {
		if got := call[struct{ Warnings any }](r, method).Warnings; got != "" {
			t.Errorf("%s: %v", method, got)
		}
	}
}

func TestAddressesThatAreTooOldAreCountedAndNotPassedOn(t *testing.T) {
	r := newRig(t, "-connect=0") // what was tried a minute ago is not judged
	r.raw("setmocktime", 1_900_000_000)
	r.raw("addpeeraddress", "1.2.3.4", 8333)
	r.raw("setmocktime", 1_900_000_000+31*24*3600) // Core's ADDRMAN_HORIZON is 30 days
	if got := r.raw("getnodeaddresses", 0); got != "[]" {
		t.Error(got)
	}
	if got := r.raw("getaddrmaninfo"); !strings.Contains(got, `"all_networks":{"new":1,"tried":0,"total":1}`) {
		t.Error(got)
	}
}
