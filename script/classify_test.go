package script_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/script"
)

func TestDecodedScriptsOfCoreHaveItsTypesAndText(t *testing.T) {
	var cases [][2]json.RawMessage
	if err := json.Unmarshal(testdata.Vectors(t, "rpc_decodescript.json"), &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		var code string
		var want struct{ Asm, Type string }
		if json.Unmarshal(c[0], &code) != nil || json.Unmarshal(c[1], &want) != nil {
			t.Fatalf("cannot read %s", c)
		}
		class, _ := script.Classify(unhex(t, code))
		if asm := script.ASM(unhex(t, code), false); asm != want.Asm || class.String() != want.Type {
			t.Errorf("%s is %v, %q; want %s, %q", code, class, asm, want.Type, want.Asm)
		}
	}
}

func TestClassifyKnowsEveryShape(t *testing.T) {
	key := testKeys[0].PubKey()
	full := testKeys[0].PubKeyUncompressed()
	hybrid := full
	hybrid[0] = 6 | full[64]&1
	h20, h32 := [20]byte{1}, make([]byte, 32)
	multi := script.PayToMultiSig(1, key[:], full[:])
	many := make([][]byte, 20)
	for i := range many {
		many[i] = key[:]
	}
	for _, c := range []struct {
		what string
		code []byte
		want script.Class
		n    int // solutions
	}{
		{"P2PK, compressed", script.PayToPubKey(key[:]), script.PubKey, 1},
		{"P2PK, uncompressed", script.PayToPubKey(full[:]), script.PubKey, 1},
		{"P2PK, hybrid", script.PayToPubKey(hybrid[:]), script.PubKey, 1},
		{"P2PK whose length does not fit its first byte", script.PayToPubKey(append([]byte{4}, key[1:]...)), script.NonStandard, 0},
		{"P2PKH", script.PayToPubKeyHash(h20), script.PubKeyHash, 1},
		{"P2SH", script.PayToScriptHash(h20), script.ScriptHash, 1},
		{"multisig", multi, script.MultiSig, 4},
		{"multisig of 20 keys, written as a push", script.PayToMultiSig(17, many...), script.MultiSig, 22},
		{"multisig of 20 keys, number not minimal", append([]byte{1, 3}, script.PayToMultiSig(17, many...)[2:]...), script.NonStandard, 0},
		{"multisig of more signatures than keys", script.PayToMultiSig(3, key[:], key[:]), script.NonStandard, 0},
		{"multisig of no signatures", script.PayToMultiSig(0, key[:]), script.NonStandard, 0},
		{"multisig with bytes behind", append(multi[:len(multi):len(multi)], script.OP_CHECKMULTISIG), script.NonStandard, 0},
		{"multisig cut short", append(multi[:20:20], script.OP_CHECKMULTISIG), script.NonStandard, 0},
		{"only CHECKMULTISIG", []byte{script.OP_CHECKMULTISIG}, script.NonStandard, 0},
		{"null data", []byte{script.OP_RETURN, 2, 1, 1}, script.NullData, 0},
		{"null data with an opcode", []byte{script.OP_RETURN, script.OP_DUP}, script.NonStandard, 0},
		{"anchor", []byte{script.OP_1, 2, 0x4e, 0x73}, script.Anchor, 0},
		{"P2WPKH", script.PayToWitness(0, h20[:]), script.WitnessV0KeyHash, 1},
		{"P2WSH", script.PayToWitness(0, h32), script.WitnessV0ScriptHash, 1},
		{"version 0 of another length", script.PayToWitness(0, h32[:31]), script.NonStandard, 0},
		{"P2TR", script.PayToWitness(1, h32), script.WitnessV1Taproot, 1},
		{"version 1 of another length", script.PayToWitness(1, h32[:31]), script.WitnessUnknown, 2},
		{"version 16", script.PayToWitness(16, h32), script.WitnessUnknown, 2},
		{"program too long", script.PayToWitness(16, make([]byte, 41)), script.NonStandard, 0},
		{"empty", nil, script.NonStandard, 0},
	} {
		class, solutions := script.Classify(c.code)
		if class != c.want || len(solutions) != c.n {
			t.Errorf("%s: %v with %d solutions, want %v with %d", c.what, class, len(solutions), c.want, c.n)
		}
	}
	_, solutions := script.Classify(multi)
	if !bytes.Equal(solutions[0], []byte{1}) || !bytes.Equal(solutions[2], full[:]) || !bytes.Equal(solutions[3], []byte{2}) {
		t.Errorf("multisig solutions %x", solutions)
	}
	if !script.IsPayToAnchor([]byte{script.OP_1, 2, 0x4e, 0x73}) || script.IsPayToAnchor(script.PayToWitness(1, h32)) {
		t.Error("IsPayToAnchor")
	}
}

