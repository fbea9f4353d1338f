package script_test

import (
	"testing"

	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/script"
)

// monotone checks that what passes under a set of flags passes under consistent subsets, and what fails fails under
// consistent supersets. Soft forks rest on it: a rule may only ever be added.
func monotone(t *testing.T, d *dice, s *spend, cache *script.SigCache) (runs int) {
	t.Helper()
	ctx := s.context()
	for range 6 {
		flags := d.flagSet()
		err := ctx.Verify(s.input, flags, cache)
		runs++
		for range 3 {
			other := d.flagSet()
			if err == nil {
				other &= flags
			} else {
				other |= flags
			}
			if !consistentFlags(other) {
				continue
			}
			runs++
			if got := ctx.Verify(s.input, other, cache); (got == nil) != (err == nil) {
				t.Fatalf("%s: %v under %v, but %v under %v\ntx %x\ninput %d spends %x", s.shape, err, flags, got, other,
					s.tx.Bytes(), s.input, s.spent[s.input].PkScript)
			}
		}
	}
	return runs
}

func TestFlagsOnlyEverForbidMore(t *testing.T) {
	cache := script.NewSigCache(1<<20, [32]byte{3})
	runs := 0
	want := testdata.Runs(t, 40_000)
	for seed := uint64(1 << 32); runs < want; seed++ {
		d := newDice(seed, nil)
		runs += monotone(t, d, generate(d), cache)
	}
	t.Logf("%d executions", runs)
}

func FuzzFlagsOnlyEverForbidMore(f *testing.F) {
	f.Add(uint64(1), []byte{})
	f.Add(uint64(7), []byte{9, 9, 9, 0, 0, 1, 2, 3, 4, 5})
	f.Fuzz(func(t *testing.T, seed uint64, raw []byte) {
		d := newDice(seed, raw)
		monotone(t, d, generate(d), nil)
	})
}
