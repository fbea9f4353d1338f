package forge

import (
	"fmt"
	"iter"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// blockSpacing is the time between two blocks of a chain, in seconds.
const blockSpacing = 600

// fanOut is how many outputs a fan-out transaction has at most. It stays below
// 400,000 weight units, Core's limit for relay, even if all are P2TR.
const fanOut = 2250

// fanOutsPerBlock keeps such a block below the limit of its weight.
const fanOutsPerBlock = 10

// Chain grows one chain of valid blocks and knows the coins that it can spend.
// It keeps no blocks. It is not safe for concurrent use.
type Chain struct {
	forge    *Forge
	branch   uint64 // extra nonce of its blocks
	height   int32
	tip      tx.Hash
	time     uint32
	nextTime uint32 // when not zero

	immature queue[born] // coinbases
	coins    queue[Coin] // everything else, oldest first
	payments uint64      // planned so far
	mix      Mix
}

// born is a coinbase's coin and the height from which it can be spent.
type born struct {
	coin   Coin
	height int32
}

// Chain begins a chain at genesis, whose outputs are of the mix. Block times
// begin at genesis and go ten minutes a block.
func (f *Forge) Chain(mix Mix) *Chain {
	g := f.params.Genesis
	return &Chain{forge: f, tip: f.params.GenesisHash, time: g.Header.Time, mix: mix}
}

// Tip is the hash of the last block.
func (c *Chain) Tip() tx.Hash { return c.tip }

// Height is that of the last block.
func (c *Chain) Height() int32 { return c.height }

// Time is that of the last block, in seconds since 1970.
func (c *Chain) Time() uint32 { return c.time }

// SetTime makes the next block of that time, and the later ones ten minutes
// after each other. It must be later than the median of the last eleven; a time
// after the last block's always is.
func (c *Chain) SetTime(t uint32) { c.nextTime = t }

// Spendable is how many coins the chain has, coinbases not counted.
func (c *Chain) Spendable() int { return c.coins.len() }

// Fork returns a copy that grows a branch of its own from here; branches of
// different numbers share no block. Coins of the common part can be spent on
// both: that makes conflicts.
func (c *Chain) Fork(branch uint64) *Chain {
	fork := *c
	fork.branch = branch
	// Payments of their own, not the same ones again.
	fork.payments += branch << 40
	fork.immature = c.immature.clone()
	fork.coins = c.coins.clone()
	return &fork
}

// Mint makes the next block. Transaction i is planned[i], signed; what its
// payments make is spendable from then on. Other transactions may follow, whose
// fees go unclaimed.
func (c *Chain) Mint(planned []Spend, txs []*tx.Tx) *tx.Block {
	opts := BlockOptions{ExtraNonce: c.branch}
	for i := range planned {
		opts.Fees += planned[i].Fee()
	}
	height, time := c.height+1, c.time+blockSpacing
	if c.nextTime != 0 {
		time, c.nextTime = c.nextTime, 0
	}
	b := c.forge.Block(c.tip, height, time, txs, opts)
	c.tip, c.height, c.time = b.Hash(), height, time
	for i := range planned {
		for j := range planned[i].keep {
			c.coins.push(planned[i].made(txs[i], j))
		}
	}
	coinbase := b.Txs[0]
	c.immature.push(born{
		coin: Coin{
			OutPoint: tx.OutPoint{Hash: coinbase.ID()},
			Value:    coinbase.Outputs[0].Value,
			Key:      c.forge.Key(uint64(height)),
		},
		height: height + consensus.CoinbaseMaturity,
	})
	return b
}

// Coin takes a coin out of the chain's own use, the oldest.
func (c *Chain) Coin() (Coin, bool) { return c.coins.pop() }

// Coinbase takes the oldest coinbase that the next block may spend.
func (c *Chain) Coinbase() (Coin, bool) {
	b, ok := c.immature.peek()
	if !ok || b.height > c.height+1 {
		return Coin{}, false
	}
	c.immature.pop()
	return b.coin, true
}

// Empty yields n blocks with a coinbase alone.
func (c *Chain) Empty(n int) iter.Seq[*tx.Block] {
	return func(yield func(*tx.Block) bool) {
		for range n {
			if !yield(c.Mint(nil, nil)) {
				return
			}
		}
	}
}

// Setup yields the blocks that it takes until the chain has at least that many
// spendable coins: a hundred empty ones at the start of a chain, then blocks that
// split coinbases into up to 2,250 coins of equal value each.
func (c *Chain) Setup(coins int) iter.Seq[*tx.Block] {
	return func(yield func(*tx.Block) bool) {
		for c.Spendable() < coins {
			planned := c.planFanOut(coins - c.Spendable())
			if !yield(c.Mint(planned, SignAll(planned))) {
				return
			}
		}
	}
}

// planFanOut splits as many coinbases as are needed and may be spent, but no
// more than fill a block.
func (c *Chain) planFanOut(coins int) (planned []Spend) {
	for len(planned) < fanOutsPerBlock && coins > 0 {
		coin, ok := c.Coinbase()
		if !ok {
			break
		}
		outputs := min(coins, fanOut)
		planned = append(planned, c.fanOut(coin, outputs))
		coins -= outputs
	}
	return planned
}

func (c *Chain) fanOut(coin Coin, outputs int) Spend {
	d := c.forge.dice("fan-out", uint64(c.height)<<32|c.payments)
	c.payments++
	s := Spend{Coins: []Coin{coin}, Pays: make([]Pay, outputs), Sequence: SequenceFinal, keep: outputs}
	weight := overheadWeight + inputWeight[coin.Kind] + int64(len(s.Pays))*outputWeight[P2TR]
	each := (coin.Value - weight/2) / int64(len(s.Pays)) // two sat/vB
	for i := range s.Pays {
		s.Pays[i] = Pay{Value: each, Key: c.forge.Key(d.roll(keyCount)), Kind: c.mix.draw(&d)}
	}
	return s
}

// Plan plans up to n payments of one coin each, oldest coins first. Coins that
// are worth too little are dropped. Sign the plans, on as many cores as there
// are, and give both to Mint.
func (c *Chain) Plan(n int) []Spend {
	planned := make([]Spend, 0, min(n, c.Spendable()))
	for len(planned) < n {
		coin, ok := c.coins.pop()
		if !ok {
			break
		}
		if coin.Value < MinCoin {
			continue
		}
		planned = append(planned, c.forge.payment(coin, c.payments, c.mix))
		c.payments++
	}
	return planned
}

// SignAll signs the plans one after the other.
func SignAll(planned []Spend) []*tx.Tx {
	txs := make([]*tx.Tx, len(planned))
	for i := range planned {
		txs[i] = planned[i].Sign()
	}
	return txs
}

// Blocks yields blocks with perBlock payments each until total payments are
// made; the last block has the rest. About 6,000 payments fill a block. Each spends the change of an
// earlier one: Setup with at least perBlock coins comes first. It stops with an
// error when the coins are worth too little to go on.
func (c *Chain) Blocks(total, perBlock int) iter.Seq2[*tx.Block, error] {
	return func(yield func(*tx.Block, error) bool) {
		for total > 0 {
			n := min(total, perBlock)
			planned := c.Plan(n)
			if len(planned) < n {
				yield(nil, fmt.Errorf("only %d of %d coins left to spend at height %d: set up more coins first", len(planned), n, c.height))
				return
			}
			if !yield(c.Mint(planned, SignAll(planned)), nil) {
				return
			}
			total -= n
		}
	}
}
