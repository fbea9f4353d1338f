package flood

import (
	"fmt"

	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
)

// Shape is what a flood's transactions look like.
type Shape string

// The shapes. Payments alone are what Count promises to be in the pool at the end.
const (
	Payments  Shape = ""          // independent: one input, two outputs
	Rising    Shape = "rising"    // payments, each of which pays more than the one before
	Chains    Shape = "chains"    // of 25, parents first
	Orphans   Shape = "orphans"   // the same without the first
	Conflicts Shape = "conflicts" // 25 for one coin, each of which may replace the one before
	Twins     Shape = "twins"     // 25 for one coin, the best first: none of the others may
	Large     Shape = "large"     // as heavy as policy allows
	SigOps    Shape = "sigops"    // more signature operations than policy allows
)

// Shapes are all of them.
var Shapes = []Shape{Payments, Rising, Chains, Orphans, Conflicts, Twins, Large, SigOps}

const (
	// family is how many transactions there are of one coin: as many as a chain may have.
	family = 25
	// largeOutputs make a transaction of just below 400,000 weight units.
	largeOutputs = 3_200
	// mostSigOps is Core's limit of their cost for one transaction (MAX_STANDARD_TX_SIGOPS_COST).
	mostSigOps = 16_000
	// risingTo is what the last one pays above the first, in satoshis per virtual byte.
	risingTo = 200
)

// perCoin is how many transactions a shape makes of one coin.
func (s Shape) perCoin() int {
	switch s {
	case Chains, Conflicts, Twins:
		return family
	case Orphans:
		return family - 1
	}
	return 1
}

// make makes the i-th family of a shape.
func (f *flood) make(coin forge.Coin, i, of int) []*tx.Tx {
	number := uint64(i) * family
	switch f.Shape {
	case Rising:
		spend := f.forge.Payment(coin, number)
		// Exactly so much, whatever the payment would have paid.
		const size = 141
		spend.Pays[0].Value += spend.Fee() - size*int64(2+risingTo*i/of)
		return []*tx.Tx{spend.Sign()}
	case Chains:
		return f.forge.Descendants(coin, family, number)
	case Orphans:
		return f.forge.Descendants(coin, family, number)[1:]
	case Conflicts:
		return f.forge.Conflicts(coin, family, number)
	case Twins:
		list := f.forge.Conflicts(coin, family, number)
		list[0], list[family-1] = list[family-1], list[0]
		return list
	case Large:
		spend := forge.Spend{Coins: []forge.Coin{coin}, Sequence: forge.SequenceFinal}
		each := coin.Value * 3 / 4 / largeOutputs
		for range largeOutputs {
			spend.Pays = append(spend.Pays, forge.Pay{Value: each, Key: f.forge.Key(number), Kind: forge.P2WPKH})
		}
		return []*tx.Tx{spend.Sign()}
	case SigOps:
		spend := f.forge.SigOps(coin, mostSigOps/tx.WitnessScale+1)
		return []*tx.Tx{spend.Sign()}
	}
	spend := f.forge.Payment(coin, number)
	return []*tx.Tx{spend.Sign()}
}

// families forges what is pushed: families, whose members go over one connection in
// their order.
func (f *flood) families(chain *forge.Chain, n int) ([][]*tx.Tx, error) {
	coins := make([]forge.Coin, f.coins(n))
	for i := range coins {
		var ok bool
		if coins[i], ok = chain.Coin(); !ok {
			return nil, fmt.Errorf("the forged chain has %d coins, not %d", i, len(coins))
		}
	}
	made := make([][]*tx.Tx, len(coins))
	onAllCores(len(coins), func(i int) { made[i] = f.make(coins[i], i, len(coins)) })
	last := &made[len(made)-1]
	*last = (*last)[:n-(len(made)-1)*f.Shape.perCoin()]
	return made, nil
}

// coins is how many it takes for n transactions.
func (f *flood) coins(n int) int { return (n + f.Shape.perCoin() - 1) / f.Shape.perCoin() }
