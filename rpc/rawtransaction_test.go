package rpc_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
	"github.com/troupe-node/troupe/tx"
)

func TestScriptsDecodeAsInCoresVectors(t *testing.T) {
	// test/functional/data/rpc_decodescript.json of Bitcoin Core 28 (MIT licence).
	file, err := os.ReadFile("testdata/decodescript.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors [][2]json.RawMessage
	if err := json.Unmarshal(file, &vectors); err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	for _, v := range vectors {
		var script string
		if err := json.Unmarshal(v[0], &script); err != nil {
			t.Fatal(err)
		}
		got := r.raw("decodescript", script)
		if a, b := decoded(t, []byte(got)), decoded(t, v[1]); !reflect.DeepEqual(a, b) {
			t.Errorf("%s\n%s\nwant\n%s", script, got, compact(t, v[1]))
		}
		if a, b := names(t, got), names(t, string(v[1])); len(a) != len(b) {
			t.Errorf("%s: members %v, want %v", script, a, b)
		}
	}
	// A public key becomes P2WPKH unless it is uncompressed; a multisig P2WSH.
	key := "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"
	got := r.raw("decodescript", "21"+key+"ac")
	wantNames(t, got, "asm desc type p2sh segwit")
	if !strings.Contains(got, `"type":"witness_v0_keyhash"`) {
		t.Error(got)
	}
	got = r.raw("decodescript", "5121"+key+"51ae")
	if !strings.Contains(got, `"desc":"wsh(multi(1,`+key+`))#`) {
		t.Error(got)
	}
	if got := r.raw("decodescript", ""); !strings.Contains(got, `"type":"nonstandard"`) {
		t.Error(got)
	}
	r.refuses(-8, "argument must be hexadecimal string (not 'xyz')", "decodescript", "xyz")
}

func decoded(t testing.TB, raw []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func compact(t testing.TB, raw []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestARawTransactionIsFoundInThePoolOrInItsBlock(t *testing.T) {
	r := newRig(t)
	c := r.payday(3)
	spend := r.pay(c)
	id := spend.ID().String()
	r.refuses(-5, "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries. Use gettransaction for wallet transactions.", "getrawtransaction", id)
	r.raw("sendrawtransaction", hexTx(spend))
	if got := call[string](r, "getrawtransaction", id); got != hexTx(spend) {
		t.Error(got)
	}
	wantNames(t, r.raw("getrawtransaction", id, true), "txid hash version size vsize weight locktime vin vout hex")
	block := call[[]string](r, "generatetodescriptor", 1, trueDesc)[0]
	r.refuses(-5, "No such mempool transaction", "getrawtransaction", id)
	if got := call[string](r, "getrawtransaction", id, 0, block); got != hexTx(spend) {
		t.Error(got)
	}
	wantNames(t, r.raw("getrawtransaction", id, 1, block), "in_active_chain txid hash version size vsize weight locktime vin vout hex blockhash confirmations time blocktime")
	wantNames(t, r.raw("getrawtransaction", id, 2, block), "in_active_chain txid hash version size vsize weight locktime vin vout fee hex blockhash confirmations time blocktime")
	r.refuses(-5, "No such transaction found in the provided block", "getrawtransaction", id, 1, genesisHash)
	r.refuses(-5, "Block hash not found", "getrawtransaction", id, 1, strings.Repeat("0", 64))
	r.refuses(-8, "parameter 3 must be of length 64 (not 3, for 'abc')", "getrawtransaction", id, 1, "abc")
	r.refuses(-8, "parameter 1 must be of length 64", "getrawtransaction", "abc")
	r.refuses(-5, "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved", "getrawtransaction",
		"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b")
	wantNames(t, r.raw("decoderawtransaction", hexTx(spend)), "txid hash version size vsize weight locktime vin vout")
	r.refuses(-22, "TX decode failed", "decoderawtransaction", "00")
	r.refuses(-22, "TX decode failed", "decoderawtransaction", hexTx(spend), false)
}

func TestWithAnIndexATransactionIsFoundInTheChain(t *testing.T) {
	r := newRig(t, "-txindex")
	c := r.payday(3)
	spend := r.pay(c)
	id := spend.ID().String()
	for !call[map[string]struct{ Synced bool }](r, "getindexinfo")["txindex"].Synced {
		time.Sleep(time.Millisecond)
	}
	r.refuses(-5, "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.", "getrawtransaction", id)
	r.raw("sendrawtransaction", hexTx(spend))
	call[[]string](r, "generatetodescriptor", 1, trueDesc)
	if got := call[string](r, "getrawtransaction", id); got != hexTx(spend) {
		t.Error(got)
	}
	wantNames(t, r.raw("getrawtransaction", id, 1), "txid hash version size vsize weight locktime vin vout hex blockhash confirmations time blocktime")
	wantNames(t, r.raw("getrawtransaction", id, 2), "txid hash version size vsize weight locktime vin vout fee hex blockhash confirmations time blocktime")
	if got := r.raw("getindexinfo", "coinstatsindex"); got != "{}" {
		t.Error(got)
	}
}

func TestARawTransactionIsMadeAsTold(t *testing.T) {
	r := newRig(t)
	id := strings.Repeat("ab", 32)
	in := []any{map[string]any{"txid": id, "vout": 1}}
	to := call[[]string](r, "deriveaddresses", checksummed(t, r, "addr(mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z)"))[0]
	type decodedTx struct {
		Version, LockTime int
		Vin               []struct{ Sequence uint32 }
		Vout              []struct {
			Value        json.Number
			ScriptPubKey struct{ Type, Address, Asm string }
		}
	}
	for _, c := range []struct {
		rest     []any
		sequence uint32
		locktime int
	}{{nil, 0xfffffffd, 0}, {[]any{500, false}, 0xfffffffe, 500}, {[]any{0, false}, 0xffffffff, 0}, {[]any{7, true}, 0xfffffffd, 7}} {
		params := append([]any{in, []any{map[string]any{to: 0.5}, map[string]any{"data": "00ff"}}}, c.rest...)
		made := call[string](r, "createrawtransaction", params...)
		d := call[decodedTx](r, "decoderawtransaction", made)
		if d.Version != 2 || d.LockTime != c.locktime || d.Vin[0].Sequence != c.sequence || len(d.Vout) != 2 {
			t.Errorf("%v: %+v", c.rest, d)
		}
		if o := d.Vout[0]; o.Value != "0.50000000" || o.ScriptPubKey.Address != to {
			t.Errorf("%+v", o)
		}
		if o := d.Vout[1]; o.Value != "0.00000000" || o.ScriptPubKey.Type != "nulldata" || o.ScriptPubKey.Asm != "OP_RETURN -32512" {
			t.Errorf("%+v", o)
		}
	}
	for _, c := range []struct {
		code    int
		message string
		params  []any
	}{
		{-3, "JSON value of type null is not of expected type string", []any{[]any{map[string]any{}}, map[string]any{}}},
		{-8, "txid must be of length 64 (not 3, for 'foo')", []any{[]any{map[string]any{"txid": "foo"}}, map[string]any{}}},
		{-8, "Invalid parameter, missing vout key", []any{[]any{map[string]any{"txid": id}}, map[string]any{}}},
		{-8, "Invalid parameter, missing vout key", []any{[]any{map[string]any{"txid": id, "vout": "foo"}}, map[string]any{}}},
		{-8, "Invalid parameter, vout cannot be negative", []any{[]any{map[string]any{"txid": id, "vout": -1}}, map[string]any{}}},
		{-8, "Invalid parameter, sequence number is out of range", []any{[]any{map[string]any{"txid": id, "vout": 0, "sequence": -1}}, map[string]any{}}},
		{-3, "JSON value of type string is not of expected type object", []any{[]any{"foo"}, map[string]any{}}},
		{-8, "Invalid parameter, locktime out of range", []any{in, map[string]any{}, 4294967296}},
		{-8, "Invalid parameter, key-value pair not an object as expected", []any{in, []any{"a"}}},
		{-8, "Invalid parameter, key-value pair must contain exactly one key", []any{in, []any{map[string]any{}}}},
		{-8, "Invalid parameter, duplicated address: " + to, []any{in, []any{map[string]any{to: 1}, map[string]any{to: 1}}}},
		{-8, "Invalid parameter, duplicate key: data", []any{in, []any{map[string]any{"data": "aa"}, map[string]any{"data": "bb"}}}},
		{-8, "Data must be hexadecimal string (not 'foo')", []any{in, map[string]any{"data": "foo"}}},
		{-5, "Invalid Bitcoin address: foo", []any{in, map[string]any{"foo": 1}}},
		{-3, "Invalid amount", []any{in, map[string]any{to: "foo"}}},
		{-3, "Amount out of range", []any{in, map[string]any{to: -1}}},
		{-8, "Invalid parameter combination: Sequence number(s) contradict replaceable option", []any{[]any{map[string]any{"txid": id, "vout": 0, "sequence": 4294967295}}, map[string]any{}, 0, true}},
	} {
		r.refuses(rpcCode(c.code), c.message, "createrawtransaction", c.params...)
	}
}

func checksummed(t testing.TB, r *rig, desc string) string {
	t.Helper()
	return desc + "#" + call[struct{ Checksum string }](r, "getdescriptorinfo", desc).Checksum
}

// locks are output scripts that the test's keys can spend, with what a caller
// must tell about each besides its script.
func locks(t testing.TB, a, b *secp.PrivateKey) map[string]map[string]any {
	t.Helper()
	ka, kb := a.PubKey(), b.PubKey()
	uncompressed := a.PubKeyUncompressed()
	hash := script.Hash160(ka[:])
	multi := script.PayToMultiSig(2, ka[:], kb[:])
	wpkh := script.PayToWitness(0, hash[:])
	tweaked, err := a.TapTweaked(nil)
	if err != nil {
		t.Fatal(err)
	}
	tap, raw := tweaked.XOnly(), a.XOnly()
	digits := hex.EncodeToString
	wsh := func(s []byte) []byte { return script.PayToWitness(0, sha(s)) }
	return map[string]map[string]any{
		"pk":           {"scriptPubKey": digits(script.PayToPubKey(ka[:]))},
		"pk long":      {"scriptPubKey": digits(script.PayToPubKey(uncompressed[:]))},
		"pkh":          {"scriptPubKey": digits(script.PayToPubKeyHash(hash))},
		"wpkh":         {"scriptPubKey": digits(wpkh)},
		"multi":        {"scriptPubKey": digits(multi)},
		"sh(multi)":    {"scriptPubKey": digits(script.PayToScriptHash(script.Hash160(multi))), "redeemScript": digits(multi)},
		"sh(wpkh)":     {"scriptPubKey": digits(script.PayToScriptHash(script.Hash160(wpkh))), "redeemScript": digits(wpkh)},
		"wsh(multi)":   {"scriptPubKey": digits(wsh(multi)), "witnessScript": digits(multi)},
		"sh(wsh(pkh))": {"scriptPubKey": digits(script.PayToScriptHash(script.Hash160(wsh(script.PayToPubKeyHash(hash))))), "witnessScript": digits(script.PayToPubKeyHash(hash))},
		"tr":           {"scriptPubKey": digits(script.PayToWitness(1, tap[:]))},
		"rawtr":        {"scriptPubKey": digits(script.PayToWitness(1, raw[:]))},
	}
}

func TestEveryKindOfInputIsSigned(t *testing.T) {
	r := newRig(t)
	a, b := r.forge.Key(1).Secret, r.forge.Key(2).Secret
	keys := []string{wif(t, a, true), wif(t, b, true), wif(t, a, false)}
	n := byte(0)
	for name, lock := range locks(t, a, b) {
		for _, hashType := range []string{"DEFAULT", "ALL", "NONE", "SINGLE|ANYONECANPAY"} {
			n++
			id := tx.Hash{n, 1}
			unsigned := tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Hash: id}, Sequence: 0xfffffffd}}, []tx.Output{{Value: 1000, PkScript: []byte{0x51}}}, 0)
			prev := map[string]any{"txid": id.String(), "vout": 0, "amount": 0.5}
			for k, v := range lock {
				prev[k] = v
			}
			signed := call[struct {
				Hex      string
				Complete bool
				Errors   []struct{ Error string }
			}](r, "signrawtransactionwithkey", hexTx(unsigned), keys, []any{prev}, hashType)
			if !signed.Complete || signed.Errors != nil {
				t.Errorf("%s with %s: %+v", name, hashType, signed)
				continue
			}
			raw, err := hex.DecodeString(signed.Hex)
			if err != nil {
				t.Fatal(err)
			}
			done, err := tx.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			pkScript, err := hex.DecodeString(lock["scriptPubKey"].(string))
			if err != nil {
				t.Fatal(err)
			}
			spends := script.NewTxContext(done, []tx.Output{{Value: 50_000_000, PkScript: pkScript}})
			if err := spends.Verify(0, script.StandardFlags, nil); err != nil {
				t.Errorf("%s with %s: %v", name, hashType, err)
			}
		}
	}
}

