package flood

import (
	"context"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

func TestTheGreedyConnectionIsDealtSoManyTimesWhatTheOthersAre(t *testing.T) {
	families := make([][]*tx.Tx, 108*3)
	for i := range families {
		families[i] = []*tx.Tx{nil}
	}
	dealt := deal(families, 9, 100)
	for i, list := range dealt {
		want := 3
		if i == 0 {
			want = 300
		}
		if len(list) != want {
			t.Errorf("connection %d offers %d, not %d", i, len(list), want)
		}
	}
}

func TestFairnessIsJudgedWhenTheFirstOfTheHonestIsDone(t *testing.T) {
	s := newShares([][]*tx.Tx{make([]*tx.Tx, 100), make([]*tx.Tx, 4), make([]*tx.Tx, 4)}, true)
	s.worked(0, 100)
	s.worked(1, 2)
	if s.found != nil {
		t.Fatal("judged by the greedy connection")
	}
	s.worked(2, 4)
	s.worked(1, 2)
	if f := s.found; f.Jain != 0.9 || f.Least != 2 || f.Most != 4 || f.Greedy != 100 {
		t.Errorf("%+v", f)
	}
}

func TestEveryShapeIsForgedAndWorkedOff(t *testing.T) {
	_, target := playNode(t)
	for i, shape := range Shapes {
		count := 30
		if shape == Large || shape == SigOps {
			count = 2
		}
		forged := 0
		r, err := Run(t.Context(), Options{
			Kind: Txs, Target: target, Connections: 2, Count: count, Seed: uint64(20 + i), Shape: shape,
			Forged: func(list []*tx.Tx) { forged = len(list) },
		})
		if err != nil {
			t.Fatalf("%q: %v", shape, err)
		}
		if r.Worked != int64(count) || forged != count || r.Lost != 0 {
			t.Errorf("%q: forged %d: %+v", shape, forged, r)
		}
	}
}

func TestFloodsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, o := range []Options{{Mined: 1, Shape: Chains, Connections: 8}, {Greedy: 2, Connections: 2}} {
		o.Kind, o.Target, o.Count = Txs, "127.0.0.1:1", 1
		if _, err := Run(context.Background(), o); err == nil {
			t.Errorf("%+v", o)
		}
	}
}
