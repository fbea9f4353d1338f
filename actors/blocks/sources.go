package blocks

import (
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/tx"
)

// maxSources bounds the blocks whose senders are remembered; the oldest gives
// way.
const maxSources = 4096

// sources remembers who sent the blocks that were stored and not yet connected
// (Core's mapBlockSource).
type sources struct {
	of    map[tx.Hash]msg.PeerID
	order []tx.Hash // oldest first
}

func (s *sources) add(hash tx.Hash, id msg.PeerID) {
	if s.of == nil {
		s.of = map[tx.Hash]msg.PeerID{}
	}
	if _, ok := s.of[hash]; ok {
		return // the first to send it stays
	}
	if len(s.order) == maxSources {
		delete(s.of, s.order[0])
		s.order = s.order[1:]
	}
	s.of[hash] = id
	s.order = append(s.order, hash)
}

func (s *sources) sender(hash tx.Hash) (id msg.PeerID, ok bool) {
	id, ok = s.of[hash]
	return id, ok
}
