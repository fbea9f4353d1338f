package flood

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// batchTxs is how many transactions go between two pings, in one write.
const batchTxs = 16

// txs pushes transactions that spend P2WPKH coins, of the wanted shape.
func (f *flood) txs(ctx context.Context) (*Result, error) {
	height, err := f.nodeHeight(ctx)
	if err != nil {
		return nil, err
	}
	chain, served, err := f.chainOf(forge.Mix{forge.P2WPKH: 1}, f.coins(f.Count+f.minedTxs()), height, 2*f.Mined)
	if err != nil {
		return nil, err
	}
	families, err := f.families(chain, f.Count+f.minedTxs())
	if err != nil {
		return nil, err
	}
	if f.Forged != nil {
		f.Forged(slices.Concat(families...))
	}
	if err := f.prepare(ctx, served); err != nil {
		return nil, err
	}
	var m *miner
	if f.Mined > 0 {
		first := slices.Concat(families[:f.minedTxs()]...)
		families = families[len(first):]
		if m, err = f.openMiner(ctx, chain, served, first); err != nil {
			return nil, err
		}
		defer m.close()
	}
	before := 0
	if f.PoolSize != nil {
		if before, err = f.PoolSize(ctx); err != nil {
			return nil, fmt.Errorf("asking for the size of the pool: %w", err)
		}
	}
	sessions, err := f.openAll(ctx, int32(served.Height()))
	defer func() {
		for _, s := range sessions {
			s.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	if m != nil {
		return f.pushWithBlocks(ctx, m, sessions, families, before)
	}
	return f.pushTxs(ctx, sessions, families, before)
}

func (f *flood) openAll(ctx context.Context, height int32) ([]*session, error) {
	var all []*session
	for i := range f.Connections {
		s, err := f.open(ctx, 16+i, height)
		if err != nil {
			return all, fmt.Errorf("connection %d of %d: %w", i+1, f.Connections, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// pushTxs deals the transactions out to the connections and waits for the last pong.
func (f *flood) pushTxs(ctx context.Context, sessions []*session, families [][]*tx.Tx, pool int) (*Result, error) {
	quietCtx, cut := context.WithCancel(ctx)
	over := make(chan struct{})
	var quiet sync.WaitGroup
	var pingErr error
	quiet.Go(func() { pingErr = f.quiet(quietCtx, over) })
	defer quiet.Wait()
	defer cut()

	f.count.stage.Store(Pushing)
	if f.Started != nil {
		f.Started()
	}
	used, own, begin := f.probe.look(), ownCPU(), time.Now()
	var lost atomic.Int64
	var wg sync.WaitGroup
	dealt := deal(families, len(sessions), f.Greedy)
	f.shares = newShares(dealt, f.Greedy > 1)
	for i, s := range sessions {
		s.number = i
		wg.Go(func() {
			if err := f.pushOver(ctx, s, dealt[i]); err != nil {
				lost.Add(1)
			}
		})
	}
	wg.Wait()
	f.beside.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	accepted, err := f.settlePool(ctx, pool, f.Count)
	took := time.Since(begin)
	if err != nil {
		return nil, err
	}
	if f.Ended != nil {
		f.Ended()
	}
	close(over)
	quiet.Wait()
	r := f.result(took, used, f.probe.look(), ownCPU()-own)
	r.Lost, r.Accepted, r.Fairness = int(lost.Load()), accepted, f.shares.found
	r.rate()
	if r.Lost == len(sessions) {
		return r, errClosed
	}
	return r, pingErr
}

// pushOver sends a connection's share and waits until it is worked off.
func (f *flood) pushOver(ctx context.Context, s *session, txs []*tx.Tx) error {
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	read := make(chan error, 1)
	go func() { read <- s.listen() }()
	err := f.send(ctx, s, txs)
	s.seal()
	if err != nil {
		s.Close()
		return errors.Join(err, <-read)
	}
	select {
	case <-s.settled:
	case err := <-read:
		return err
	}
	s.Close()
	<-read
	return nil
}

// listen reads what the node says: pongs, and announcements, which are for nobody.
func (s *session) listen() error {
	for {
		m, err := s.Next()
		if err != nil {
			return errors.Join(errClosed, err)
		}
		if pong, ok := m.(*wire.Pong); ok {
			s.pong(pong.Nonce)
		}
	}
}

// send sends unasked, at the wanted rate.
func (f *flood) send(ctx context.Context, s *session, txs []*tx.Tx) error {
	magic := wire.Magic(f.params.Magic)
	size := batchTxs
	var pause time.Duration
	if f.Rate > 0 { // the connections share the rate; at least one at a time
		each := float64(f.Rate) / float64(f.Connections)
		size = max(1, min(batchTxs, int(each/20)))
		pause = time.Duration(float64(size) / each * float64(time.Second))
	}
	begin := time.Now()
	var out []byte
	for n := 0; len(txs) > 0; n++ {
		if pause > 0 {
			select {
			case <-time.After(time.Until(begin.Add(time.Duration(n) * pause))):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		now := txs[:min(size, len(txs))]
		txs = txs[len(now):]
		out = out[:0]
		for _, t := range now {
			out = wire.Append(out, magic, &wire.Tx{Tx: t})
		}
		out = wire.Append(out, magic, s.mark(int64(len(now))))
		if err := s.Write(out); err != nil {
			return err
		}
		f.count.sent.Add(int64(len(now)))
	}
	return nil
}

// poolPatience is how long the pool may take after the last pong, for nodes that
// answer pings before their work is done.
const poolPatience = time.Minute

// settlePool waits until the pool has everything, or stops growing.
func (f *flood) settlePool(ctx context.Context, before, want int) (*int64, error) {
	if f.PoolSize == nil {
		return nil, nil
	}
	f.count.stage.Store(Settling)
	last, since := -1, time.Now()
	for {
		size, err := f.PoolSize(ctx)
		if err != nil {
			return nil, fmt.Errorf("asking for the size of the pool: %w", err)
		}
		if size != last {
			last, since = size, time.Now()
		}
		still := time.Since(since)
		if size-before == want || still > poolPatience || still > time.Second && f.count.done.Load() >= int64(want) && size > before {
			n := int64(size - before)
			return &n, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
