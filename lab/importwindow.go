package lab

import (
	"context"
	"sync"
)

// What an import has under way at most: read, being checked, or with the chain actor,
// whose lane has room for it all.
const (
	windowBlocks = 512
	windowBytes  = 64 << 20
)

// window counts the blocks under way. One block is always let in.
type window struct {
	mu     sync.Mutex
	blocks int
	bytes  int
	freed  chan struct{} // has room for one signal: there is one reader
}

func newWindow() *window { return &window{freed: make(chan struct{}, 1)} }

// take waits until there is room.
func (w *window) take(ctx context.Context, size int) error {
	return w.until(ctx, func() bool {
		if w.blocks >= windowBlocks || w.blocks > 0 && w.bytes+size > windowBytes {
			return false
		}
		w.blocks++
		w.bytes += size
		return true
	})
}

// empty waits until nothing is under way.
func (w *window) empty(ctx context.Context) error {
	return w.until(ctx, func() bool { return w.blocks == 0 })
}

func (w *window) until(ctx context.Context, done func() bool) error {
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		w.mu.Lock()
		ok := done()
		w.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-w.freed:
		case <-ctx.Done():
		}
	}
}

func (w *window) give(size int) {
	w.mu.Lock()
	w.blocks--
	w.bytes -= size
	w.mu.Unlock()
	select {
	case w.freed <- struct{}{}:
	default:
	}
}
