package flood

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/lab/peer"
	"github.com/troupe-node/troupe/lab/serve"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// blockSpacing is what the forge puts between two blocks.
const blockSpacing = 10 * time.Minute

// chainOf forges a chain with that many coins, longer than what the node has, and with
// room for more blocks before its clock reaches ours.
func (f *flood) chainOf(mix forge.Mix, coins, height, more int) (*forge.Chain, *serve.Chain, error) {
	f.count.stage.Store(Forging)
	c, out := f.forge.Chain(mix), f.emptyChain()
	add := func(b *tx.Block) error { return out.Add(b.Bytes()) }
	// A coinbase makes two thousand coins and more; a hundred blocks mature the first.
	blocks := max(coins/2000+110, height+1) + more
	c.SetTime(uint32(time.Now().Add(-time.Duration(blocks) * blockSpacing).Unix()))
	for b := range c.Setup(coins) {
		if err := add(b); err != nil {
			return nil, nil, err
		}
	}
	for b := range c.Empty(max(0, height+1-int(c.Height()))) {
		if err := add(b); err != nil {
			return nil, nil, err
		}
	}
	// The tip is ten minutes old, so that the node knows that it is up to date.
	c.SetTime(uint32(time.Now().Add(-time.Duration(more+1) * blockSpacing).Unix()))
	for b := range c.Empty(1) {
		if err := add(b); err != nil {
			return nil, nil, err
		}
	}
	return c, out, nil
}

func (f *flood) emptyChain() *serve.Chain {
	return serve.NewChain(wire.Magic(f.params.Magic), f.params.GenesisHash)
}

// nodeHeight is what the node says when one calls.
func (f *flood) nodeHeight(ctx context.Context) (int, error) {
	p, err := peer.Dial(ctx, f.Target, f.hello(0, 0, false))
	if err != nil {
		return 0, err
	}
	defer p.Close()
	return max(0, int(p.Version.StartHeight)), nil
}

// patience is how long the node may stand still while it is being prepared.
const patience = time.Minute

// prepare offers the chain until the node has it.
func (f *flood) prepare(ctx context.Context, chain *serve.Chain) error {
	f.count.stage.Store(Preparing)
	ctx, cancel := context.WithCancel(ctx)
	var talk sync.WaitGroup
	defer talk.Wait()
	defer cancel()
	p, err := peer.Dial(ctx, f.Target, f.hello(1, int32(chain.Height()), false))
	if err != nil {
		return err
	}
	talked := make(chan error, 1)
	talk.Go(func() { talked <- chain.Talk(ctx, p, nil) })
	if err := chain.Announce(p); err != nil {
		return err
	}
	last, since := -1, time.Now()
	for {
		height, err := f.nodeHeight(ctx)
		if err != nil {
			return err
		}
		if height >= chain.Height() {
			return nil
		}
		if height != last {
			last, since = height, time.Now()
		}
		if time.Since(since) > patience {
			return fmt.Errorf("the node stays at height %d, it does not take the chain of %d blocks that it was offered (see its log; is it a regtest node?)", height, chain.Height())
		}
		select {
		case err := <-talked:
			if err == nil {
				err = errClosed
			}
			return fmt.Errorf("preparing the node's chain: %w", err)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// onAllCores calls f for every number below n.
func onAllCores(n int, f func(i int)) {
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	wg.Wait()
}
