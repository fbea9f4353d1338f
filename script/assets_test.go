package script_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// asset is a case of Core's script_assets_test format, made by its feature_taproot.py.
type asset struct {
	Tx       string
	Prevouts []string
	Index    int
	Flags    string
	Comment  string
	Success  *assetInput
	Failure  *assetInput
	Final    bool
}

type assetInput struct {
	ScriptSig string
	Witness   []string
}

// consensusFlagSets are the combinations of soft forks that have been or could have been in force.
var consensusFlagSets = func() (sets []script.Flags) {
	bits := []script.Flags{
		script.VerifyP2SH, script.VerifyDERSig, script.VerifyNullDummy, script.VerifyCheckLockTimeVerify,
		script.VerifyCheckSequenceVerify, script.VerifyWitness, script.VerifyTaproot,
	}
	for i := range 1 << len(bits) {
		var f script.Flags
		for j, bit := range bits {
			if i>>j&1 != 0 {
				f |= bit
			}
		}
		if consistentFlags(f) && (f&script.VerifyTaproot == 0 || f&script.VerifyWitness != 0) {
			sets = append(sets, f)
		}
	}
	return sets
}()

// context puts one input's scriptSig and witness into the case's transaction.
func (a *asset) context(t *testing.T, in *assetInput) *script.TxContext {
	t.Helper()
	base := parseTx(t, a.Tx)
	inputs := append([]tx.Input(nil), base.Inputs...)
	inputs[a.Index].ScriptSig = unhex(t, in.ScriptSig)
	inputs[a.Index].Witness = nil
	for _, item := range in.Witness {
		inputs[a.Index].Witness = append(inputs[a.Index].Witness, unhex(t, item))
	}
	spent := make([]tx.Output, 0, len(a.Prevouts))
	for _, raw := range a.Prevouts {
		b := unhex(t, raw)
		value := int64(0)
		for i := range 8 {
			value |= int64(b[i]) << (8 * i)
		}
		n, size, err := tx.ReadCompactSize(b[8:])
		if err != nil || 8+size+int(n) != len(b) {
			t.Fatalf("bad prevout %s", raw)
		}
		spent = append(spent, tx.Output{Value: value, PkScript: b[8+size:]})
	}
	return script.NewTxContext(tx.New(base.Version, inputs, base.Outputs, base.LockTime), spent)
}

// run checks that the success passes wherever it must and the failure fails wherever it must.
func (a *asset) run(t *testing.T, cache *script.SigCache) {
	t.Helper()
	flags := parseFlags(t, a.Flags)
	if a.Success != nil {
		ctx := a.context(t, a.Success)
		for _, f := range consensusFlagSets {
			if !a.Final && !flags.Has(f) {
				continue
			}
			if err := ctx.Verify(a.Index, f, cache); err != nil {
				t.Errorf("%s: success fails under %v: %v", a.Comment, f, err)
			}
		}
	}
	if a.Failure != nil {
		ctx := a.context(t, a.Failure)
		for _, f := range consensusFlagSets {
			if f.Has(flags) && ctx.Verify(a.Index, f, cache) == nil {
				t.Errorf("%s: failure passes under %v", a.Comment, f)
			}
		}
	}
}

func TestTaprootAssetsOfCorePass(t *testing.T) {
	var assets []asset
	if err := json.Unmarshal(testdata.Vectors(t, "script_assets_slim.json"), &assets); err != nil {
		t.Fatal(err)
	}
	cache := script.NewSigCache(8<<20, [32]byte{1})
	for i := range assets {
		assets[i].run(t, cache)
	}
	t.Logf("%d cases", len(assets))
}

func TestTaprootReferenceFilesOfBtcsuitePass(t *testing.T) {
	dir := filepath.Join(testdata.ModuleDir(t, txscriptModule), "data", "taproot-ref")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	cache := script.NewSigCache(8<<20, [32]byte{1})
	success, failure, final := 0, 0, 0
	for _, file := range files {
		b, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var a asset
		// The files are list elements of Core's file, each with its comma.
		if err := json.Unmarshal([]byte(strings.TrimRight(strings.TrimSpace(string(b)), ",")), &a); err != nil {
			t.Fatalf("%s: %v", file.Name(), err)
		}
		a.run(t, cache)
		success += btoi(a.Success != nil)
		failure += btoi(a.Failure != nil)
		final += btoi(a.Final)
	}
	t.Logf("%d files: %d successes, %d failures, %d final", len(files), success, failure, final)
	if len(files) != 2760 || success != 2760 || failure != 2483 || final != 708 {
		t.Error("not the 2760 files with 2760 successes, 2483 failures, 708 final cases")
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
