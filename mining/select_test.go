package mining

import (
	"maps"
	"slices"
	"testing"

	"github.com/troupe-node/troupe/tx"
	"pgregory.net/rapid"
)

// sized makes a transaction of exactly vsize virtual bytes without witness.
func sized(vsize int) *tx.Tx {
	const empty = 4 + 1 + 41 + 1 + 4
	return tx.New(2, []tx.Input{{ScriptSig: make([]byte, 0)}}, []tx.Output{{PkScript: make([]byte, vsize-empty-9)}}, 0)
}

func candidate(fee int64, vsize int, parents ...int32) Candidate {
	t := sized(vsize)
	return Candidate{Tx: t, Fee: fee, VSize: int64(t.VSize()), Parents: parents}
}

func TestAChildThatPaysBringsItsParentIn(t *testing.T) {
	all := []Candidate{candidate(0, 100), candidate(5000, 100, 0), candidate(3000, 100)}
	limits := DefaultLimits()
	limits.MaxWeight = limits.ReservedWeight + 4*201
	got := Select(all, limits)
	// Together parent and child pay 25 sat/vB, the third alone 30: it goes first,
	// and then only a package of one fits.
	if len(got) != 1 || got[0] != 2 {
		t.Fatalf("chose %v, want the third alone", got)
	}
	limits.MaxWeight *= 2
	got = Select(all, limits)
	if len(got) != 3 || got[0] != 2 || got[1] != 0 || got[2] != 1 {
		t.Fatalf("chose %v, want 2 0 1", got)
	}
}

// The third depends on the first only through the second: when both are taken
// together, it must no longer carry the first's weight.
func TestADescendantForgetsEveryMemberOfAPackage(t *testing.T) {
	all := []Candidate{candidate(0, 300), candidate(9000, 100, 0), candidate(100, 100, 1)}
	limits := DefaultLimits()
	limits.MinFeePerKVB = 0
	limits.MaxWeight = limits.ReservedWeight + 4*501
	if got := Select(all, limits); len(got) != 3 {
		t.Fatalf("chose %v of three that fit", got)
	}
}

func TestWhatPaysLessThanTheMinimumStaysOut(t *testing.T) {
	limits := DefaultLimits()
	all := []Candidate{candidate(99, 100), candidate(100, 100)}
	if got := Select(all, limits); len(got) != 1 || got[0] != 1 {
		t.Fatalf("chose %v, want only the one at 1 sat/vB", got)
	}
}

func TestSignatureOperationsAreBudgeted(t *testing.T) {
	a, b := candidate(1000, 100), candidate(2000, 100)
	a.SigOpCost, b.SigOpCost = 50_000, 50_000
	if got := Select([]Candidate{a, b}, DefaultLimits()); len(got) != 1 || got[0] != 1 {
		t.Fatalf("chose %v, want the dearer one alone", got)
	}
}

func anyPool(t *rapid.T, most int) []Candidate {
	all := make([]Candidate, rapid.IntRange(0, most).Draw(t, "n"))
	for i := range all {
		all[i] = candidate(rapid.Int64Range(0, 100_000).Draw(t, "fee"), rapid.IntRange(70, 400).Draw(t, "vsize"))
		all[i].SigOpCost = rapid.Int64Range(0, 40).Draw(t, "sigops")
		for p := range i {
			if rapid.IntRange(0, 3).Draw(t, "spends") == 0 {
				all[i].Parents = append(all[i].Parents, int32(p))
			}
		}
	}
	return all
}

func TestATemplateIsOrderedAndWithinItsLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := anyPool(t, 30)
		limits := DefaultLimits()
		limits.MaxWeight = limits.ReservedWeight + rapid.Int64Range(0, 20_000).Draw(t, "room")
		limits.MinFeePerKVB = 0
		placed := map[int]bool{}
		weight, sigOps := limits.ReservedWeight, limits.ReservedSigOps
		for _, i := range Select(all, limits) {
			for _, p := range all[i].Parents {
				if !placed[int(p)] {
					t.Fatalf("%d stands before its parent %d", i, p)
				}
			}
			if placed[i] {
				t.Fatalf("%d was chosen twice", i)
			}
			placed[i] = true
			weight += int64(all[i].Tx.Weight())
			sigOps += all[i].SigOpCost
		}
		if weight >= limits.MaxWeight && len(placed) > 0 || sigOps >= limits.MaxSigOpCost {
			t.Fatalf("weight %d of %d, sigops %d", weight, limits.MaxWeight, sigOps)
		}
	})
}

