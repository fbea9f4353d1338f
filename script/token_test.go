package script_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/script"
)

func TestScriptNumbersSurviveTheStack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(-1<<39+1, 1<<39-1).Draw(t, "n")
		b := script.AppendNum(nil, n)
		got, ok := script.ParseNum(b, true, 5)
		if !ok || got != n {
			t.Fatalf("%d is written %x and read %d, %v", n, b, got, ok)
		}
		if want, err := txscript.MakeScriptNum(b, true, 5); err != nil || int64(want) != n {
			t.Fatalf("txscript reads %x as %d, %v", b, want, err)
		}
		if _, ok := script.ParseNum(b, true, len(b)-1); ok && len(b) > 0 {
			t.Fatalf("%x is taken for a number of %d bytes", b, len(b)-1)
		}
	})
}

func TestScriptNumbersAreReadAsTxscriptReadsThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 0x7f, 0x80, 0x81, 0xff}), 0, 6).Draw(t, "bytes")
		minimal := rapid.Bool().Draw(t, "minimal")
		got, ok := script.ParseNum(b, minimal, 5)
		want, err := txscript.MakeScriptNum(b, minimal, 5)
		if ok != (err == nil) || ok && got != int64(want) {
			t.Fatalf("%x, minimal %v: %d %v, txscript %d %v", b, minimal, got, ok, want, err)
		}
	})
}

// naiveFindAndDelete is the definition: walk the instructions, drop those whose bytes are the pattern's.
func naiveFindAndDelete(code, pattern []byte) (out []byte, found bool) {
	pc := 0
	for pc <= len(code) {
		if bytes.HasPrefix(code[pc:], pattern) {
			pc += len(pattern)
			found = true
			continue
		}
		if pc == len(code) {
			break
		}
		_, _, next, ok := script.ReadOp(code, pc)
		if !ok {
			return append(out, code[pc:]...), found
		}
		out = append(out, code[pc:next]...)
		pc = next
	}
	return out, found
}

func FuzzFindAndDelete(f *testing.F) {
	f.Add([]byte{1, 7, 1, 7, script.OP_DUP, 2, 1, 7, 1, 7}, []byte{7})
	f.Add([]byte{0, script.OP_1, 0}, []byte{})
	f.Add([]byte{0x4c, 1, 7, 1, 7, 5, 1}, []byte{7})
	f.Fuzz(func(t *testing.T, code, sig []byte) {
		before := bytes.Clone(code)
		got, found := script.FindAndDelete(code, sig)
		want, wantFound := naiveFindAndDelete(code, script.NewBuilder().RawData(sig).Script())
		if found != wantFound || !bytes.Equal(got, want) {
			t.Fatalf("%x without %x: %x %v, want %x %v", code, sig, got, found, want, wantFound)
		}
		if !bytes.Equal(code, before) {
			t.Fatal("the script was changed in place")
		}
	})
}

