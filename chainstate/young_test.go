package chainstate

import (
	"bytes"
	"sync"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

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
	nothingYoung(t, r)
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

// nothingYoung checks that what the store has is not kept in memory as well.
func nothingYoung(t *testing.T, r *rig) {
	t.Helper()
	for what, list := range map[string]*sync.Map{"body": &r.m.young.bodies, "undo data": &r.m.young.undos} {
		list.Range(func(n, _ any) bool {
			t.Errorf("the %s of height %d stays in memory", what, n.(*Node).Height())
			return true
		})
	}
}

// TestABodyCanBeReadFromItsArrivalOn: what the tree says is here can be read,
// although the store gets bodies only later and the snapshot that readers share is
// older still. Peers ask for a block that was just announced, operators for one
// that awaits its parent.
func TestABodyCanBeReadFromItsArrivalOn(t *testing.T) {
	p := regtest(t)
	m := newMaker(t, p)
	r := newRig(t, p, Options{})
	r.quiet = true
	blocks := m.chain("a", "genesis", 4)
	r.addAll(blocks[:1])

	read := func(when string, connected ...int) {
		t.Helper()
		for i, b := range blocks {
			n := r.published.Header(b.Hash())
			if n == nil || !n.HasBody() {
				t.Fatalf("%s: block %d is not here", when, i)
			}
			got, err := r.published.Block(n)
			if err != nil || got.Hash() != b.Hash() {
				t.Errorf("%s: block %d: %v", when, i, err)
			}
			raw, err := r.published.Body(n)
			if err != nil || !bytes.Equal(raw, b.Bytes()) {
				t.Errorf("%s: bytes of block %d: %v", when, i, err)
			}
		}
		for _, i := range connected {
			n := r.published.Header(blocks[i].Hash())
			if undo, err := r.published.Undo(n); !n.HasUndo() || err != nil || len(undo.Txs) != 0 {
				t.Errorf("%s: undo data of block %d: %v", when, i, err)
			}
		}
	}

	r.holdWrites = true
	if _, err := r.m.AddHeaders(r.now, []tx.Header{blocks[1].Header, blocks[2].Header, blocks[3].Header}); err != nil {
		t.Fatal(err)
	}
	r.add(blocks[2], Submission{Requested: true}) // awaits its parent
	r.add(blocks[3], Submission{Requested: true})
	r.add(blocks[1], Submission{Requested: true})
	read("before the writes", 1, 2, 3)
	for len(r.writes) > 0 {
		// The store has it, the snapshot that readers share does not yet.
		w := r.writes[0]
		r.writes = r.writes[1:]
		if err := w.Run(r.store); err != nil {
			t.Fatal(err)
		}
		read("before the write is reported", 1, 2, 3)
		for _, b := range w.Bodies {
			r.m.young.bodyStored(r.published.Header(b.Hash()))
		}
		read("between two steps of the report", 1, 2, 3)
		r.m.Committed(w.ID)
		r.run()
		read("after a write", 1, 2, 3)
	}
	r.holdWrites = false
	r.flush()
	read("after the last write", 0, 1, 2, 3)
	nothingYoung(t, r)
}
