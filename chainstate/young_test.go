package chainstate

import "testing"

func TestABlockIsPublishedAndReadableBeforeTheStoreHasIt(t *testing.T) {
	mk := newMaker(t, regtest(t))
	mk.chain("a", "genesis", 3)
	r := newRig(t, mk.params, Options{})
	r.add(mk.get("a1"), Submission{Requested: true})
	r.holdWrites = true
	r.add(mk.get("a2"), Submission{Requested: true})
	r.add(mk.get("a3"), Submission{Requested: true})
	early := r.published
	if !early.Acquire() {
		t.Fatal("the published view was released")
	}
	defer early.Release()
	if early.Tip().Hash() != mk.get("a3").Hash() || early.CoinsTip() != early.Tip() {
		t.Fatalf("published %s, coins of %s", r.name(early.Tip().Hash()), r.name(early.CoinsTip().Hash()))
	}
	if len(r.writes) == 0 {
		t.Fatal("nothing is about to be written")
	}
	readable(t, early, 3)
	r.holdWrites = false
	r.run()
	readable(t, early, 3)
	readable(t, r.published, 3)
	if n := len(r.m.young); n != 0 {
		t.Errorf("%d blocks are kept that the store has", n)
	}
}

// readable checks that bodies and undo data of the chain are there, in both forms.
func readable(t *testing.T, s *Snapshot, height int32) {
	t.Helper()
	for h := int32(1); h <= height; h++ {
		n := s.AtHeight(h)
		b, err := s.Block(n)
		if err != nil || b.Hash() != n.Hash() {
			t.Fatalf("block %d: %v", h, err)
		}
		if raw, err := s.Body(n); err != nil || string(raw) != string(b.Bytes()) {
			t.Fatalf("body %d: %v", h, err)
		}
		if u, err := s.Undo(n); err != nil || len(u.Txs) != len(b.Txs)-1 {
			t.Fatalf("undo data %d: %v", h, err)
		}
	}
}
