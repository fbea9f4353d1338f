package mend

import (
	"errors"
	"fmt"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// coins is a set of coins that blocks are put on and taken from, in a store of
// its own.
type coins struct {
	store chainstore.Store
	cache *chainstore.Cache
	tip   tx.Hash
}

func newCoins(store chainstore.Store, cacheBytes int) *coins {
	return &coins{store: store, cache: chainstore.NewCache(store, cacheBytes)}
}

func (c *coins) close() { c.cache.Close() }

// put sets a coin as it is.
func (c *coins) put(op tx.OutPoint, coin *consensus.Coin) error {
	c.cache.Restore(op, coin)
	return c.flushIfFull()
}

// connect spends and makes what a block does. undo, unless nil, must be what it
// spends.
func (c *coins) connect(b *tx.Block, height int32, undo *chainstore.Undo) error {
	for i, t := range b.Txs {
		if i > 0 {
			for j := range t.Inputs {
				coin, ok, err := c.cache.Spend(t.Inputs[j].PrevOut)
				if err != nil {
					return err
				}
				if !ok {
					return fmt.Errorf("%w: transaction %s spends %s, which is not there", errContradicts, t.ID(), t.Inputs[j].PrevOut)
				}
				if undo != nil && !sameCoin(&coin, &undo.Txs[i-1][j]) {
					return fmt.Errorf("%w: transaction %s spends another coin than its undo data say", errContradicts, t.ID())
				}
			}
		}
		for j := range t.Outputs {
			if out := &t.Outputs[j]; !script.IsUnspendable(out.PkScript) {
				// Two old coinbases repeat another, so no coinbase may be refused for being there.
				op := tx.OutPoint{Hash: t.ID(), Index: uint32(j)}
				if i == 0 {
					c.cache.Restore(op, &consensus.Coin{Output: *out, Height: height, Coinbase: true})
				} else if err := c.cache.Add(op, out, height, false); err != nil {
					return err
				}
			}
		}
	}
	c.tip = b.Hash()
	return c.flushIfFull()
}

// errContradicts says that block, undo data and coins do not belong together.
var errContradicts = errors.New("the coins contradict the block")

// disconnect takes a block back with its undo data, last transaction first.
func (c *coins) disconnect(b *tx.Block, height int32, undo *chainstore.Undo) error {
	for i := len(b.Txs) - 1; i >= 0; i-- {
		t := b.Txs[i]
		for j := range t.Outputs {
			out := &t.Outputs[j]
			if script.IsUnspendable(out.PkScript) {
				continue
			}
			op := tx.OutPoint{Hash: t.ID(), Index: uint32(j)}
			coin, ok, err := c.cache.Spend(op)
			if err != nil {
				return err
			}
			if !ok {
				return fmt.Errorf("%w: coin %s is missing", errContradicts, op)
			}
			if !sameCoin(&coin, &consensus.Coin{Output: *out, Height: height, Coinbase: i == 0}) {
				return fmt.Errorf("%w: coin %s is not what the block made", errContradicts, op)
			}
		}
		if i == 0 {
			break
		}
		for j := range t.Inputs {
			c.cache.Restore(t.Inputs[j].PrevOut, &undo.Txs[i-1][j])
		}
	}
	c.tip = b.Header.Prev
	return c.flushIfFull()
}

func sameCoin(a, b *consensus.Coin) bool {
	return a.Height == b.Height && a.Coinbase == b.Coinbase && a.Output.Value == b.Output.Value &&
		string(a.Output.PkScript) == string(b.Output.PkScript)
}

func (c *coins) flushIfFull() error {
	if !c.cache.ShouldFlush() {
		return nil
	}
	return c.flush()
}

func (c *coins) flush() error {
	if err := c.store.Commit(&chainstore.Commit{Tip: c.tip, Layer: c.cache.Freeze()}); err != nil {
		return err
	}
	c.cache.Flushed()
	return nil
}
