package mempool

import (
	"math/rand/v2"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

func TestTheOlderHalfIsForgotten(t *testing.T) {
	r := remembered{half: 10}
	id := func(i int) tx.Hash { return tx.Hash{byte(i)} }
	for i := range 25 {
		r.add(id(i))
	}
	if r.has(id(9)) || !r.has(id(10)) || !r.has(id(24)) {
		t.Fatal(len(r.young), len(r.old))
	}
	r.clear()
	if r.has(id(24)) {
		t.Fatal("cleared, and remembered")
	}
}

func TestWhatARefusalSays(t *testing.T) {
	plain := spend{in: []tx.OutPoint{{Hash: tx.Hash{1}}}, outs: []int64{1}}.tx() // has a witness
	for _, c := range []struct {
		why                  Result
		id, witnessID, cheap bool
	}{
		{Consensus, false, true, false},
		{NotStandard, false, true, false},
		{WitnessMutated, false, true, false},
		{Conflict, false, true, false},
		{InputsNotStandard, true, true, false},
		{Reconsiderable, false, false, true},
		{WitnessStripped, false, false, false},
		{MissingInputs, false, false, false},
		{Unknown, false, false, false},
	} {
		tip := tx.Hash{5}
		r := newRefusals()
		r.moved(tip)
		r.note(plain, c.why)
		if r.Has(plain.ID(), tip) != c.id || r.Has(plain.WitnessID(), tip) != c.witnessID || r.Cheap(plain.WitnessID(), tip) != c.cheap {
			t.Errorf("%s", c.why)
		}
		r.moved(tip)
		if r.Has(plain.WitnessID(), tip) != c.witnessID {
			t.Errorf("%s: forgotten on the same tip", c.why)
		}
		if other := (tx.Hash{6}); r.Has(plain.WitnessID(), other) || r.Cheap(plain.WitnessID(), other) {
			t.Errorf("%s: known of another tip", c.why)
		}
		r.moved(tx.Hash{6})
		if r.Has(plain.WitnessID(), tx.Hash{6}) || r.Cheap(plain.WitnessID(), tx.Hash{6}) {
			t.Errorf("%s: no second chance", c.why)
		}
	}
}

func TestTwoParentsThatPaidTooLittleAreOneTooMany(t *testing.T) {
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(1, 2))
	a, b := w.pay(1000, w.coin(one)), w.pay(1000, w.coin(one))
	of := func(parents ...*tx.Tx) *tx.Tx {
		s := spend{outs: []int64{1}}
		for _, p := range parents {
			s.in = append(s.in, out(p, 0))
		}
		return s.tx()
	}
	only, both := of(a), of(a, b)
	w.pool.refusals.cheap.add(a.ID()) // as if it had no witness: parents are known by id
	w.pool.refusals.cheap.add(b.ID())
	if w.pool.KeepOrphan(only, 1, w.now, rng).Hopeless || !w.pool.orphans.Has(only.WitnessID()) {
		t.Fatal("one parent may be paid for")
	}
	if !w.pool.KeepOrphan(both, 1, w.now, rng).Hopeless || w.pool.orphans.Has(both.WitnessID()) || !w.pool.refusals.Has(both.ID(), w.pool.tip.Hash()) {
		t.Fatal("two may not")
	}
	w.pool.refusals.moved(tx.Hash{})
	w.must(a) // it got in after all
	w.pool.refusals.cheap.add(a.ID())
	w.pool.refusals.cheap.add(b.ID())
	if w.pool.KeepOrphan(both, 1, w.now, rng).Hopeless {
		t.Fatal("only one is missing")
	}
}

func TestTheYoungestChildOfTheSamePeerIsTriedFirst(t *testing.T) {
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(1, 2))
	parent := w.pay(1000, w.coin(one))
	var children []*tx.Tx
	for i := range 4 {
		children = append(children, spend{in: []tx.OutPoint{out(parent, 0)}, outs: []int64{1000 + int64(i)}}.tx())
	}
	w.pool.KeepOrphan(children[0], 7, w.now, rng)
	w.pool.KeepOrphan(children[1], 7, w.now, rng)
	w.pool.KeepOrphan(children[2], 8, w.now, rng)
	w.pool.NoteFamily([]*tx.Tx{children[1], parent}) // the order does not matter
	for _, want := range []*tx.Tx{children[0], children[2]} {
		if got := w.pool.TakeChild(parent, 7, rng); got == nil || got.Tx != want {
			t.Fatalf("%+v, want %s", got, want.ID())
		}
	}
	if got := w.pool.TakeChild(parent, 7, rng); got != nil {
		t.Fatal("that family failed before")
	}
	w.pool.KeepOrphan(children[3], 7, w.now, rng)
	if got := w.pool.TakeChild(parent, 7, rng); got == nil || got.Tx != children[3] {
		t.Fatal("the youngest")
	}
}

func TestAnOrphanThatComesAgainIsItsLastGivers(t *testing.T) {
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(1, 2))
	orphan := spend{in: []tx.OutPoint{{Hash: tx.Hash{1}}}, outs: []int64{1}}.tx()
	for _, peer := range []int64{3, 4} {
		if o := w.pool.KeepOrphan(orphan, peer, w.now, rng); o.Hopeless || o.Fresh != (peer == 3) {
			t.Fatal(peer, o)
		}
	}
	w.pool.orphans.Keep(func(peer int64) bool { return peer == 4 }) // 3 is gone
	if peer, ok := w.pool.orphans.Giver(orphan.WitnessID()); !ok || peer != 4 {
		t.Fatal(peer, ok)
	}
	if list := w.pool.orphans.List(); len(list) != 1 || list[0].Until() != w.now+orphanExpirySecs {
		t.Fatal(list)
	}
}
