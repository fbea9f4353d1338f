package flood

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/troupe-node/troupe/lab/peer"
	"github.com/troupe-node/troupe/wire"
)

// batch is what a pong settles.
type batch struct {
	nonce uint64
	at    time.Time
	n     int64
}

// session is a connection whose pings tell when what came before was worked off.
type session struct {
	*peer.Peer
	flood  *flood
	nonce  uint64
	number int // among those of the flood

	mu      sync.Mutex
	pending []batch // in the order sent
	settled chan struct{}
	sealed  bool // nothing more is sent
	done    bool // settled is closed
}

func (f *flood) open(ctx context.Context, i int, height int32) (*session, error) {
	p, err := peer.Dial(ctx, f.Target, f.hello(i, height, true))
	if err != nil {
		return nil, err
	}
	return &session{Peer: p, flood: f, nonce: rand.Uint64(), settled: make(chan struct{})}, nil
}

// mark notes a batch that is about to be sent and returns the ping that goes behind it.
func (s *session) mark(n int64) *wire.Ping {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nonce++
	s.pending = append(s.pending, batch{nonce: s.nonce, at: time.Now(), n: n})
	return &wire.Ping{Nonce: s.nonce}
}

// pong settles every batch up to its own.
func (s *session) pong(nonce uint64) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, b := range s.pending {
		if b.nonce != nonce {
			continue
		}
		for _, b := range s.pending[:i+1] {
			if b.n > 0 {
				s.flood.accept.add(now.Sub(b.at), b.n)
				s.flood.settled(b.n)
				s.flood.shares.worked(s.number, b.n)
			}
		}
		s.pending = s.pending[i+1:]
		break
	}
	s.check()
}

// settled counts what pongs have settled; blocks are counted by the node's height.
func (f *flood) settled(n int64) {
	if f.Kind == Txs {
		f.count.done.Add(n)
	}
}

// seal says that nothing more will be sent.
func (s *session) seal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sealed = true
	s.check()
}

func (s *session) check() {
	if s.sealed && len(s.pending) == 0 && !s.done {
		s.done = true
		close(s.settled)
	}
}

// quietEvery is how often the quiet connection sends a ping.
const quietEvery = 20 * time.Millisecond

// quiet sends pings, one at a time, and notes how long each takes, until the flood is
// over; the one that is on its way is awaited, so that the shortest flood has one. The end
// of ctx ends it at once.
func (f *flood) quiet(ctx context.Context, over <-chan struct{}) error {
	p, err := peer.Dial(ctx, f.Target, f.hello(2, 0, false))
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { p.Close() })
	defer stop()
	defer p.Close()
	tick := time.NewTicker(quietEvery)
	defer tick.Stop()
	for nonce := uint64(1); ; nonce++ {
		sent := time.Now()
		if err := p.Send(&wire.Ping{Nonce: nonce}); err != nil {
			return f.ended(ctx, err)
		}
		for heard := false; !heard; {
			m, err := p.Next()
			if err != nil {
				return f.ended(ctx, err)
			}
			pong, ok := m.(*wire.Pong)
			heard = ok && pong.Nonce == nonce
		}
		f.pings.add(time.Since(sent), 1)
		select {
		case <-over:
			return nil
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// ended tells the end that we brought about from a failure.
func (f *flood) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