func TestASMIsCores(t *testing.T) {
	sig := spendP2PKH().sig
	for _, c := range []struct {
		code   []byte
		decode bool
		want   string
	}{
		{nil, false, ""},
		{[]byte{script.OP_0, script.OP_1NEGATE, script.OP_16, script.OP_RESERVED, 0xba, 0xbb, 0xff}, false,
			"0 -1 16 OP_RESERVED OP_CHECKSIGADD OP_UNKNOWN OP_INVALIDOPCODE"},
		{[]byte{4, 0xff, 0xff, 0xff, 0xff, 5, 1, 2, 3, 4, 5, 2, 0, 0x80}, false, "-2147483647 0102030405 0"},
		{[]byte{script.OP_CHECKLOCKTIMEVERIFY, script.OP_CHECKSEQUENCEVERIFY, script.OP_NOP1, 0x4c, 1, 1}, false,
			"OP_CHECKLOCKTIMEVERIFY OP_CHECKSEQUENCEVERIFY OP_NOP1 1"},
		{[]byte{script.OP_DUP, 5, 1, 2}, false, "OP_DUP [error]"},
		{script.NewBuilder().Data(sig).Script(), false, hex.EncodeToString(sig)},
		{script.NewBuilder().Data(sig).Script(), true, hex.EncodeToString(sig[:len(sig)-1]) + "[ALL]"},
		{script.NewBuilder().Data(append(sig[:len(sig)-1:len(sig)-1], 0x83)).Script(), true,
			hex.EncodeToString(sig[:len(sig)-1]) + "[SINGLE|ANYONECANPAY]"},
		{script.NewBuilder().Data(append(sig[:len(sig)-1:len(sig)-1], 0x04)).Script(), true,
			hex.EncodeToString(sig[:len(sig)-1]) + "04"},
		{script.NewBuilder().Op(script.OP_RETURN).Data(sig).Script(), true, "OP_RETURN " + hex.EncodeToString(sig)},
	} {
		if got := script.ASM(c.code, c.decode); got != c.want {
			t.Errorf("%x: %q, want %q", c.code, got, c.want)
		}
	}
}

func TestProgramsSplitIntoVersionAndBytes(t *testing.T) {
	for version := range 17 {
		for size := range 45 {
			code := script.PayToWitness(version, make([]byte, size))
			got, program, ok := script.IsWitnessProgram(code)
			if want := size >= 2 && size <= 40; ok != want || ok && (got != version || len(program) != size) {
				t.Errorf("version %d, %d bytes: %d, %d bytes, %v", version, size, got, len(program), ok)
			}
		}
	}
	if _, _, ok := script.IsWitnessProgram([]byte{script.OP_1NEGATE, 2, 1, 1}); ok {
		t.Error("version -1 is no program")
	}
	if _, _, ok := script.IsWitnessProgram([]byte{script.OP_1, script.OP_PUSHDATA1, 2, 1, 1}); ok {
		t.Error("a push with PUSHDATA1 is no program")
	}
}
