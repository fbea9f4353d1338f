package flood

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/lab/peer"
	"github.com/troupe-node/troupe/lab/serve"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// Mined is how long blocks took that arrived while transactions poured in: from the
// sending of the block to its announcement on another connection.
type Mined struct {
	PerBlock int     `json:"transactions_each"`
	Quiet    Latency `json:"quiet"`
	Loaded   Latency `json:"in_flood"`
	During   int     `json:"during_flood"` // announced before the last transaction was worked off
}

const (
	// defaultMined is how many transactions such a block has.
	defaultMined = 1500
	// minedEvery is how long after an announcement the next block is sent.
	minedEvery = 60 * time.Millisecond
)

func (f *flood) perMined() int {
	if f.PerBlock > 0 {
		return f.PerBlock
	}
	return defaultMined
}

// minedTxs is how many transactions are in the pool for blocks to come.
func (f *flood) minedTxs() int { return 2 * f.Mined * f.perMined() }

// miner is a peer that finds blocks, and one that hears of them.
type miner struct {
	flood  *flood
	blocks []*tx.Block // not yet sent
	seller *peer.Peer
	ear    *peer.Peer
	asked  chan tx.Hash
	heard  chan tx.Hash
	talks  sync.WaitGroup
}

// openMiner fills the pool with transactions and makes the blocks that confirm them.
func (f *flood) openMiner(ctx context.Context, chain *forge.Chain, served *serve.Chain, txs []*tx.Tx) (*miner, error) {
	m := &miner{flood: f, asked: make(chan tx.Hash, 64), heard: make(chan tx.Hash, 64)}
	for part := range slices.Chunk(txs, f.perMined()) {
		m.blocks = append(m.blocks, chain.Mint(nil, part))
	}
	if err := f.fill(ctx, int32(served.Height()), txs); err != nil {
		return nil, fmt.Errorf("filling the pool: %w", err)
	}
	var err error
	if m.seller, err = peer.Dial(ctx, f.Target, f.hello(4, int32(served.Height()), false)); err != nil {
		return nil, err
	}
	if m.ear, err = peer.Dial(ctx, f.Target, f.hello(5, int32(served.Height()), false)); err != nil {
		m.seller.Close()
		return nil, err
	}
	m.talks.Go(m.listenSeller)
	m.talks.Go(m.listenEar)
	// Both know the node's chain: it announces to them by headers that connect.
	for _, p := range []*peer.Peer{m.seller, m.ear} {
		if err := errors.Join(p.Send(&wire.SendHeaders{}), served.Announce(p)); err != nil {
			m.close()
			return nil, err
		}
	}
	return m, nil
}

func (m *miner) close() {
	m.seller.Close()
	m.ear.Close()
	m.talks.Wait()
}

// listenSeller hears which blocks the node asks for.
func (m *miner) listenSeller() {
	defer close(m.asked)
	for {
		message, err := m.seller.Next()
		if err != nil {
			return
		}
		if ask, ok := message.(*wire.GetData); ok {
			for _, v := range ask.List {
				m.asked <- v.Hash
			}
		}
	}
}

// listenEar hears which blocks the node announces, in whichever way.
func (m *miner) listenEar() {
	defer close(m.heard)
	for {
		message, err := m.ear.Next()
		if err != nil {
			return
		}
		switch message := message.(type) {
		case *wire.Headers:
			for i := range message.Headers {
				m.heard <- message.Headers[i].Hash()
			}
		case *wire.Inv:
			for _, v := range message.List {
				if v.Type.IsBlock() {
					m.heard <- v.Hash
				}
			}
		}
	}
}

// sell announces the next block, sends it when it is asked for, and waits until it is
// announced to others.
func (m *miner) sell(ctx context.Context) (time.Duration, error) {
	b := m.blocks[0]
	m.blocks = m.blocks[1:]
	frame := wire.Append(nil, wire.Magic(m.flood.params.Magic), &wire.Raw{Name: wire.CmdBlock, Payload: b.Bytes()})
	if err := m.seller.Send(&wire.Headers{Headers: []tx.Header{b.Header}}); err != nil {
		return 0, err
	}
	if err := await(ctx, m.asked, b.Hash(), "asked for"); err != nil {
		return 0, err
	}
	sent := time.Now()
	if err := m.seller.Write(frame); err != nil {
		return 0, err
	}
	if err := await(ctx, m.heard, b.Hash(), "announced"); err != nil {
		return 0, err
	}
	return time.Since(sent), nil
}

func await(ctx context.Context, from <-chan tx.Hash, want tx.Hash, what string) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case hash, ok := <-from:
			if !ok {
				return errClosed
			}
			if hash == want {
				return nil
			}
		case <-late.C:
			return fmt.Errorf("block %s was not %s within %v", want, what, patience)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// sellAll sells n blocks, one after the other.
func (m *miner) sellAll(ctx context.Context, n int, each func(time.Duration)) error {
	for range n {
		took, err := m.sell(ctx)
		if err != nil {
			return fmt.Errorf("a block of transactions that the pool has: %w", err)
		}
		each(took)
		select {
		case <-time.After(minedEvery):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// fill has the node take transactions before the flood begins. One that has only just
// caught up may not listen to the first of them.
func (f *flood) fill(ctx context.Context, height int32, txs []*tx.Tx) error {
	const attempts = 10
	rate := f.Rate
	defer func() {
		f.Rate, f.accept = rate, newLatencies()
		f.count.sent.Store(0)
		f.count.done.Store(0)
	}()
	f.Rate = 0
	for range attempts {
		s, err := f.open(ctx, 6, height)
		if err != nil {
			return err
		}
		if err := f.pushOver(ctx, s, txs); err != nil || f.PoolSize == nil {
			return err
		}
		if size, err := f.PoolSize(ctx); err != nil || size >= len(txs) {
			return err
		}
	}
	return fmt.Errorf("the node did not take all of %d transactions", len(txs))
}

// pushWithBlocks sells half of the blocks while all is quiet and the others in the flood.
func (f *flood) pushWithBlocks(ctx context.Context, m *miner, sessions []*session, families [][]*tx.Tx, pool int) (*Result, error) {
	quiet, loaded := newLatencies(), newLatencies()
	if err := m.sellAll(ctx, f.Mined, func(d time.Duration) { quiet.add(d, 1) }); err != nil {
		return nil, err
	}
	f.mined = &Mined{PerBlock: f.perMined(), Quiet: quiet.percentiles()}
	var failed error
	f.beside.Go(func() {
		failed = m.sellAll(ctx, f.Mined, func(d time.Duration) {
			loaded.add(d, 1)
			if f.count.done.Load() < int64(f.Count) {
				f.mined.During++
			}
		})
	})
	r, err := f.pushTxs(ctx, sessions, families, pool-f.minedTxs())
	f.beside.Wait()
	f.mined.Loaded = loaded.percentiles()
	return r, errors.Join(err, failed)
}
