package rpc

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/tx"
)

func TestEveryPartialTreeProvesWhatItWasMadeFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := make([]tx.Hash, rapid.IntRange(1, 70).Draw(t, "transactions"))
		wanted := map[tx.Hash]bool{}
		var want []tx.Hash
		for i := range ids {
			ids[i] = tx.Hash{byte(i), 1}
			if rapid.Bool().Draw(t, "wanted") {
				wanted[ids[i]] = true
				want = append(want, ids[i])
			}
		}
		p, ok := parsePartialTree(proveTxs(ids, wanted).append(nil))
		if !ok {
			t.Fatal("it does not read what it wrote")
		}
		root, found, ok := p.extract()
		if whole, _ := tx.MerkleRoot(ids); !ok || root != whole || !slices.Equal(found, want) {
			t.Fatalf("root %s of %s, found %d of %d, %v", root, whole, len(found), len(want), ok)
		}
	})
}

func FuzzParsePartialTree(f *testing.F) {
	f.Add(proveTxs([]tx.Hash{{1}, {2}, {3}}, map[tx.Hash]bool{{2}: true}).append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := parsePartialTree(b)
		if !ok {
			return
		}
		if _, found, ok := p.extract(); ok && len(found) > p.total {
			t.Errorf("%d transactions proved of %d", len(found), p.total)
		}
	})
}
