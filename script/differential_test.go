package script_test

import (
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx/msgtx"
)

// oracleFlags translates to txscript's flags, in the order of our bits.
var oracleFlags = [...]txscript.ScriptFlags{
	txscript.ScriptBip16, txscript.ScriptVerifyStrictEncoding, txscript.ScriptVerifyDERSignatures,
	txscript.ScriptVerifyLowS, txscript.ScriptStrictMultiSig, txscript.ScriptVerifySigPushOnly,
	txscript.ScriptVerifyMinimalData, txscript.ScriptDiscourageUpgradableNops, txscript.ScriptVerifyCleanStack,
	txscript.ScriptVerifyCheckLockTimeVerify, txscript.ScriptVerifyCheckSequenceVerify, txscript.ScriptVerifyWitness,
	txscript.ScriptVerifyDiscourageUpgradeableWitnessProgram, txscript.ScriptVerifyMinimalIf,
	txscript.ScriptVerifyNullFail, txscript.ScriptVerifyWitnessPubKeyType, txscript.ScriptVerifyConstScriptCode,
	txscript.ScriptVerifyTaproot, txscript.ScriptVerifyDiscourageUpgradeableTaprootVersion,
	txscript.ScriptVerifyDiscourageOpSuccess, txscript.ScriptVerifyDiscourageUpgradeablePubkeyType,
}

// oracle runs txscript on one spend, under as many flag sets as wanted.
type oracle struct {
	msg     *wire.MsgTx
	fetcher *txscript.MultiPrevOutFetcher
	hashes  *txscript.TxSigHashes
	cache   *txscript.SigCache
	s       *spend
}

func newOracle(t *testing.T, s *spend) *oracle {
	t.Helper()
	msg, err := msgtx.FromTx(s.tx)
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{msg: msg, fetcher: txscript.NewMultiPrevOutFetcher(nil), cache: txscript.NewSigCache(64), s: s}
	for i, out := range s.spent {
		o.fetcher.AddPrevOut(msg.TxIn[i].PreviousOutPoint, wire.NewTxOut(out.Value, out.PkScript))
	}
	o.hashes = txscript.NewTxSigHashes(msg, o.fetcher)
	return o
}

func (o *oracle) verify(flags script.Flags) error {
	var f txscript.ScriptFlags
	for bit, flag := range oracleFlags {
		if flags&(1<<bit) != 0 {
			f |= flag
		}
	}
	out := o.s.spent[o.s.input]
	vm, err := txscript.NewEngine(out.PkScript, o.msg, o.s.input, f, o.cache, o.hashes, out.Value, o.fetcher)
	if err != nil {
		return err
	}
	return vm.Execute()
}

// findAndDeleteDiffers reports whether a legacy script could remove an element in the way only Core does: FindAndDelete
// takes signatures of any length, the empty one (which removes OP_0) included, and pushes as CScript << writes them,
// not only minimal ones. Core's behaviour is the rule; txscript cannot judge such scripts.
func findAndDeleteDiffers(s *spend) bool {
	out := s.spent[s.input].PkScript
	in := &s.tx.Inputs[s.input]
	scripts := [][]byte{out, in.ScriptSig}
	var short [][]byte
	for _, code := range [][]byte{out, in.ScriptSig} {
		for pc := 0; pc < len(code); {
			_, data, next, ok := script.ReadOp(code, pc)
			if !ok {
				break
			}
			pc = next
			if len(data) < 9 {
				short = append(short, data)
			} else {
				scripts = append(scripts, data)
			}
		}
	}
	for _, code := range scripts {
		if script.CountSigOps(code, false) == 0 {
			continue
		}
		for pc := 0; pc < len(code); {
			_, data, next, ok := script.ReadOp(code, pc)
			if !ok {
				break
			}
			if pc = next; len(data) < 9 {
				short = append(short, data)
			}
		}
		for _, sig := range short {
			if _, found := script.FindAndDelete(code, sig); found {
				return true
			}
		}
	}
	return false
}

