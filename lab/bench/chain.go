package bench

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/troupe-node/troupe/chainstore/blkfile"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
)

// Shape is what a chain to be downloaded is made of: coinbases that mature, fan-outs,
// empty blocks up to the number wanted, and then the payments, of which every other
// one has two inputs. Each input spends a coin of the fan-outs.
type Shape struct {
	Seed     string
	Txs      int // payments
	PerBlock int
	Blocks   int // in all, at least; 0: as many as it takes
}

// DefaultShape is 60,000 transactions with 90,000 signed inputs in 200 blocks.
var DefaultShape = Shape{Seed: "bench", Txs: 60_000, PerBlock: 2000, Blocks: 200}

// Made is what was forged.
type Made struct {
	Blocks int
	Txs    int // coinbases not counted
	Inputs int // signed ones
	Bytes  int64
	Tip    tx.Hash
}

// blockTime is what the forge puts between two blocks.
const blockTime = 10 * time.Minute

// ForgeChain writes the blocks of a chain of that shape, without genesis, whose last
// block is a few minutes old: a node that has it all is done with its initial download.
func ForgeChain(path string, p *consensus.Params, shape Shape, now time.Time) (made Made, err error) {
	f, err := forge.New(shape.Seed, p)
	if err != nil {
		return made, err
	}
	file, err := os.Create(path)
	if err != nil {
		return made, err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	m := maker{chain: f.Chain(forge.DefaultMix), shape: shape, emit: func(b *tx.Block) error {
		made.Blocks++
		made.Tip = b.Hash()
		for _, t := range b.Txs[1:] {
			made.Txs++
			made.Inputs += len(t.Inputs)
		}
		raw := blkfile.Append(nil, p.Magic, b.Bytes())
		made.Bytes += int64(len(raw))
		_, err := out.Write(raw)
		return err
	}}
	err = errors.Join(m.make(now), out.Flush(), file.Close())
	return made, err
}

type maker struct {
	chain *forge.Chain
	shape Shape
	emit  func(*tx.Block) error
}

func (m *maker) make(now time.Time) error {
	coins := m.shape.Txs + m.shape.Txs/2
	payments := (m.shape.Txs + m.shape.PerBlock - 1) / m.shape.PerBlock
	// A coinbase makes at most 2,250 coins: that many blocks and a hundred are enough.
	blocks := max(m.shape.Blocks, coins/2250+1+consensus.CoinbaseMaturity+payments) + 1
	m.chain.SetTime(uint32(now.Add(-time.Duration(blocks) * blockTime).Unix()))
	for b := range m.chain.Setup(coins) {
		if err := m.emit(b); err != nil {
			return err
		}
	}
	for b := range m.chain.Empty(max(0, m.shape.Blocks-payments-int(m.chain.Height()))) {
		if err := m.emit(b); err != nil {
			return err
		}
	}
	// What follows ends ten minutes ago, however many blocks came before.
	m.chain.SetTime(uint32(now.Add(-time.Duration(payments) * blockTime).Unix()))
	for left := m.shape.Txs; left > 0; {
		n := min(left, m.shape.PerBlock)
		planned := m.plan(n)
		if len(planned) < n {
			return fmt.Errorf("the chain has coins for %d of %d payments only", len(planned), n)
		}
		if err := m.emit(m.chain.Mint(planned, signAll(planned))); err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// inputFee pays for a second input of whatever kind, in satoshis.
const inputFee = 1000

// plan gives every other payment a second coin.
func (m *maker) plan(n int) []forge.Spend {
	planned := m.chain.Plan(n)
	for i := 1; i < len(planned); i += 2 {
		if coin, ok := m.chain.Coin(); ok {
			planned[i].Coins = append(planned[i].Coins, coin)
			planned[i].Pays[0].Value += coin.Value - inputFee
		}
	}
	return planned
}

// signAll signs on all cores.
func signAll(planned []forge.Spend) []*tx.Tx {
	txs := make([]*tx.Tx, len(planned))
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(planned); i += workers {
				txs[i] = planned[i].Sign()
			}
		})
	}
	wg.Wait()
	return txs
}
