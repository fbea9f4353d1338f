package rpc_test

import (
	"testing"

	"github.com/troupe-node/troupe/rpc"
)

func TestAnAddressPutIntoTheBookIsListedAndCounted(t *testing.T) {
	r := newRig(t)
	for _, try := range []struct {
		params []any
		want   string
	}{
		{[]any{"1.2.3.4", 8333, true}, `{"success":true}`},
		{[]any{"1.2.3.4", 8333, true}, `{"error":"failed-adding-to-new","success":false}`},
		{[]any{"2.0.0.0", 8333}, `{"success":true}`},
		{[]any{"", 8333}, `{"success":false}`},
	} {
		if got := r.raw("addpeeraddress", try.params...); got != try.want {
			t.Errorf("addpeeraddress %v: %s, want %s", try.params, got, try.want)
		}
	}
	type counts struct{ New, Tried, Total int }
	info := call[map[string]counts](r, "getaddrmaninfo")
	if want := (counts{1, 1, 2}); info["ipv4"] != want || info["all_networks"] != want || info["onion"] != (counts{}) {
		t.Errorf("getaddrmaninfo: %v", info)
	}
	type entry struct {
		Address, Network string
		Port, Services   int
	}
	if list := call[[]entry](r, "getnodeaddresses", 0, "ipv4"); len(list) != 2 || list[0].Port != 8333 || list[0].Services != 9 {
		t.Errorf("getnodeaddresses: %v", list)
	}
	if list := call[[]entry](r, "getnodeaddresses"); len(list) != 1 {
		t.Errorf("getnodeaddresses without a count: %v", list)
	}
	if list := call[[]entry](r, "getnodeaddresses", 0, "i2p"); len(list) != 0 {
		t.Errorf("addresses of I2P: %v", list)
	}
	r.refuses(rpc.CodeInvalidParam, "Address count out of range", "getnodeaddresses", -1)
	r.refuses(rpc.CodeInvalidParam, "Network not recognized: Foo", "getnodeaddresses", 1, "Foo")
	r.refuses(rpc.CodeMisc, "JSON integer out of range", "addpeeraddress", "1.2.3.4", 65536)
}

func TestConnectionsAndMessagesForTestsAreCheckedBeforeTheyAreMade(t *testing.T) {
	r := newRig(t)
	r.refuses(rpc.CodeInvalidParam, "addconnection \"address\" \"connection_type\" v2transport", "addconnection", "127.0.0.1:1", "manual", false)
	r.refuses(rpc.CodeInvalidParam, "requires -v2transport", "addconnection", "127.0.0.1:1", "feeler", true)
	r.refuses(rpc.CodeInvalidParam, "Error: msg_type too long, max length is 12", "sendmsgtopeer", 0, "a_long_name_of_a_message", "")
	r.refuses(rpc.CodeInvalidParam, "Error parsing input for msg", "sendmsgtopeer", 0, "ping", "0x00")
	r.refuses(rpc.CodeMisc, "Error: Could not send message to peer", "sendmsgtopeer", 9, "ping", "00")
	for range 2 { // its slot is free again: nobody is there
		if got := r.raw("addconnection", "127.0.0.1:1", "addr-fetch", false); got != `{"address":"127.0.0.1:1","connection_type":"addr-fetch"}` {
			t.Error(got)
		}
	}
}