func TestAMultisigIsSignedByOneAfterTheOther(t *testing.T) {
	r := newRig(t)
	a, b := r.forge.Key(1).Secret, r.forge.Key(2).Secret
	for _, name := range []string{"multi", "sh(multi)", "wsh(multi)"} {
		id := tx.Hash{9, name[0], byte(len(name))}
		unsigned := tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Hash: id}}}, []tx.Output{{Value: 1000, PkScript: []byte{0x51}}}, 0)
		prev := locks(t, a, b)[name]
		prev["txid"], prev["vout"], prev["amount"] = id.String(), 0, 0.5
		type result struct {
			Hex      string
			Complete bool
			Errors   []struct{ Error string }
		}
		half := call[result](r, "signrawtransactionwithkey", hexTx(unsigned), []string{wif(t, a, true)}, []any{prev})
		if half.Complete || len(half.Errors) != 1 || !strings.Contains(half.Errors[0].Error, "possibly need more signatures") {
			t.Errorf("%s: %+v", name, half)
		}
		whole := call[result](r, "signrawtransactionwithkey", half.Hex, []string{wif(t, b, true)}, []any{prev})
		if !whole.Complete {
			t.Errorf("%s: %+v", name, whole)
		}
		again := call[result](r, "signrawtransactionwithkey", whole.Hex, []string{}, []any{prev})
		if !again.Complete || again.Hex != whole.Hex {
			t.Errorf("%s: signing what is signed changed it", name)
		}
	}
}

