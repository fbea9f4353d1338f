package script_test

import (
	"encoding/binary"
	"sync"
	"testing"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

func TestCacheRemembersOnlyWhatVerified(t *testing.T) {
	cache := script.NewSigCache(1<<20, [32]byte{5})
	for _, c := range benchSpends {
		s := c.make()
		before := cache.CachedSignatures()
		if err := s.Verify(0, script.StandardFlags, cache.ReadOnly()); err != nil {
			t.Fatal(err)
		}
		if cache.CachedSignatures() != before {
			t.Errorf("%s: a read-only cache remembers", c.name)
		}
		for range 3 {
			if err := s.Verify(0, script.StandardFlags, cache); err != nil {
				t.Fatal(err)
			}
		}
		if got := cache.CachedSignatures() - before; got != s.sigs {
			t.Errorf("%s: %d entries, want %d", c.name, got, s.sigs)
		}
	}
	// A spend whose signature fails leaves nothing, and fails again.
	for seed := uint64(0); seed < 200; seed++ {
		s := generate(newDice(seed, nil))
		ctx := s.context()
		first := ctx.Verify(s.input, script.StandardFlags, cache)
		second := ctx.Verify(s.input, script.StandardFlags, cache)
		third := ctx.Verify(s.input, script.StandardFlags, nil)
		if first != second || first != third {
			t.Fatalf("%v, then %v, without a cache %v", first, second, third)
		}
	}
}

func TestScriptsAreRememberedByWitnessIDAndFlags(t *testing.T) {
	cache := script.NewSigCache(1<<20, [32]byte{6})
	id := tx.Hash{1, 2, 3}
	if cache.ScriptsVerified(id, script.StandardFlags) {
		t.Error("an empty cache remembers")
	}
	cache.RememberScripts(id, script.StandardFlags)
	if !cache.ScriptsVerified(id, script.StandardFlags) {
		t.Error("forgotten")
	}
	if cache.ScriptsVerified(id, script.MandatoryFlags) || cache.ScriptsVerified(tx.Hash{9}, script.StandardFlags) {
		t.Error("remembered under other flags or for another transaction")
	}
	var none *script.SigCache
	none.RememberScripts(id, script.StandardFlags)
	if none.ScriptsVerified(id, script.StandardFlags) || none.ReadOnly() != nil {
		t.Error("no cache remembers")
	}
}

func TestCacheIsBoundedAndStillUsefulWhenFull(t *testing.T) {
	const maxBytes = 1 << 20
	cache := script.NewSigCache(maxBytes, [32]byte{7})
	capacity := maxBytes / 2 / 32
	key := func(i int) (h tx.Hash) {
		binary.LittleEndian.PutUint64(h[:], uint64(i))
		return h
	}
	for i := range 4 * capacity {
		cache.RememberScripts(key(i), 0)
	}
	held, recent := 0, 0
	for i := range 4 * capacity {
		if cache.ScriptsVerified(key(i), 0) {
			held++
			if i >= 4*capacity-capacity/10 {
				recent++
			}
		}
	}
	if held > capacity {
		t.Errorf("%d entries, room for %d", held, capacity)
	}
	if held < capacity*9/10 || recent < capacity/10*8/10 {
		t.Errorf("of %d places %d are used; of the last %d entries %d are left", capacity, held, capacity/10, recent)
	}
}

func TestInputsOfOneTransactionVerifyConcurrently(t *testing.T) {
	cache := script.NewSigCache(1<<20, [32]byte{8})
	for _, c := range benchSpends {
		s := c.make()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 25 {
					if err := s.Verify(0, script.StandardFlags, cache); err != nil {
						t.Errorf("%s: %v", c.name, err)
					}
					if err := s.Verify(1, script.MandatoryFlags, nil); err != nil {
						t.Errorf("%s, the other input: %v", c.name, err)
					}
				}
			})
		}
		wg.Wait()
	}
}

// The aim is two allocations an input; the signature library itself may take one.
func TestOrdinaryInputsVerifyWithoutAllocation(t *testing.T) {
	for _, c := range benchSpends {
		s := c.make()
		bare := testing.AllocsPerRun(50, func() { s.bare() }) * float64(s.sigs)
		got := testing.AllocsPerRun(50, func() {
			if err := s.Verify(0, script.StandardFlags, nil); err != nil {
				t.Error(err)
			}
		})
		if got > bare+1 { // a garbage collection may empty the engines' pool
			t.Errorf("%s: %v allocations, the signatures alone take %v", c.name, got, bare)
		}
	}
}
