package mempool

import "github.com/troupe-node/troupe/actors/msg"

// queues hold what each peer sent: first what is with verify, then what is not
// yet, both in the order in which it came. Peers take turns.
type queues struct {
	peers map[msg.PeerID]*queue
	turns []*queue // those with something to start, in order of their turns
}

type queue struct {
	peer   msg.PeerID
	list   []*submission
	begun  int // of the list, from the front
	queued bool
}

func newQueues() queues { return queues{peers: map[msg.PeerID]*queue{}} }

func (q *queues) push(s *submission) {
	peer := q.peers[s.peer]
	if peer == nil {
		peer = &queue{peer: s.peer}
		q.peers[s.peer] = peer
	}
	peer.list = append(peer.list, s)
	q.enqueue(peer)
}

func (q *queues) enqueue(peer *queue) {
	if !peer.queued && peer.begun < len(peer.list) {
		peer.queued = true
		q.turns = append(q.turns, peer)
	}
}

// next starts one transaction of the peer whose turn it is; with moving only
// those of disconnected blocks.
func (q *queues) next(moving bool) *submission {
	for i, peer := range q.turns {
		if moving && peer.peer != unblocked {
			continue
		}
		q.turns = append(q.turns[:i:i], q.turns[i+1:]...)
		peer.queued = false
		s := peer.list[peer.begun]
		peer.begun++
		q.enqueue(peer)
		return s
	}
	return nil
}

// head is the oldest transaction of a peer that was started, or nil.
func (q *queues) head(peer msg.PeerID) *submission {
	if p := q.peers[peer]; p != nil && p.begun > 0 {
		return p.list[0]
	}
	return nil
}

func (q *queues) pop(peer msg.PeerID) {
	p := q.peers[peer]
	p.list[0] = nil
	p.list = p.list[1:]
	p.begun--
	if len(p.list) == 0 {
		delete(q.peers, peer)
	}
}

// empty tells whether a peer has nothing on its way.
func (q *queues) empty(peer msg.PeerID) bool { return q.peers[peer] == nil }

// busy tells whether anybody has something on its way.
func (q *queues) busy() bool { return len(q.peers) > 0 }
