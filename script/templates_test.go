package script_test

import (
	"testing"

	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/script"
)

// sameWithTemplates holds Verify, with its templates, against the interpreter alone: not only the result but the
// error's kind must be the same.
func sameWithTemplates(t *testing.T, d *dice, s *spend, cache, other *script.SigCache) (runs int) {
	t.Helper()
	ctx := s.context()
	for range 6 {
		flags := d.flagSet()
		if d.chance(20) {
			flags = script.Flags(d.byte())<<16 | script.Flags(d.byte())<<8 | script.Flags(d.byte())&script.AllFlags
		}
		runs++
		fast, slow := ctx.Verify(s.input, flags, cache), ctx.VerifyByInterpreter(s.input, flags, other)
		if fast != slow {
			t.Fatalf("%s under %v: templates say %v, the interpreter %v\ntx %x\ninput %d spends %x", s.shape, flags, fast,
				slow, s.tx.Bytes(), s.input, s.spent[s.input].PkScript)
		}
	}
	return runs
}

// generateTemplate makes spends of the shapes that have a template, often slightly broken ones.
func generateTemplate(d *dice) *spend {
	for {
		s := generate(d)
		switch s.shape {
		case "P2PKH", "P2WPKH", "key path", "witness program":
			return s
		}
		if d.chance(5) {
			return s
		}
	}
}

func TestTemplatesGiveTheInterpretersResult(t *testing.T) {
	// A cache each, so that neither side learns from the other.
	cache, other := script.NewSigCache(1<<20, [32]byte{9}), script.NewSigCache(1<<20, [32]byte{10})
	runs := 0
	want := testdata.Runs(t, 6_000)
	for seed := uint64(2 << 32); runs < want; seed++ {
		d := newDice(seed, nil)
		runs += sameWithTemplates(t, d, generateTemplate(d), cache, other)
	}
	t.Logf("%d executions", runs)
}

func FuzzTemplates(f *testing.F) {
	f.Add(uint64(1), []byte{})
	f.Add(uint64(2), []byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, seed uint64, raw []byte) {
		d := newDice(seed, raw)
		sameWithTemplates(t, d, generate(d), nil, nil)
	})
}
