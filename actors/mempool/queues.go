package mempool

import "github.com/troupe-node/troupe/actors/msg"

// Queues of their own for what no peer sent just now.
const (
	operator  msg.PeerID = 0  // our operator's transactions
	unblocked msg.PeerID = -1 // of disconnected blocks
	adopted   msg.PeerID = -2 // orphans whose parents have come
	restored  msg.PeerID = -3 // of mempool.dat
)

// queues hold what each peer sent: first what is with verify, then what is not
// yet, both in the order in which it came. Peers take turns.
type queues struct {
	peers map[msg.PeerID]*queue
	turns []*queue // those with something to start, in order of their turns
	first int      // of turns: what is before it has had its turn
}

type queue struct {
	peer   msg.PeerID
	list   []*submission
	begun  int // of the list, from the front
	queued bool
}

func newQueues() queues { return queues{peers: map[msg.PeerID]*queue{}} }

func (q *queues) push(s *submission) {
	peer := q.peers[s.queue]
	if peer == nil {
		peer = &queue{peer: s.queue}
		q.peers[s.queue] = peer
	}
	peer.list = append(peer.list, s)
	q.enqueue(peer)
}

func (q *queues) enqueue(peer *queue) {
	if peer.queued || peer.begun >= len(peer.list) {
		return
	}
	if q.first > 64 && q.first > len(q.turns)/2 {
		q.turns = append(q.turns[:0], q.turns[q.first:]...)
		q.first = 0
	}
	peer.queued = true
	q.turns = append(q.turns, peer)
}

// next starts one transaction of the peer whose turn it is.
func (q *queues) next() *submission {
	for q.first < len(q.turns) {
		peer := q.turns[q.first]
		q.turns[q.first] = nil
		q.first++
		peer.queued = false
		if peer.begun < len(peer.list) {
			return q.begin(peer)
		}
	}
	return nil
}

// nextOf starts one transaction of a certain queue.
func (q *queues) nextOf(peer msg.PeerID) *submission {
	if p := q.peers[peer]; p != nil && p.begun < len(p.list) {
		return q.begin(p)
	}
	return nil
}

func (q *queues) begin(peer *queue) *submission {
	s := peer.list[peer.begun]
	peer.begun++
	q.enqueue(peer)
	return s
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
