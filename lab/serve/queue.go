package serve

import (
	"sync"

	"github.com/troupe-node/troupe/lab/peer"
)

// queue writes frames behind the back of whoever reads requests, so that a node
// that asks while it is being sent blocks is not made to wait. What waits are
// references to frames that stay in memory anyway; requests bound their number.
type queue struct {
	mu     sync.Mutex
	more   *sync.Cond
	frames [][]byte
	closed bool
	done   chan struct{}
}

func newQueue(p *peer.Peer) *queue {
	q := &queue{done: make(chan struct{})}
	q.more = sync.NewCond(&q.mu)
	go q.write(p)
	return q
}

func (q *queue) put(frame []byte) {
	q.mu.Lock()
	q.frames = append(q.frames, frame)
	q.mu.Unlock()
	q.more.Signal()
}

func (q *queue) write(p *peer.Peer) {
	defer close(q.done)
	for {
		q.mu.Lock()
		for len(q.frames) == 0 && !q.closed {
			q.more.Wait()
		}
		if q.closed {
			q.mu.Unlock()
			return
		}
		frames := q.frames
		q.frames = nil
		q.mu.Unlock()
		if p.Write(frames...) != nil {
			p.Close() // the reader ends, and stops us
			return
		}
	}
}

// stop ends the writing; the peer is closed before or by it.
func (q *queue) stop() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.more.Signal()
	<-q.done
}
