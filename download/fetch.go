package download

import (
	"errors"
	"slices"
	"time"

	"github.com/troupe-node/troupe/tx"
)

// What the operator can ask of a peer in vain, in Core's words.
var (
	ErrNoPeer       = errors.New("Peer does not exist")
	ErrNotConnected = errors.New("Peer not fully connected")
	ErrNoWitness    = errors.New("Pre-SegWit peer")
	ErrAsked        = errors.New("Already requested from this peer")
)

// Fetch asks one peer for a block because our operator wants it of that peer, whether
// or not it is needed (Core's FetchBlock). Whoever was asked for it before need not
// send it any more.
func (m *Blocks) Fetch(now time.Time, id PeerID, hash tx.Hash) error {
	p, w := m.peers[id], m.wants[hash]
	switch {
	case p == nil:
		return ErrNotConnected
	case !p.Witness:
		return ErrNoWitness
	case w == nil:
		if slices.Contains(p.late, hash) {
			return ErrAsked
		}
		p.mayCome(hash)
		m.add(AskBlocks{p.id, []tx.Hash{hash}})
		return nil
	case w.state >= staged:
		return nil // it is here
	case w.leasedTo(p):
		return ErrAsked
	}
	for len(w.leases) > 0 {
		q := w.leases[0].peer
		m.drop(q, w)
		q.mayCome(hash)
	}
	m.lend(now, p, w, "asked by our operator")
	m.flush()
	return nil
}
