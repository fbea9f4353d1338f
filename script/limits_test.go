package script_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
	"github.com/troupe-node/troupe/tx"
)

// runIn verifies a script that takes the items, in each of the three places scripts run.
func runIn(place string, code []byte, items ...[]byte) error {
	var scriptSig, pkScript []byte
	var witness [][]byte
	switch place {
	case "legacy":
		b := script.NewBuilder()
		for _, item := range items {
			b.Data(item)
		}
		scriptSig, pkScript = b.Script(), code
	case "witness v0":
		program := sha256.Sum256(code)
		pkScript = script.PayToWitness(0, program[:])
		witness = append(append(witness, items...), code)
	case "tapscript":
		internal := testKeys[0].XOnly()
		leaf := script.TapLeafHash(0xc0, code)
		output, odd, _ := secp.TapTweak(&internal, leaf[:])
		control := append([]byte{0xc0}, internal[:]...)
		if odd {
			control[0]++
		}
		pkScript = script.PayToWitness(1, output[:])
		witness = append(append(witness, items...), code, control)
	}
	t := tx.New(2, []tx.Input{{ScriptSig: scriptSig, Witness: witness}}, []tx.Output{{}}, 0)
	return script.NewTxContext(t, []tx.Output{{PkScript: pkScript}}).Verify(0, script.MandatoryFlags, nil)
}

func repeat(times int, code ...byte) []byte { return bytes.Repeat(code, times) }

func TestLimitsHoldWhereCoreHasThem(t *testing.T) {
	one := []byte{script.OP_1}
	longPush := func(n int) []byte {
		return script.NewBuilder().RawData(make([]byte, n)).Op(script.OP_DROP, script.OP_1).Script()
	}
	clean := append(one, repeat(5001, script.OP_1, script.OP_DROP)...)
	grow := func(n int) []byte { // n elements, then all but one dropped
		return append(repeat(n, script.OP_1), repeat((n-1)/2, script.OP_2DROP)...)
	}
	ops := func(n int) []byte { return append(repeat(n, script.OP_NOP), one...) }
	multi := func(n int) []byte { // n nops and a CHECKMULTISIG without signatures over 20 keys
		b := script.NewBuilder().Op(repeat(n, script.OP_NOP)...).Op(script.OP_0, script.OP_0)
		for range 20 {
			b.Op(script.OP_1)
		}
		return b.Int(20).Op(script.OP_CHECKMULTISIG).Script()
	}
	const legacy, v0, tap = "legacy", "witness v0", "tapscript"
	for _, c := range []struct {
		what  string
		place string
		code  []byte
		items [][]byte
		want  error
	}{
		{"520 bytes pushed", legacy, longPush(520), nil, nil},
		{"521 bytes pushed", legacy, longPush(521), nil, script.ErrPushSize},
		{"521 bytes pushed", v0, longPush(521), nil, script.ErrPushSize},
		{"521 bytes pushed", tap, longPush(521), nil, script.ErrPushSize},
		{"an item of 520 bytes", v0, []byte{script.OP_DROP, script.OP_1}, [][]byte{make([]byte, 520)}, nil},
		{"an item of 521 bytes", v0, []byte{script.OP_DROP, script.OP_1}, [][]byte{make([]byte, 521)}, script.ErrPushSize},
		{"an item of 521 bytes", tap, []byte{script.OP_DROP, script.OP_1}, [][]byte{make([]byte, 521)}, script.ErrPushSize},
		{"201 operations", legacy, ops(201), nil, nil},
		{"202 operations", legacy, ops(202), nil, script.ErrOpCount},
		{"202 operations", v0, ops(202), nil, script.ErrOpCount},
		{"202 operations", tap, ops(202), nil, nil},
		{"201 operations with keys", legacy, multi(180), nil, nil},
		{"202 operations with keys", legacy, multi(181), nil, script.ErrOpCount},
		{"CHECKMULTISIG", tap, multi(0), nil, script.ErrTapscriptCheckMultiSig},
		{"10,003 bytes", legacy, clean, nil, script.ErrScriptSize},
		{"10,003 bytes", v0, clean, nil, script.ErrScriptSize},
		{"10,003 bytes", tap, clean, nil, nil},
		{"1,000 elements", tap, append(grow(999), one...), nil, script.ErrCleanStack},
		{"999 elements", tap, grow(999), nil, nil},
		{"1,001 elements", tap, grow(1001), nil, script.ErrStackSize},
		{"1,001 elements", legacy, repeat(1001, script.OP_1), nil, script.ErrStackSize},
		{"1,001 initial items", tap, one, make([][]byte, 1001), script.ErrStackSize},
		{"1,001 initial items before OP_SUCCESS", tap, []byte{0xbb}, make([][]byte, 1001), nil},
		{"a malformed push behind OP_SUCCESS", tap, []byte{0xbb, 0x4b}, nil, nil},
		{"a malformed push before OP_SUCCESS", tap, []byte{0x4b, 0xbb}, nil, script.ErrBadOpcode},
		{"CHECKSIGADD", legacy, []byte{1, 1, 1, 1, 1, 1, script.OP_CHECKSIGADD}, nil, script.ErrBadOpcode},
		{"an unexecuted VERIF", legacy, []byte{script.OP_0, script.OP_IF, script.OP_VERIF, script.OP_ENDIF}, nil, script.ErrBadOpcode},
		{"an unexecuted VER", legacy, []byte{script.OP_0, script.OP_IF, script.OP_VER, script.OP_ENDIF, script.OP_1}, nil, nil},
		{"an unexecuted CAT", legacy, []byte{script.OP_0, script.OP_IF, script.OP_CAT, script.OP_ENDIF, script.OP_1}, nil, script.ErrDisabledOpcode},
	} {
		if got := runIn(c.place, c.code, c.items...); got != c.want {
			t.Errorf("%s in %s: %v, want %v", c.what, c.place, got, c.want)
		}
	}
}

// A tapscript may hash for as long as its block has room. What it computed and dropped must not stay in memory.
func TestEndlessHashingHoldsOnlyTheStack(t *testing.T) {
	code := append([]byte{script.OP_1}, repeat(200_000, script.OP_SHA256, script.OP_DUP, script.OP_DROP)...)
	if err := runIn("tapscript", code); err != nil {
		t.Fatal(err)
	}
	// Elements stay what they were while the arena moves on.
	b := script.NewBuilder().Int(7).Op(script.OP_SHA256, script.OP_0)
	b.Op(repeat(500, script.OP_SHA256)...).Op(script.OP_DROP)
	h := sha256.Sum256([]byte{7})
	if err := runIn("tapscript", b.Data(h[:]).Op(script.OP_EQUAL).Script()); err != nil {
		t.Fatal(err)
	}
}

func TestAnInputThatDoesNotExistIsAnError(t *testing.T) {
	one := tx.New(2, []tx.Input{{}}, []tx.Output{{}}, 0)
	spent := []tx.Output{{PkScript: []byte{script.OP_1}}}
	ctx := script.NewTxContext(one, spent)
	for _, i := range []int{-1, 1} {
		if err := ctx.Verify(i, script.VerifyNone, nil); err != script.ErrUnknown {
			t.Errorf("input %d: %v", i, err)
		}
	}
	if err := script.NewTxContext(one, nil).Verify(0, script.VerifyNone, nil); err != script.ErrUnknown {
		t.Errorf("without spent outputs: %v", err)
	}
	if err := ctx.Verify(0, script.VerifyNone, nil); err != nil {
		t.Error(err)
	}
}