// laxEncodingDiffers reports whether the two sides agree once BIP66 is enforced: before it, Core reads signatures more
// laxly than txscript, which for instance refuses a total length that is too long.
func laxEncodingDiffers(o *oracle, ctx *script.TxContext, flags script.Flags) bool {
	if flags&(script.VerifyDERSig|script.VerifyStrictEnc|script.VerifyLowS) != 0 {
		return false
	}
	flags |= script.VerifyDERSig
	return (ctx.Verify(o.s.input, flags, nil) == nil) == (o.verify(flags) == nil)
}

// comparableFlags completes a set where txscript's policy flags mean something else than Core's unless another is set
// too. Blocks are not concerned: they are checked without policy flags.
func comparableFlags(f script.Flags) script.Flags {
	const reserved = script.VerifyDiscourageOpSuccess | script.VerifyDiscourageUpgradableTaprootVersion
	if f&script.VerifyCleanStack != 0 {
		// Without TAPROOT, txscript applies CLEANSTACK to version 1 programs; Core exempts every witness program.
		f |= script.VerifyTaproot
	}
	if f&script.VerifyDiscourageUpgradableNops != 0 {
		// txscript discourages NOP2 and NOP3 where they have not got their meaning; Core no longer does.
		f |= script.VerifyCheckLockTimeVerify | script.VerifyCheckSequenceVerify
	}
	if f&reserved != 0 {
		// txscript looks for OP_SUCCESSx in leaves of every version, Core in tapscript only.
		f |= reserved
	}
	return f
}

// differ verifies a spend under several flag sets on both sides and returns executions and skipped disagreements.
func differ(t *testing.T, d *dice, s *spend, cache *script.SigCache, tally map[string][2]int) (runs, skipped int) {
	t.Helper()
	o, ctx := newOracle(t, s), s.context()
	for range 8 {
		flags := comparableFlags(d.flagSet())
		ours, theirs := ctx.Verify(s.input, flags, cache), o.verify(flags)
		runs++
		count := tally[s.shape]
		if ours == nil {
			count[0]++
		} else {
			count[1]++
		}
		tally[s.shape] = count
		if (ours == nil) == (theirs == nil) {
			continue
		}
		if findAndDeleteDiffers(s) || laxEncodingDiffers(o, ctx, flags) {
			skipped++
			continue
		}
		t.Fatalf("%s under %v: we say %v, txscript says %v\ntx %x\ninput %d spends %x\nwitness %x", s.shape, flags, ours,
			theirs, s.tx.Bytes(), s.input, s.spent[s.input].PkScript, s.tx.Inputs[s.input].Witness)
	}
	return runs, skipped
}

func TestGeneratedSpendsGiveTxscriptsResult(t *testing.T) {
	cache := script.NewSigCache(1<<20, [32]byte{2})
	tally := map[string][2]int{}
	runs, skipped := 0, 0
	want := testdata.Runs(t, 12_000)
	for seed := uint64(0); runs < want; seed++ {
		d := newDice(seed, nil)
		r, s := differ(t, d, generate(d), cache, tally)
		runs, skipped = runs+r, skipped+s
	}
	t.Logf("%d executions, %d skipped as FindAndDelete or lax DER; passed and failed by shape: %v", runs, skipped, tally)
	for shape, count := range tally {
		if count[0] == 0 || count[1] == 0 {
			t.Errorf("%s: %d passed, %d failed: the generator reaches only one side", shape, count[0], count[1])
		}
	}
	if skipped > runs/100 {
		t.Errorf("%d of %d disagreements skipped: too many to be those two alone", skipped, runs)
	}
}

func FuzzAgainstTxscript(f *testing.F) {
	f.Add(uint64(1), []byte{})
	f.Add(uint64(2), []byte{0, 0, 1, 1, 0, 7, 3})
	f.Add(uint64(3), []byte("tapscript and other shapes"))
	f.Fuzz(func(t *testing.T, seed uint64, raw []byte) {
		d := newDice(seed, raw)
		differ(t, d, generate(d), nil, map[string][2]int{})
	})
}