// optimum is the best fee of any subset that is closed under parents and fits.
func optimum(all []Candidate, limits Limits) (best int64) {
	for set := range 1 << len(all) {
		weight, fee, closed := limits.ReservedWeight, int64(0), true
		for i := range all {
			if set>>i&1 == 0 {
				continue
			}
			weight += int64(all[i].Tx.Weight())
			fee += all[i].Fee
			for _, p := range all[i].Parents {
				closed = closed && set>>p&1 == 1
			}
		}
		if closed && weight < limits.MaxWeight && fee > best {
			best = fee
		}
	}
	return best
}

// A greedy choice by feerate loses at most what the largest package that did not
// fit could have paid: here, when everything fits, it loses nothing, and otherwise
// no more than the dearest package.
func TestFeesAreWithinTheGreedyBoundOfTheOptimum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := anyPool(t, 10)
		limits := DefaultLimits()
		limits.MinFeePerKVB = 0
		limits.MaxWeight = limits.ReservedWeight + rapid.Int64Range(400, 12_000).Draw(t, "room")
		got, total := int64(0), int64(0)
		for _, i := range Select(all, limits) {
			got += all[i].Fee
		}
		dearest := int64(0)
		s := newSelection(all, limits)
		for i := range all {
			dearest = max(dearest, s.sums[i].fee)
			total += all[i].Fee
		}
		best := optimum(all, limits)
		if got+dearest < best {
			t.Fatalf("chose %d sat, best is %d, dearest package %d", got, best, dearest)
		}
		if best == total && got != total {
			t.Fatalf("everything fits for %d sat, but only %d were chosen", total, got)
		}
	})
}

// naive chooses as Select does, by adding everything up afresh for each choice.
func naive(all []Candidate, limits Limits) (order []int) {
	chosen, refused := map[int]bool{}, map[int]sums{}
	weight, sigOps := limits.ReservedWeight, limits.ReservedSigOps
	for {
		best, of, members := -1, sums{}, []int(nil)
		for i := range all {
			if chosen[i] {
				continue
			}
			family := map[int]bool{}
			var climb func(int)
			climb = func(i int) {
				if chosen[i] || family[i] {
					return
				}
				family[i] = true
				for _, p := range all[i].Parents {
					climb(int(p))
				}
			}
			climb(i)
			var sum sums
			for j := range family {
				sum.fee, sum.vsize, sum.sigOps = sum.fee+all[j].Fee, sum.vsize+all[j].VSize, sum.sigOps+all[j].SigOpCost
			}
			if old, ok := refused[i]; ok && old == sum {
				continue
			}
			if best < 0 || sum.fee*of.vsize > of.fee*sum.vsize {
				best, of, members = i, sum, slices.Sorted(maps.Keys(family))
			}
		}
		switch {
		case best < 0 || of.fee*1000 < limits.MinFeePerKVB*of.vsize:
			return order
		case weight+4*of.vsize >= limits.MaxWeight || sigOps+of.sigOps >= limits.MaxSigOpCost:
			refused[best] = of
		default:
			for _, j := range members {
				chosen[j] = true
				weight += int64(all[j].Tx.Weight())
				sigOps += all[j].SigOpCost
				order = append(order, j)
			}
		}
	}
}

func TestTheChoiceIsThatOfOneWhoAddsUpEachTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := anyPool(t, 14)
		if rapid.Bool().Draw(t, "many signature operations") {
			for i := range all {
				all[i].SigOpCost *= 1500
			}
		}
		limits := DefaultLimits()
		limits.MinFeePerKVB = rapid.Int64Range(0, 100_000).Draw(t, "least")
		limits.MaxWeight = limits.ReservedWeight + rapid.Int64Range(400, 20_000).Draw(t, "room")
		if got, want := Select(all, limits), naive(all, limits); !slices.Equal(got, want) {
			t.Fatalf("chose %v, want %v", got, want)
		}
	})
}

func BenchmarkSelectFromAFullPool(b *testing.B) {
	all := make([]Candidate, 100_000)
	shared := sized(141)
	for i := range all {
		all[i] = Candidate{Tx: shared, Fee: int64(141 + i*7919%50_000), VSize: 141, SigOpCost: 4}
		if i%10 > 6 {
			all[i].Parents = []int32{int32(i - 1)}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		Select(all, DefaultLimits())
	}
}
