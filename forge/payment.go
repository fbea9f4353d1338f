package forge

import "github.com/troupe-node/troupe/tx"

// Sizes in quarters of a virtual byte, for fees: upper bounds of what Sign
// makes.
var (
	inputWeight  = [kindCount]int64{P2WPKH: 273, P2PKH: 596, P2TR: 231}
	outputWeight = [kindCount]int64{P2WPKH: 124, P2PKH: 136, P2TR: 172}
)

const (
	overheadWeight = 42
	// minPayment is above the dust limit of every kind (546 for P2PKH).
	minPayment = 600 // satoshis
	// MinCoin is the least that a coin must be worth for Payment to spend it.
	MinCoin = 20_000 // satoshis
)

// Payment plans the n-th payment of a coin: one input, and two P2WPKH outputs,
// a small one to somebody and the change. Fee rates are between 2 and 21 sat/vB.
// It depends on nothing but its arguments, so that payments of different coins
// can be made in any order.
func (f *Forge) Payment(coin Coin, n uint64) Spend {
	return f.payment(coin, n, Mix{P2WPKH: 1})
}

// payment has the change first, of a kind of the mix.
func (f *Forge) payment(coin Coin, n uint64, mix Mix) Spend {
	d := f.dice("payment", n)
	change, other := mix.draw(&d), mix.draw(&d)
	rate := int64(2 + d.roll(20))
	weight := overheadWeight + inputWeight[coin.Kind] + outputWeight[change] + outputWeight[other]
	value := minPayment + int64(d.roll(1000))
	return Spend{
		Coins: []Coin{coin},
		Pays: []Pay{
			{Value: coin.Value - value - rate*((weight+3)/4), Key: f.Key(d.roll(keyCount)), Kind: change},
			{Value: value, Key: f.Key(d.roll(keyCount)), Kind: other},
		},
		Sequence: SequenceFinal,
		keep:     1,
	}
}

// Descendants makes a chain of n transactions, each of which spends the change
// of the one before; the first spends the coin. Core's limit for a pool is 25.
// Sent from the last to the first they are orphans.
func (f *Forge) Descendants(coin Coin, n int, first uint64) []*tx.Tx {
	txs := make([]*tx.Tx, n)
	for i := range txs {
		spend := f.Payment(coin, first+uint64(i))
		txs[i] = spend.Sign()
		coin = spend.made(txs[i], 0)
	}
	return txs
}

// Conflicts makes n transactions that spend the same coin. Each pays enough more
// than the one before to replace it (BIP125), and signals that it may be
// replaced.
func (f *Forge) Conflicts(coin Coin, n int, number uint64) []*tx.Tx {
	txs := make([]*tx.Tx, n)
	spend := f.Payment(coin, number)
	spend.Sequence = SequenceRBF
	for i := range txs {
		txs[i] = spend.Sign()
		// One more sat/vB pays for its own relay and is a higher rate.
		spend.Pays[0].Value -= int64(txs[i].VSize()) + 10
	}
	return txs
}