// FuzzTokens reads arbitrary bytes as a script with everything that reads scripts without running them.
func FuzzTokens(f *testing.F) {
	f.Add([]byte{script.OP_DUP, 3, 1, 2, 3, script.OP_PUSHDATA4, 1, 0, 0, 0, 9})
	f.Add([]byte{script.OP_PUSHDATA4, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{script.OP_16, script.OP_CHECKMULTISIG, script.OP_PUSHDATA2, 1})
	f.Fuzz(func(t *testing.T, code []byte) {
		if got, want := script.CountSigOps(code, false), txscript.GetSigOpCount(code); got != want {
			t.Fatalf("%x has %d signature operations, txscript says %d", code, got, want)
		}
		if got, want := script.IsPushOnly(code), txscript.IsPushOnlyScript(code); got != want {
			t.Fatalf("%x: push-only %v, txscript says %v", code, got, want)
		}
		_, program, ok := script.IsWitnessProgram(code)
		if ok != txscript.IsWitnessProgram(code) || ok && !bytes.HasSuffix(code, program) {
			t.Fatalf("%x: witness program %v", code, ok)
		}
		script.ASM(code, true)
		script.Classify(code)
		for pc := 0; pc < len(code); {
			_, data, next, ok := script.ReadOp(code, pc)
			if next <= pc || next > len(code) || ok && !bytes.HasSuffix(code[:next], data) {
				t.Fatalf("%x: the instruction at %d ends at %d", code, pc, next)
			}
			if !ok {
				break
			}
			pc = next
		}
	})
}

func TestSignatureOperationsAreCountedAsTxscriptCounts(t *testing.T) {
	for seed := uint64(0); seed < 3000; seed++ {
		s := generate(newDice(seed, nil))
		in, out := &s.tx.Inputs[s.input], s.spent[s.input].PkScript
		if script.IsPayToScriptHash(out) {
			got, want := script.CountP2SHSigOps(in.ScriptSig, out), txscript.GetPreciseSigOpCount(in.ScriptSig, out, true)
			if got != want {
				t.Fatalf("%s: %d in P2SH, txscript %d: %x spends %x", s.shape, got, want, in.ScriptSig, out)
			}
		} else if script.CountP2SHSigOps(in.ScriptSig, out) != 0 {
			t.Fatal("P2SH operations where there is no P2SH")
		}
		got := script.CountWitnessSigOps(in.ScriptSig, out, in.Witness, script.StandardFlags)
		if want := txscript.GetWitnessSigOpCount(in.ScriptSig, out, in.Witness); got != want {
			t.Fatalf("%s: %d in the witness, txscript %d", s.shape, got, want)
		}
		if script.CountWitnessSigOps(in.ScriptSig, out, in.Witness, script.VerifyP2SH) != 0 {
			t.Fatal("witness operations without WITNESS")
		}
	}
	twenty := []byte{script.OP_16, script.OP_CHECKMULTISIG, script.OP_CHECKMULTISIGVERIFY}
	if n := script.CountSigOps(twenty, true); n != 36 {
		t.Errorf("16 CHECKMULTISIG CHECKMULTISIGVERIFY counts %d, want 16 and 20", n)
	}
}

func TestBuilderWritesTheShortestPush(t *testing.T) {
	for size, header := range map[int][]byte{
		0: {0}, 2: {2}, 75: {75}, 76: {script.OP_PUSHDATA1, 76}, 255: {script.OP_PUSHDATA1, 255},
		256: {script.OP_PUSHDATA2, 0, 1}, 65535: {script.OP_PUSHDATA2, 255, 255},
		65536: binary.LittleEndian.AppendUint32([]byte{script.OP_PUSHDATA4}, 65536),
	} {
		data := make([]byte, size)
		if got := script.NewBuilder().Data(data).Script(); !bytes.Equal(got, append(header, data...)) {
			t.Errorf("%d bytes are pushed with %x", size, got[:min(len(got), 5)])
		}
	}
	for n, want := range map[int64][]byte{
		-1: {script.OP_1NEGATE}, 0: {script.OP_0}, 1: {script.OP_1}, 16: {script.OP_16}, 17: {1, 17}, -2: {1, 0x82},
		128: {2, 0x80, 0}, -255: {2, 0xff, 0x80},
	} {
		if got := script.NewBuilder().Int(n).Script(); !bytes.Equal(got, want) {
			t.Errorf("%d is pushed as %x, want %x", n, got, want)
		}
	}
}

func TestFlagsAreReadAsTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := script.Flags(rapid.Uint32().Draw(t, "flags")) & script.AllFlags
		if got, err := script.ParseFlags(f.String()); err != nil || got != f {
			t.Fatalf("%v is read as %v, %v", f, got, err)
		}
	})
	if _, err := script.ParseFlags("P2SH,SEGWIT"); err == nil {
		t.Error("an unknown flag is taken")
	}
	if len(script.AllFlags.Names()) != 21 {
		t.Errorf("%d flags, want Core 28's 21", len(script.AllFlags.Names()))
	}
}

func TestErrorsHaveCoresTextAndCompare(t *testing.T) {
	seen := map[string]bool{}
	for e := script.ErrUnknown; e <= script.ErrSigFindAndDelete; e++ {
		if e.Name() == "" || e.Error() == "" || seen[e.Name()] {
			t.Errorf("kind %d has name %q and text %q", e, e.Name(), e.Error())
		}
		seen[e.Name()] = true
		if !errors.Is(error(e), e) {
			t.Errorf("%v is not itself", e)
		}
	}
	if len(seen) != 52 {
		t.Errorf("%d kinds, want Core 28's 52 besides OK", len(seen))
	}
	if got := script.ErrNumEqualVerify.Error(); got != "Script failed an OP_NUMEQUALVERIFY operation" {
		t.Errorf("text %q", got)
	}
	if script.Error(200).Name() != "UNKNOWN_ERROR" || script.Error(200).Error() != "unknown error" {
		t.Error("a value out of range is not an unknown error")
	}
}

func TestUnspendableIsReturnOrTooLong(t *testing.T) {
	for _, c := range []struct {
		code []byte
		want bool
	}{
		{nil, false}, {[]byte{script.OP_RETURN}, true}, {[]byte{script.OP_1, script.OP_RETURN}, false},
		{make([]byte, script.MaxScriptSize), false}, {make([]byte, script.MaxScriptSize+1), true}, {[]byte{5, 1}, false},
	} {
		if script.IsUnspendable(c.code) != c.want {
			t.Errorf("%d bytes: want %v", len(c.code), c.want)
		}
	}
}
