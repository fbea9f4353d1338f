package conn

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/mempool"
)

func TestWhoWaitsIsToldInTheOrderOfASort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []waitingTx
		for i := range rapid.IntRange(0, 200).Draw(t, "waiting") {
			all = append(all, waitingTx{
				entry:     &mempool.Entry{Sequence: uint64(i)},
				ancestors: rapid.IntRange(1, 4).Draw(t, "ancestors"),
				feerate:   rapid.Int64Range(0, 5).Draw(t, "feerate"),
			})
		}
		want := slices.Clone(all)
		slices.SortStableFunc(want, func(a, b waitingTx) int {
			return cmp.Or(cmp.Compare(a.ancestors, b.ancestors), cmp.Compare(b.feerate, a.feerate))
		})
		told := 0
		for len(all) > 0 { // in between others come, and all are ranked anew
			waiting := make([]*mempool.Entry, len(all))
			h := &turns{heap: slices.Clone(all)}
			h.build()
			for range min(len(all), 7) {
				if e := h.pop(); e != want[told].entry {
					t.Fatalf("turn %d is %d's, want %d's", told, e.Sequence, want[told].entry.Sequence)
				}
				told++
			}
			all = slices.Clone(h.heap)
			if rest := h.rest(waiting); len(rest) != len(all) || len(rest) > 0 && rest[0] != want[told].entry {
				t.Fatalf("%d are left of %d", len(rest), len(all))
			}
		}
	})
}
