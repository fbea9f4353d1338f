package rpc_test

import (
	"strings"
	"testing"

	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/rpc"
	"github.com/troupe-node/troupe/script"
)

func TestAProofLeadsFromATransactionToItsBlockAndBack(t *testing.T) {
	r := newRig(t)
	hashes := call[[]string](r, "generatetoaddress", 3, r.address(t))
	id := func(i int) string {
		return call[struct{ Tx []string }](r, "getblock", hashes[i]).Tx[0]
	}
	for i, params := range [][]any{{[]string{id(0)}}, {[]string{id(1)}, hashes[1]}} {
		proof := call[string](r, "gettxoutproof", params...)
		if got := r.raw("verifytxoutproof", proof); got != `["`+id(i)+`"]` {
			t.Errorf("proof of %d: %s", i, got)
		}
		// Another root, and the proof proves nothing.
		damaged := proof[:80] + flipped(proof[80:82]) + proof[82:]
		if got := r.raw("verifytxoutproof", damaged); got != "[]" {
			t.Errorf("damaged proof of %d: %s", i, got)
		}
	}
	zero := strings.Repeat("00", 32)
	r.refuses(rpc.CodeInvalidParam, "Parameter 'txids' cannot be empty", "gettxoutproof", []string{})
	r.refuses(rpc.CodeInvalidParam, "Invalid parameter, duplicated txid: "+zero, "gettxoutproof", []string{zero, zero})
	r.refuses(rpc.CodeInvalidAddress, "Not all transactions found in specified or retrieved block", "gettxoutproof", []string{id(0), id(1)}, hashes[0])
	r.refuses(rpc.CodeInvalidAddress, "Transaction not yet in block", "gettxoutproof", []string{zero})
	r.refuses(rpc.CodeInvalidAddress, "Block not found", "gettxoutproof", []string{id(0)}, zero)
}

func flipped(hex string) string {
	if hex == "00" {
		return "01"
	}
	return "00"
}

func TestSignedMessagesAreThoseOfCore(t *testing.T) {
	r := newRig(t)
	const (
		key  = "cUeKHd5orzT3mz8P9pxyREHfsWtVfgsfDjiZZBcjUBAaGk1BTj7N"
		addr = "mpLQjfK79b7CCV4VMJWEWAj5Mpx8Up5zxB"
		text = "This is just a test message"
		want = "INbVnW4e6PeRmsv2Qgu8NuopvrVjkcxob+sX8OcZG0SALhWybUjzMLPdAsXI46YZGb0KQTRii+wWIQzRpG/U+S0="
	)
	if got := call[string](r, "signmessagewithprivkey", key, text); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	for message, good := range map[string]bool{text: true, text + ".": false} {
		if got := call[bool](r, "verifymessage", addr, want, message); got != good {
			t.Errorf("%q verifies: %v", message, got)
		}
	}
	r.refuses(rpc.CodeInvalidAddress, "Invalid private key", "signmessagewithprivkey", "invalid_key", text)
	r.refuses(rpc.CodeInvalidAddress, "Invalid address", "verifymessage", "invalid_addr", want, text)
	r.refuses(rpc.CodeType, "Malformed base64 encoding", "verifymessage", addr, "invalid_sig", text)
	r.refuses(rpc.CodeType, "Address does not refer to key", "verifymessage", r.address(t), want, text)
}

func TestMultiSigAddressesAreThoseOfTheirDescriptors(t *testing.T) {
	r := newRig(t)
	keys := []string{
		"0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
		"03fff97bd5755eeea420453a14355235d382f6472f8568a18b2f057a1460297556",
	}
	type result struct {
		Address, RedeemScript, Descriptor string
		Warnings                          []string
	}
	for _, kind := range []string{"legacy", "p2sh-segwit", "bech32"} {
		m := call[result](r, "createmultisig", 2, keys, kind)
		if got := call[[]string](r, "deriveaddresses", m.Descriptor); len(got) != 1 || got[0] != m.Address {
			t.Errorf("%s: %s, but its descriptor has %v", kind, m.Address, got)
		}
	}
	long := "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
	if m := call[result](r, "createmultisig", 1, []string{long}, "bech32"); len(m.Warnings) != 1 || !strings.HasPrefix(m.Descriptor, "sh(") {
		t.Errorf("with an uncompressed key: %+v", m)
	}
	r.refuses(rpc.CodeInvalidAddress, "createmultisig cannot create bech32m multisig addresses", "createmultisig", 1, keys, "bech32m")
	r.refuses(rpc.CodeInvalidAddress, "Unknown address type 'x'", "createmultisig", 1, keys, "x")
	r.refuses(rpc.CodeInvalidParam, "not enough keys supplied (got 2 keys, but need at least 3 to redeem)", "createmultisig", 3, keys)
	r.refuses(rpc.CodeInvalidParam, "must require at least one key", "createmultisig", 0, keys)
	r.refuses(rpc.CodeInvalidAddress, "must be a hex string", "createmultisig", 1, []string{"zz"})
	r.refuses(rpc.CodeInvalidAddress, "must be cryptographically valid", "createmultisig", 1, []string{"05" + keys[0][2:]})
}

func TestTheStoredChainIsVerifiedAgain(t *testing.T) {
	r := newRig(t)
	r.raw("generatetoaddress", 5, r.address(t))
	for level := range 5 {
		if got := r.raw("verifychain", level, 0); got != "true" {
			t.Errorf("level %d: %s", level, got)
		}
	}
}

func TestPeriodicWorkIsBroughtForwardByAnHourAtMost(t *testing.T) {
	r := newRig(t)
	r.raw("mockscheduler", 3600)
	for _, delta := range []int{0, -1, 3601} {
		r.refuses(rpc.CodeMisc, "delta_time must be between 1 and 3600 seconds (1 hr)", "mockscheduler", delta)
	}
}

// address is one that anybody may be paid at.
func (r *rig) address(t testing.TB) string {
	t.Helper()
	a, ok := address.Encode(script.PayToWitness(0, make([]byte, 20)), r.params.Name)
	if !ok {
		t.Fatal("no address")
	}
	return a
}

func TestTheBlockAssembledLastIsToldOfWhoeverAsked(t *testing.T) {
	r := newRig(t)
	r.raw("generatetoaddress", 1, r.address(t))
	type info struct{ CurrentBlockWeight, CurrentBlockTx *int }
	if got := call[info](r, "getmininginfo"); got.CurrentBlockWeight == nil || *got.CurrentBlockWeight != 4000 || *got.CurrentBlockTx != 0 {
		t.Errorf("after a block without transactions: %+v", got)
	}
}
