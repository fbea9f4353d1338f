package mend

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// maxNamed differences are named one by one.
const maxNamed = 10

// placed is a coin and its outpoint.
type placed struct {
	op   tx.OutPoint
	coin *consensus.Coin
}

func eachCoin(s *chainstore.Snapshot, failed *error) iter.Seq[placed] {
	return func(yield func(placed) bool) {
		err := s.EachCoin(func(op tx.OutPoint, coin *consensus.Coin) error {
			if !yield(placed{op, coin}) {
				return errEnough
			}
			return nil
		})
		if err != nil && err != errEnough {
			*failed = err
		}
	}
}

var errEnough = fmt.Errorf("enough")

// compare goes through two sets of coins side by side and names what is not the
// same: is should be as want.
func compare(is, want *chainstore.Snapshot, report Report) (damage []*chainstore.Damage, err error) {
	var isErr, wantErr error
	nextIs, stopIs := iter.Pull(eachCoin(is, &isErr))
	defer stopIs()
	nextWant, stopWant := iter.Pull(eachCoin(want, &wantErr))
	defer stopWant()
	count, seen := 0, int64(0)
	name := func(op tx.OutPoint, why string) {
		if count++; count <= maxNamed {
			damage = append(damage, &chainstore.Damage{What: "coin " + op.String(), Why: why, Mend: mendCoins})
		}
	}
	a, moreA := nextIs()
	b, moreB := nextWant()
	for moreA || moreB {
		switch order := compareOutPoints(a, b, moreA, moreB); {
		case order < 0:
			name(a.op, "it is in the store, and by the blocks it was spent or never was")
			a, moreA = nextIs()
		case order > 0:
			name(b.op, "by the blocks it is unspent, and it is not in the store")
			b, moreB = nextWant()
		default:
			if !sameCoin(a.coin, b.coin) {
				name(a.op, "it differs from what the blocks made")
			}
			a, moreA = nextIs()
			b, moreB = nextWant()
		}
		if seen++; seen%10_000 == 0 {
			if err := report.tell(Progress{Stage: "comparing coins", Done: seen, Unit: "coins"}); err != nil {
				return damage, err
			}
		}
	}
	if count > maxNamed {
		damage = append(damage, &chainstore.Damage{What: fmt.Sprintf("%d more coins", count-maxNamed), Why: "they differ from what the blocks make", Mend: mendCoins})
	}
	return damage, cmp.Or(isErr, wantErr)
}

// compareOutPoints is the order of the coin set's keys; an end is after all.
func compareOutPoints(a, b placed, moreA, moreB bool) int {
	switch {
	case !moreA:
		return 1
	case !moreB:
		return -1
	}
	return cmp.Or(bytes.Compare(a.op.Hash[:], b.op.Hash[:]), cmp.Compare(a.op.Index, b.op.Index))
}
