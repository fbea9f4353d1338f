package download

import (
	"fmt"
	"time"

	"github.com/troupe-node/troupe/tx"
)

// Fate says what to do with a block that arrived.
type Fate uint8

const (
	// Keep it until a Deliver or Discard for it comes out of Ready.
	Keep Fate = iota
	// PassRequested: give it to the chain as one that we asked for, although it
	// is not wanted any more. The chain keeps it as a side branch.
	PassRequested
	// PassUnrequested: give it to the chain as one that nobody asked for, and say
	// with Settled what it said.
	PassUnrequested
	// DropDuplicate: we have it already, or the chain does.
	DropDuplicate
)

func (f Fate) String() string {
	return [...]string{"keep", "pass as requested", "pass as unrequested", "drop as duplicate"}[f]
}

// Arrived takes the news that a block of size bytes has come from a peer, asked
// for or not.
func (m *Blocks) Arrived(now time.Time, id PeerID, hash tx.Hash, size int) Fate {
	w, p := m.wants[hash], m.peers[id]
	asked := false
	if p != nil {
		asked = m.received(now, p, w, hash, size)
	}
	fate := m.accept(now, id, w, asked, size)
	m.deliver(now)
	m.assign(now)
	return fate
}

// received notes a delivery in the peer's favour and says whether we had asked.
func (m *Blocks) received(now time.Time, p *blocksPeer, w *want, hash tx.Hash, size int) (asked bool) {
	onTime := w != nil && w.leasedTo(p)
	asked = onTime || p.came(hash)
	if onTime || asked && len(p.inflight) > 0 {
		p.sample(now, size)
	}
	if asked {
		p.progress, p.failures = now, 0
	}
	if onTime {
		m.drop(p, w)
		p.window = min(p.window+1, max(m.cfg.MaxInFlight, m.cfg.MaxInFlightAlone))
	}
	return asked
}

func (m *Blocks) accept(now time.Time, id PeerID, w *want, asked bool, size int) Fate {
	switch {
	case w == nil && asked:
		return PassRequested
	case w == nil, w.state < staged && !asked && m.stagedBytes+size > m.cfg.StagingBytes:
		return PassUnrequested
	case w.state >= staged:
		return DropDuplicate
	case !asked && len(w.leases) == 0 && m.mayHand(size):
		// Its turn had not come, and the chain has rules for such (as Core's).
		m.here(now, id, w, size)
		m.hand(now, w)
		return PassUnrequested
	}
	for len(w.leases) > 0 { // others were asked too and may still send it
		p := w.leases[0].peer
		m.drop(p, w)
		p.mayCome(w.hash)
	}
	m.here(now, id, w, size)
	return Keep
}

// here notes that a block has arrived.
func (m *Blocks) here(now time.Time, id PeerID, w *want, size int) {
	w.from, w.size = id, size
	w.become(now, staged)
	w.note(now, "arrived", id)
	m.stagedBytes += size
	m.typical = max(size, m.typical-m.typical/16) // rises at once, falls slowly
}

// mayHand says whether the chain may have one more block at once.
func (m *Blocks) mayHand(size int) bool {
	return m.delivered == 0 || m.delivered < m.cfg.DeliverBlocks && m.deliveredBytes+size <= m.cfg.DeliverBytes
}

// hand notes that the chain gets a block.
func (m *Blocks) hand(now time.Time, w *want) {
	w.become(now, delivered)
	m.delivered++
	m.deliveredBytes += w.size
}

// Outcome is what the chain said about a delivered block.
type Outcome uint8

const (
	// Stored: connected, or kept for later.
	Stored Outcome = iota
	// Refused: it can never become part of the chain.
	Refused
	// Retry: these bytes were not the block (mutated). It is still wanted, from
	// another peer.
	Retry
	// Again: our side failed, which says nothing about block or peer. The block is
	// asked for again a moment later, of anybody.
	Again
	// Declined: the chain does not take it without having asked. It is wanted
	// when its turn comes, from the same peer, too.
	Declined
)

// againAfter is that moment: a failure that lasts must not become a busy loop.
const againAfter = time.Second

// Settled takes the chain's verdict about a delivered block.
func (m *Blocks) Settled(now time.Time, hash tx.Hash, o Outcome) {
	w := m.wants[hash]
	if w == nil || w.state != delivered {
		return
	}
	m.delivered--
	m.deliveredBytes -= w.size
	m.stagedBytes -= w.size
	switch {
	case w.tracks == 0:
		delete(m.wants, hash)
	case o == Retry:
		w.become(now, needed)
		w.deny(now, w.from)
		w.note(now, "not the block: asking again", w.from)
		m.rewind(w)
	case o == Again:
		w.become(now, needed)
		w.notBefore = now.Add(againAfter)
		w.note(now, "we failed: asking again", Nobody)
		m.rewind(w)
	case o == Declined:
		w.become(now, needed)
		w.note(now, "came before its turn: to be asked for", w.from)
		m.rewind(w)
	default:
		w.become(now, settled)
	}
	if o == Stored && m.stall.connected(m.cfg.Stall) {
		m.add(Note{Nobody, fmt.Sprintf("Decreased stalling timeout to %d seconds", int(m.stall.patience.Seconds()))})
	}
	m.retarget()
	m.deliver(now)
	m.assign(now)
}

// Adopt takes over a lease that a peer's connection reports after this machine
// was started anew: it was asked for the block and has not answered.
func (m *Blocks) Adopt(now time.Time, id PeerID, hash tx.Hash) {
	p := m.peers[id]
	if p == nil {
		return
	}
	w := m.wants[hash]
	if w == nil || w.state >= staged || len(w.leases) >= maxLeases || w.leasedTo(p) {
		p.mayCome(hash)
		return
	}
	asking := p.asking
	m.lend(now, p, w, "asked before our restart")
	p.asking = asking
	p.window = max(p.window, min(len(p.inflight), m.cfg.MaxInFlight))
}
