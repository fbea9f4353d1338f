package flood

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/lab/peer"
	"github.com/troupe-node/troupe/lab/serve"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// defaultPerBlock is how many transactions a flood's blocks have.
const defaultPerBlock = 100

// blocks prepares the node and then offers a chain of more blocks on every connection,
// from which the node fetches as it likes. A ping goes behind each block.
func (f *flood) blocks(ctx context.Context) (*Result, error) {
	height, err := f.nodeHeight(ctx)
	if err != nil {
		return nil, err
	}
	per := f.PerBlock
	if per == 0 {
		per = defaultPerBlock
	}
	// Payments spend the change of earlier ones: a block's worth of coins is enough.
	chain, served, err := f.chainOf(forge.DefaultMix, 2*per, height, f.Count)
	if err != nil {
		return nil, err
	}
	start := served.Height()
	more, err := f.more(chain, per)
	if err != nil {
		return nil, err
	}
	if err := f.prepare(ctx, served); err != nil {
		return nil, err
	}
	return f.pushBlocks(ctx, served, more, start)
}

// more forges the blocks that are pushed.
func (f *flood) more(chain *forge.Chain, per int) ([]*tx.Block, error) {
	f.count.stage.Store(Forging)
	blocks := make([]*tx.Block, 0, f.Count)
	for b, err := range chain.Blocks(f.Count*per, per) {
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

func (f *flood) pushBlocks(ctx context.Context, served *serve.Chain, more []*tx.Block, start int) (*Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var talks sync.WaitGroup
	defer talks.Wait()
	defer cancel(nil)
	// Everything is added before anybody is called: from then on the chain is only read.
	for _, b := range more {
		if err := served.Add(b.Bytes()); err != nil {
			return nil, err
		}
	}
	sessions, err := f.openAll(ctx, int32(served.Height()))
	if err != nil {
		for _, s := range sessions {
			s.Close()
		}
		return nil, err
	}
	f.count.stage.Store(Pushing)
	if f.Started != nil {
		f.Started()
	}
	used, own, begin := f.probe.look(), ownCPU(), time.Now()
	over := make(chan struct{})
	var quiet sync.WaitGroup
	quiet.Go(func() {
		if err := f.quiet(ctx, over); err != nil {
			cancel(fmt.Errorf("the quiet connection: %w", err))
		}
	})
	for _, s := range sessions {
		talks.Go(func() { f.offer(ctx, s, served) })
	}
	if err := f.follow(ctx, served.Height(), start); err != nil {
		return nil, err
	}
	took := time.Since(begin)
	if f.Ended != nil {
		f.Ended()
	}
	close(over)
	quiet.Wait()
	reached := int64(served.Height() - start)
	r := f.result(took, used, f.probe.look(), ownCPU()-own)
	r.Accepted = &reached
	r.rate()
	return r, nil
}

// offer announces the chain on one connection and answers what is asked there, with a
// ping behind each block.
func (f *flood) offer(ctx context.Context, s *session, served *serve.Chain) {
	// A connection that the node closes is no loss: it fetches from the others, and
	// stands still, which follow sees, when there are none.
	if served.Announce(s.Peer) != nil {
		return
	}
	_ = served.Talk(ctx, s.Peer, func(m wire.Message, put func([]byte)) error {
		switch m := m.(type) {
		case *wire.Pong:
			s.pong(m.Nonce)
		case *wire.GetData:
			f.count.sent.Add(int64(len(m.List)))
			put(wire.Append(nil, wire.Magic(f.params.Magic), s.mark(int64(len(m.List)))))
		}
		return nil
	})
}

// follow waits until the node has the chain, as a caller hears from it.
func (f *flood) follow(ctx context.Context, want, start int) error {
	last, since := -1, time.Now()
	for {
		p, err := peer.Dial(ctx, f.Target, f.hello(3, 0, false))
		if err != nil {
			return err
		}
		height := int(p.Version.StartHeight)
		p.Close()
		f.count.done.Store(int64(max(0, height-start)))
		if height >= want {
			return nil
		}
		if height != last {
			last, since = height, time.Now()
		}
		if time.Since(since) > patience {
			return fmt.Errorf("the node stays at height %d of %d (see its log)", height, want)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
