package script_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// txCase is one line of tx_valid.json or tx_invalid.json.
type txCase struct {
	line  string
	tx    *tx.Tx
	spent []tx.Output
	flags string
}

func decodeTxCases(t *testing.T, data []byte) []txCase {
	t.Helper()
	var lines []json.RawMessage
	if err := json.Unmarshal(data, &lines); err != nil {
		t.Fatal(err)
	}
	var cases []txCase
	for _, raw := range lines {
		var line []any
		if err := json.Unmarshal(raw, &line); err != nil {
			t.Fatal(err)
		}
		if len(line) < 3 {
			continue // a comment
		}
		c := txCase{line: string(raw), flags: line[2].(string)}
		parsed, err := tx.Parse(unhex(t, line[1].(string)))
		if err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		c.tx = parsed
		outputs := map[tx.OutPoint]tx.Output{}
		for _, in := range line[0].([]any) {
			in := in.([]any)
			hash, err := tx.ParseHash(in[0].(string))
			if err != nil {
				t.Fatal(err)
			}
			out := tx.Output{PkScript: assemble(t, in[2].(string))}
			if len(in) > 3 {
				out.Value = int64(in[3].(float64))
			}
			outputs[tx.OutPoint{Hash: hash, Index: uint32(int64(in[1].(float64)))}] = out
		}
		for i := range parsed.Inputs {
			out, ok := outputs[parsed.Inputs[i].PrevOut]
			if !ok && c.flags != "BADTX" {
				t.Fatalf("no output for input %d: %s", i, raw)
			}
			c.spent = append(c.spent, out)
		}
		cases = append(cases, c)
	}
	return cases
}

// pass verifies all inputs.
func (c *txCase) pass(flags script.Flags) bool {
	ctx := script.NewTxContext(c.tx, c.spent)
	for i := range c.tx.Inputs {
		if ctx.Verify(i, flags, nil) != nil {
			return false
		}
	}
	return true
}

func TestValidTransactionsPassUnderExactlyTheFlagsCoreSays(t *testing.T) {
	vectorSets(t, "tx_valid.json", func(t *testing.T, data []byte) {
		cases := decodeTxCases(t, data)
		rng := rand.New(rand.NewPCG(3, 4))
		for _, c := range cases {
			excluded := parseFlags(t, c.flags)
			if err := consensus.CheckTransaction(c.tx); err != nil {
				t.Errorf("%v: %s", err, c.line)
			}
			if !c.pass(script.AllFlags &^ excluded) {
				t.Errorf("fails: %s", c.line)
			}
			// Removing flags does not invalidate.
			for bit := script.Flags(1); bit < script.AllFlags; bit <<= 1 {
				for _, less := range []script.Flags{bit, script.Flags(rng.Uint32())} {
					flags := trimFlags(script.AllFlags &^ (excluded | less))
					if !c.pass(flags) {
						t.Errorf("fails under %v: %s", flags, c.line)
					}
				}
			}
			// The set is maximal: with any excluded flag back it fails.
			for _, less := range withoutEach(excluded) {
				if c.pass(script.AllFlags &^ less) {
					t.Errorf("passes with %v too: %s", excluded&^less, c.line)
				}
			}
		}
		t.Logf("%d cases", len(cases))
		if len(cases) < 120 {
			t.Errorf("only %d cases", len(cases))
		}
	})
}

func TestInvalidTransactionsFailUnderTheFlagsCoreSays(t *testing.T) {
	vectorSets(t, "tx_invalid.json", func(t *testing.T, data []byte) {
		cases := decodeTxCases(t, data)
		rng := rand.New(rand.NewPCG(5, 6))
		for _, c := range cases {
			err := consensus.CheckTransaction(c.tx)
			if bad := c.flags == "BADTX"; bad != (err != nil) {
				t.Errorf("%v: %s", err, c.line)
			} else if bad {
				continue
			}
			flags := parseFlags(t, c.flags)
			if c.pass(flags) {
				t.Errorf("passes: %s", c.line)
			}
			// Adding flags does not make it valid.
			for bit := script.Flags(1); bit < script.AllFlags; bit <<= 1 {
				for _, more := range []script.Flags{bit, script.Flags(rng.Uint32()) & script.AllFlags} {
					if more = fillFlags(flags | more); c.pass(more) {
						t.Errorf("passes under %v: %s", more, c.line)
					}
				}
			}
			// The set is minimal: without any of its flags it passes.
			for _, less := range withoutEach(flags) {
				if !c.pass(less) {
					t.Errorf("fails under %v already: %s", less, c.line)
				}
			}
		}
		t.Logf("%d cases", len(cases))
		if len(cases) < 93 {
			t.Errorf("only %d cases", len(cases))
		}
	})
}