func TestWhatCannotBeSignedSaysWhy(t *testing.T) {
	r := newRig(t)
	a := r.forge.Key(1).Secret
	id := tx.Hash{7}
	unsigned := hexTx(tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Hash: id}}}, []tx.Output{{Value: 1000, PkScript: []byte{0x51}}}, 0))
	got := r.raw("signrawtransactionwithkey", unsigned, []string{})
	wantNames(t, got, "hex complete errors")
	if !strings.Contains(got, `"complete":false`) || !strings.Contains(got, "Input not found or already spent") {
		t.Error(got)
	}
	all := locks(t, a, a)
	prev := func(name string, change map[string]any) []any {
		p := map[string]any{"txid": id.String(), "vout": 0}
		for k, v := range all[name] {
			p[k] = v
		}
		for k, v := range change {
			if v == nil {
				delete(p, k)
			} else {
				p[k] = v
			}
		}
		return []any{p}
	}
	if got := r.raw("signrawtransactionwithkey", unsigned, []string{}, prev("pkh", nil)); !strings.Contains(got, "Unable to sign input, invalid stack size (possibly missing key)") {
		t.Error(got)
	}
	keys := []string{wif(t, a, true)}
	r.refuses(-3, "Missing amount for CTxOut(nValue=21000000.00000000, scriptPubKey=0014", "signrawtransactionwithkey", unsigned, keys, prev("wpkh", nil))
	r.refuses(-3, "Missing scriptPubKey", "signrawtransactionwithkey", unsigned, keys, prev("pkh", map[string]any{"scriptPubKey": nil}))
	r.refuses(-8, "Missing redeemScript/witnessScript", "signrawtransactionwithkey", unsigned, keys, prev("sh(multi)", map[string]any{"redeemScript": nil}))
	r.refuses(-8, "redeemScript/witnessScript does not match scriptPubKey", "signrawtransactionwithkey", unsigned, keys, prev("sh(multi)", map[string]any{"redeemScript": "51"}))
	r.refuses(-8, "redeemScript does not correspond to witnessScript", "signrawtransactionwithkey", unsigned, keys, prev("wsh(multi)", map[string]any{"redeemScript": "51"}))
	r.refuses(-8, "'all' is not a valid sighash parameter.", "signrawtransactionwithkey", unsigned, keys, []any{}, "all")
	r.refuses(-5, "Invalid private key", "signrawtransactionwithkey", unsigned, []string{"123"})
	r.refuses(-22, "TX decode failed. Make sure the tx has at least one input.", "signrawtransactionwithkey", "00", keys)
}

func wif(t testing.TB, k *secp.PrivateKey, compressed bool) string {
	t.Helper()
	s, err := address.EncodeWIF(k, compressed, "regtest")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
