package rpc_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheNodeSaysWhoItIs(t *testing.T) {
	r := newRig(t)
	wantNames(t, r.raw("getnetworkinfo"), "version subversion protocolversion localservices localservicesnames localrelay timeoffset networkactive connections connections_in connections_out networks relayfee incrementalfee localaddresses warnings")
	info := call[struct {
		Version            int
		Subversion         string
		LocalServices      string
		LocalServicesNames []string
		RelayFee           json.Number
		Networks           []struct {
			Name      string
			Reachable bool
		}
	}](r, "getnetworkinfo")
	if info.Version != 280100 || info.Subversion != "/troupe:0.0.0(rig)/" || info.LocalServices != "0000000000000409" ||
		strings.Join(info.LocalServicesNames, " ") != "NETWORK WITNESS NETWORK_LIMITED" || info.RelayFee != "0.00001000" || len(info.Networks) != 5 || !info.Networks[0].Reachable || info.Networks[2].Reachable {
		t.Errorf("%+v", info)
	}
	for method, want := range map[string]string{
		"getconnectioncount": "0", "getpeerinfo": "[]", "getaddednodeinfo": "[]", "listbanned": "[]", "ping": "null", "clearbanned": "null",
		"getindexinfo": "{}", "getzmqnotifications": "[]",
	} {
		if got := r.raw(method); got != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
	wantNames(t, r.raw("getnettotals"), "totalbytesrecv totalbytessent timemillis uploadtarget")
	wantNames(t, r.raw("getrpcinfo"), "active_commands logpath")
	if up := call[int](r, "uptime"); up < 0 || up > 60 {
		t.Errorf("uptime %d", up)
	}
}

func TestMemoryInfoIsOfTheHeap(t *testing.T) {
	r := newRig(t)
	m := call[struct {
		Locked struct {
			Used, Free, Total, Locked uint64
			ChunksUsed                uint64 `json:"chunks_used"`
			ChunksFree                uint64 `json:"chunks_free"`
		}
	}](r, "getmemoryinfo").Locked
	if m.Used < 1<<20 || m.Used+m.Free != m.Total || m.Locked != 0 || m.ChunksUsed == 0 || m.ChunksUsed > m.Used/(8<<10) {
		t.Errorf("%+v", m)
	}
	r.refuses(-8, "mallocinfo mode not available", "getmemoryinfo", "mallocinfo")
	r.refuses(-8, "unknown mode foobar", "getmemoryinfo", "foobar")
}

func TestBansComeAndGo(t *testing.T) {
	r := newRig(t)
	r.raw("setmocktime", 1_700_000_000)
	r.raw("setban", "192.0.2.77", "add", 1_700_000_900, true)
	r.raw("setban", "192.0.2.0/24", "add", 500)
	r.refuses(-23, "Error: IP/Subnet already banned", "setban", "192.0.2.78", "add")
	r.refuses(-23, "Error: IP/Subnet already banned", "setban", "192.0.2.0/24", "add")
	r.refuses(-30, "Error: Invalid IP/Subnet", "setban", "192.0.2.0/77", "add")
	r.refuses(-30, "Error: Unban failed. Requested address/subnet was not previously manually banned.", "setban", "198.51.100.1", "remove")
	r.refuses(-8, "Error: Absolute timestamp is in the past", "setban", "198.51.100.1", "add", 123, true)
	r.refuses(-1, "setban \"subnet\" \"command\" ( bantime absolute )", "setban", "198.51.100.1", "dance")
	list := r.raw("listbanned")
	if !strings.Contains(list, `{"address":"192.0.2.0/24","ban_created":1700000000,"banned_until":1700000500,"ban_duration":500,"time_remaining":500}`) {
		t.Error(list)
	}
	r.raw("setmocktime", 1_700_000_600)
	if got := call[[]any](r, "listbanned"); len(got) != 1 {
		t.Errorf("%v after the first is over", got)
	}
	r.raw("setban", "192.0.2.77", "remove")
	if got := r.raw("listbanned"); got != "[]" {
		t.Error(got)
	}
}

func TestNodesAreAddedOnce(t *testing.T) {
	r := newRig(t)
	r.raw("setnetworkactive", false)
	r.raw("addnode", "127.0.0.1:1", "add")
	r.refuses(-23, "Error: Node already added", "addnode", "127.0.0.1:1", "add")
	r.refuses(-23, "Error: Node already added", "addnode", "127.1:1", "add")
	if got := r.raw("getaddednodeinfo", "127.0.0.1:1"); got != `[{"addednode":"127.0.0.1:1","connected":false,"addresses":[]}]` {
		t.Error(got)
	}
	r.refuses(-24, "Error: Node has not been added.", "getaddednodeinfo", "127.0.0.2:1")
	r.raw("addnode", "127.0.0.3", "add") // and is called at the chain's port
	if got := r.raw("getaddednodeinfo", "127.0.0.3"); got != `[{"addednode":"127.0.0.3","connected":false,"addresses":[]}]` {
		t.Error(got)
	}
	r.refuses(-23, "Error: Node already added", "addnode", "127.0.0.3:18444", "add")
	r.raw("addnode", "127.0.0.1:1", "remove")
	r.refuses(-24, "Error: Node could not be removed. It has not been added previously.", "addnode", "127.0.0.1:1", "remove")
	r.refuses(-1, `addnode "node" "command" ( v2transport )`, "addnode", "127.0.0.1:1", "hug")
	r.refuses(-29, "Node not found in connected nodes", "disconnectnode", "127.0.0.1:1")
	r.refuses(-29, "Node not found in connected nodes", "disconnectnode", "", 77)
	r.refuses(-32602, "Only one of address and nodeid should be provided.", "disconnectnode", "127.0.0.1:1", 77)
	r.refuses(-32602, "Only one of address and nodeid should be provided.", "disconnectnode")
	if got := r.raw("setnetworkactive", true); got != "true" {
		t.Error(got)
	}
}

func TestAddressesAndDescriptorsAreExplained(t *testing.T) {
	r := newRig(t)
	for addr, want := range map[string]string{
		"mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z":                               "isvalid address scriptPubKey isscript iswitness",
		"2N9hLwkSqr1cPQAPxbrGVUjxyjD11G2e1he":                              "isvalid address scriptPubKey isscript iswitness",
		"bcrt1qamhwamhwamhwamhwamhwamhwamhwamhwamhwamhwamhwamhwamhqgdn98t": "isvalid address scriptPubKey isscript iswitness witness_version witness_program",
		"bcrt1pamhqk96edn":                                                 "isvalid address scriptPubKey iswitness witness_version witness_program",
		"bcrt1qnonsense":                                                   "isvalid error_locations error",
	} {
		wantNames(t, r.raw("validateaddress", addr), want)
	}
	info := r.raw("getdescriptorinfo", "raw(51)")
	if info != `{"descriptor":"`+trueDesc+`","checksum":"8lvh9jxk","isrange":false,"issolvable":false,"hasprivatekeys":false}` {
		t.Error(info)
	}
	ranged := checksummed(t, r, "wpkh(tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp/1/*)")
	if got := call[[]string](r, "deriveaddresses", ranged, []int{1, 3}); len(got) != 3 || !strings.HasPrefix(got[0], "bcrt1q") {
		t.Errorf("%v", got)
	}
	r.refuses(-8, "Range must be specified for a ranged descriptor", "deriveaddresses", ranged)
	r.refuses(-8, "Range should not be specified for an un-ranged descriptor", "deriveaddresses", trueDesc, 2)
	r.refuses(-8, "Range specified as [begin,end] must not have begin after end", "deriveaddresses", ranged, []int{2, 0})
	r.refuses(-8, "End of range is too high", "deriveaddresses", ranged, 4294967296)
	r.refuses(-8, "Range is too large", "deriveaddresses", ranged, 10000000)
	r.refuses(-8, "Range should be greater or equal than 0", "deriveaddresses", ranged, []int{-1, 0})
	r.refuses(-5, "Descriptor does not have a corresponding address", "deriveaddresses", trueDesc)
	r.refuses(-5, "Missing checksum", "deriveaddresses", "raw(51)")
}

func TestTheClockIsTheOperatorsOnRegtestAlone(t *testing.T) {
	r := newRig(t)
	r.refuses(-8, "Mocktime must be in the range [0, 9223372036], not -1.", "setmocktime", -1)
	r.refuses(-8, "Mocktime must be in the range [0, 9223372036], not 9223372037.", "setmocktime", 9223372037)
	r.raw("setmocktime", 1_900_000_000)
	hash := call[[]string](r, "generatetodescriptor", 1, trueDesc)[0]
	if h := call[struct{ Time int64 }](r, "getblockheader", hash); h.Time != 1_900_000_000 {
		t.Errorf("%+v", h)
	}
}

func TestLogCategoriesAreSwitched(t *testing.T) {
	r := newRig(t)
	r.refuses(-8, "unknown logging category nonsense", "logging", []string{"nonsense"})
	all := r.raw("logging")
	if got := names(t, all); !slices.IsSorted(got) || !slices.Contains(got, "actor") || !slices.Contains(got, "coindb") || !slices.Contains(got, "qt") {
		t.Errorf("%v", got)
	}
	if want := "The valid logging categories are: " + strings.Join(names(t, all), ", ") + "\n"; !strings.Contains(call[string](r, "help", "logging"), want) {
		t.Errorf("help does not say %s", want)
	}
	// A category of Core's with nothing to switch is read back all the same.
	for _, on := range []bool{true, false} {
		include, exclude := []string{}, []string{"qt"}
		if on {
			include, exclude = exclude, include
		}
		if got := call[map[string]bool](r, "logging", include, exclude); got["qt"] != on || got["mempool"] {
			t.Errorf("switched %v: %v", on, got)
		}
	}
}

func TestStoppingInterruptsThoseWhoWait(t *testing.T) {
	r := newRig(t)
	answered := make(chan string, 1)
	go func() { answered <- r.raw("waitfornewblock") }()
	for !strings.Contains(r.raw("getrpcinfo"), "waitfornewblock") {
		time.Sleep(time.Millisecond)
	}
	start := time.Now()
	r.end()
	if took := time.Since(start); took > 7*time.Second { // answers under way have eight
		t.Errorf("stopping took %s", took)
	}
	if got := <-answered; !strings.Contains(got, `"height":0`) {
		t.Error(got)
	}
}

func TestAnIdleConnectionStaysUsable(t *testing.T) {
	r := newRig(t, "-rpcservertimeout=1")
	r.client.Transport = &http.Transport{MaxConnsPerHost: 1}
	r.raw("uptime")
	time.Sleep(1500 * time.Millisecond)
	r.raw("uptime")
}

// TestTheTablesOfTheAddressBookAreShown follows rpc_net.py.
func TestTheTablesOfTheAddressBookAreShown(t *testing.T) {
	r := newRig(t, "-test=addrman", "-connect=0")
	r.raw("setmocktime", 1_700_000_000)
	for _, a := range []struct {
		addr   string
		tried  bool
		answer string
	}{
		{"1.0.0.0", false, `{"success":true}`},
		{"1.0.0.0", true, `{"error":"failed-adding-to-new","success":false}`},
		{"1.2.3.4", true, `{"success":true}`},
		{"1.2.5.45", true, `{"error":"failed-adding-to-tried","success":false}`}, // it shares a place with the one before
	} {
		if got := r.raw("addpeeraddress", a.addr, 8333, a.tried); got != a.answer {
			t.Errorf("%s: %s", a.addr, got)
		}
	}
	entry := func(addr string) string {
		return `{"address":"` + addr + `","port":8333,"services":9,"time":1700000000,"network":"ipv4","source":"` + addr + `","source_network":"ipv4"}`
	}
	got := call[map[string]map[string]json.RawMessage](r, "getrawaddrman")
	if len(got["new"]) != 2 || len(got["tried"]) != 1 || string(got["tried"]["6/33"]) != entry("1.2.3.4") {
		t.Errorf("%s", got)
	}
}
