package script_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/troupe-node/troupe/script"
)

func verifyName(err error) string {
	if err == nil {
		return "OK"
	}
	var kind script.Error
	if errors.As(err, &kind) {
		return kind.Name()
	}
	return "not a script.Error: " + err.Error()
}

// core28Name translates the kinds that releases after 28 renamed, which btcsuite's copy of the vectors uses.
func core28Name(c scriptCase) string {
	switch c.want {
	case "SCRIPTNUM":
		return "UNKNOWN_ERROR"
	case "TAPSCRIPT_EMPTY_PUBKEY":
		return "PUBKEYTYPE"
	}
	return c.want
}

func TestScriptVectorsGiveCoresResultAndErrorKind(t *testing.T) {
	vectorSets(t, "script_tests.json", func(t *testing.T, data []byte) {
		cases := decodeScriptCases(t, data)
		rng := rand.New(rand.NewPCG(1, 2))
		for _, c := range cases {
			spend, spent := creditAndSpend(c.scriptSig, c.pkScript, c.witness, c.amount)
			ctx := script.NewTxContext(spend, spent)
			got, want := verifyName(ctx.Verify(0, c.flags, nil)), core28Name(c)
			// Core 28 says UNBALANCED_CONDITIONAL for an IF on an empty stack, later releases
			// INVALID_STACK_OPERATION.
			if got != want && !(got == "UNBALANCED_CONDITIONAL" && want == "INVALID_STACK_OPERATION") {
				t.Errorf("got %s, want %s, for %s", got, want, c.line)
			}
			// Less flags do not fail what passes, more flags do not pass what fails.
			for range 16 {
				other := script.Flags(rng.Uint32()) & script.AllFlags
				if want == "OK" {
					other = c.flags &^ other
				} else {
					other |= c.flags
				}
				if !consistentFlags(other) {
					continue
				}
				if err := ctx.Verify(0, other, nil); (err == nil) != (want == "OK") {
					t.Errorf("%v under %v instead of %v, for %s", err, other, c.flags, c.line)
				}
			}
		}
		t.Logf("%d cases", len(cases))
		if len(cases) < 1207 {
			t.Errorf("only %d cases", len(cases))
		}
	})
}
