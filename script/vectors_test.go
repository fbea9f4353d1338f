package script_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

const txscriptModule = "github.com/btcsuite/btcd/txscript/v2"

// vectorSets are the two sources of Core's vectors: btcsuite's module, always there, and a Core tree's, where
// TROUPE_VECTORS says.
func vectorSets(t *testing.T, name string, run func(t *testing.T, data []byte)) {
	t.Run("as btcsuite ships it", func(t *testing.T) {
		run(t, testdata.ModuleFile(t, txscriptModule, "data", name))
	})
	t.Run("as Core ships it", func(t *testing.T) {
		run(t, testdata.Vectors(t, name))
	})
}

// opcodesByName maps the names scripts in vectors use, with and without OP_, to bytes.
var opcodesByName = func() map[string]byte {
	m := map[string]byte{}
	for op := script.OP_NOP; op <= script.OP_CHECKSIGADD; op++ {
		name := script.OpcodeName(byte(op))
		m[name] = byte(op)
		m[strings.TrimPrefix(name, "OP_")] = byte(op)
	}
	m["RESERVED"], m["OP_RESERVED"] = script.OP_RESERVED, script.OP_RESERVED
	return m
}()

// assemble reads the script notation of Core's vectors: numbers, 0xraw bytes, 'strings' and opcode names.
func assemble(t testing.TB, text string) []byte {
	t.Helper()
	b := script.NewBuilder()
	for _, word := range strings.Fields(text) {
		if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			b.Int(n)
		} else if raw, ok := strings.CutPrefix(word, "0x"); ok {
			b.Op(unhex(t, raw)...)
		} else if len(word) >= 2 && word[0] == '\'' && word[len(word)-1] == '\'' {
			b.RawData([]byte(word[1 : len(word)-1]))
		} else if op, ok := opcodesByName[word]; ok {
			b.Op(op)
		} else {
			t.Fatalf("unknown word %q in script %q", word, text)
		}
	}
	return b.Script()
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parseFlags(t testing.TB, s string) script.Flags {
	t.Helper()
	f, err := script.ParseFlags(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func parseTx(t testing.TB, s string) *tx.Tx {
	t.Helper()
	parsed, err := tx.Parse(unhex(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// consistentFlags reports whether Core would accept the set at all: CLEANSTACK needs P2SH and WITNESS, WITNESS needs
// P2SH.
func consistentFlags(f script.Flags) bool {
	if f&script.VerifyCleanStack != 0 && !f.Has(script.VerifyP2SH|script.VerifyWitness) {
		return false
	}
	return f&script.VerifyWitness == 0 || f&script.VerifyP2SH != 0
}

// trimFlags removes flags whose requirements are missing; fillFlags adds the requirements.
func trimFlags(f script.Flags) script.Flags {
	if f&script.VerifyP2SH == 0 {
		f &^= script.VerifyWitness
	}
	if f&script.VerifyWitness == 0 {
		f &^= script.VerifyCleanStack
	}
	return f
}

func fillFlags(f script.Flags) script.Flags {
	if f&script.VerifyCleanStack != 0 {
		f |= script.VerifyWitness
	}
	if f&script.VerifyWitness != 0 {
		f |= script.VerifyP2SH
	}
	return f
}

// withoutEach returns the sets that lack one flag of f, as Core's tests form them.
func withoutEach(f script.Flags) []script.Flags {
	var sets []script.Flags
	for bit := script.Flags(1); bit < script.AllFlags; bit <<= 1 {
		if less := trimFlags(f &^ bit); less != f {
			sets = append(sets, less)
		}
	}
	return sets
}

// scriptCase is one line of script_tests.json.
type scriptCase struct {
	line                string
	scriptSig, pkScript []byte
	witness             [][]byte
	amount              int64
	flags               script.Flags
	want                string
}

func decodeScriptCases(t *testing.T, data []byte) []scriptCase {
	t.Helper()
	var lines [][]any
	if err := json.Unmarshal(data, &lines); err != nil {
		t.Fatal(err)
	}
	var cases []scriptCase
	for _, line := range lines {
		if len(line) < 4 {
			continue // a comment
		}
		c := scriptCase{line: fmt.Sprint(line...)}
		var tap tapMacros
		if items, ok := line[0].([]any); ok {
			line = line[1:]
			c.amount = int64(math.Round(items[len(items)-1].(float64) * 1e8))
			for _, item := range items[:len(items)-1] {
				c.witness = append(c.witness, tap.witnessItem(t, item.(string)))
			}
		}
		c.scriptSig = assemble(t, line[0].(string))
		c.pkScript = assemble(t, strings.ReplaceAll(line[1].(string), "#TAPROOTOUTPUT#", "0x"+tap.output))
		c.flags = fillFlags(parseFlags(t, line[2].(string)))
		c.want = line[3].(string)
		cases = append(cases, c)
	}
	return cases
}

// creditAndSpend makes the two transactions script_tests.json is evaluated in.
func creditAndSpend(scriptSig, pkScript []byte, witness [][]byte, amount int64) (*tx.Tx, []tx.Output) {
	spent := []tx.Output{{Value: amount, PkScript: pkScript}}
	credit := tx.New(1, []tx.Input{{
		PrevOut: tx.OutPoint{Index: tx.NullIndex}, ScriptSig: []byte{0, 0}, Sequence: 0xffffffff,
	}}, spent, 0)
	spend := tx.New(1, []tx.Input{{
		PrevOut: tx.OutPoint{Hash: credit.ID()}, ScriptSig: scriptSig, Sequence: 0xffffffff, Witness: witness,
	}}, []tx.Output{{Value: amount}}, 0)
	return spend, spent
}
