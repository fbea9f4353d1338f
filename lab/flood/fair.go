package flood

import (
	"sync"

	"github.com/troupe-node/troupe/tx"
)

// Fairness is how far the connections were when the first of those that offered equally
// much was done: until then the node had more to do than it could, of each.
type Fairness struct {
	Jain   float64 `json:"jain_index"` // 1: all the same
	Least  int64   `json:"least"`      // transactions worked off of one connection
	Most   int64   `json:"most"`
	Greedy int64   `json:"greedy"` // of the one that offered more, if any
}

// shares are what the connections offer, and what was worked off of each.
type shares struct {
	mu    sync.Mutex
	of    []int64 // offered; the greedy connection's is 0 here
	done  []int64
	found *Fairness
}

// deal deals families out to the connections. The first one gets greedy times as many as
// each of the others, if that is more than once.
func deal(families [][]*tx.Tx, connections, greedy int) (dealt [][]*tx.Tx) {
	dealt = make([][]*tx.Tx, connections)
	weight := max(greedy, 1)
	for i, family := range families {
		turn := max(0, i%(connections+weight-1)-(weight-1))
		dealt[turn] = append(dealt[turn], family...)
	}
	return dealt
}

func newShares(dealt [][]*tx.Tx, greedy bool) *shares {
	s := &shares{of: make([]int64, len(dealt)), done: make([]int64, len(dealt))}
	for i, list := range dealt {
		s.of[i] = int64(len(list))
	}
	if greedy {
		s.of[0] = 0
	}
	return s
}

// worked notes what a pong has settled.
func (s *shares) worked(connection int, n int64) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[connection] += n
	if s.found == nil && s.of[connection] > 0 && s.done[connection] >= s.of[connection] {
		s.found = s.look()
	}
}

// look computes Jain's index: the square of the sum over n times the sum of squares.
func (s *shares) look() *Fairness {
	f := &Fairness{Least: -1}
	var n, sum, squares float64
	for i, done := range s.done {
		if s.of[i] == 0 {
			f.Greedy = done
			continue
		}
		if f.Least < 0 || done < f.Least {
			f.Least = done
		}
		f.Most = max(f.Most, done)
		n, sum, squares = n+1, sum+float64(done), squares+float64(done)*float64(done)
	}
	if squares > 0 {
		f.Jain = sum * sum / (n * squares)
	}
	return f
}
