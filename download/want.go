package download

import (
	"slices"
	"time"

	"github.com/troupe-node/troupe/tx"
)

// wantState is how far a wanted block has come.
type wantState uint8

const (
	needed    wantState = iota // nobody is asked
	leased                     // somebody is
	staged                     // it is here
	delivered                  // the chain has it
	settled                    // the chain has decided; forgotten when the tip passes it
)

func (s wantState) String() string {
	return [...]string{"needed", "leased", "staged", "delivered", "settled"}[s]
}

const (
	maxLeases  = 2 // of one block
	maxHistory = 8 // events remembered per block
	maxDenied  = 8 // peers remembered not to have it
	deniedFor  = 2 * time.Minute
)

// want is a block that we want.
type want struct {
	node   Node
	hash   tx.Hash
	height int32
	state  wantState
	tracks int // how many tracks lead over it

	leases    []lease
	announcer PeerID // who told us of it first, or Nobody
	from      PeerID // who delivered it
	size      int    // bytes, when it is here
	since     time.Time
	notBefore time.Time // not to be asked for earlier
	denied    []denial
	history   []Event
}

// lease is a request to a peer. It ends by the block, by notfound, by the peer's
// end, or when it is taken back.
type lease struct {
	peer *blocksPeer
	at   time.Time
}

type denial struct {
	peer PeerID
	at   time.Time
}

// Event is one step in a wanted block's life.
type Event struct {
	At   time.Time
	What string
	Peer PeerID // or Nobody
}

// Nobody stands where no peer is concerned.
const Nobody PeerID = -1

func (w *want) note(now time.Time, what string, peer PeerID) {
	if len(w.history) == maxHistory {
		w.history = slices.Delete(w.history, 0, 1)
	}
	w.history = append(w.history, Event{now, what, peer})
}

func (w *want) become(now time.Time, s wantState) { w.state, w.since = s, now }

// deny remembers that a peer could not deliver it. The oldest such memory gives
// way.
func (w *want) deny(now time.Time, id PeerID) {
	if len(w.denied) == maxDenied {
		w.denied = slices.Delete(w.denied, 0, 1)
	}
	w.denied = append(w.denied, denial{id, now})
}

func (w *want) deniedBy(now time.Time, id PeerID) bool {
	return slices.ContainsFunc(w.denied, func(d denial) bool { return d.peer == id && now.Sub(d.at) < deniedFor })
}

func (w *want) leasedTo(p *blocksPeer) bool {
	return slices.ContainsFunc(w.leases, func(l lease) bool { return l.peer == p })
}

// lend leases a block to a peer and adds it to what is asked.
func (m *Blocks) lend(now time.Time, p *blocksPeer, w *want, what string) {
	if len(p.inflight) == 0 {
		p.progress = now
	}
	w.leases = append(w.leases, lease{p, now})
	p.inflight = append(p.inflight, w)
	m.leases++
	if w.state == needed {
		w.become(now, leased)
	}
	w.note(now, what, p.id)
	p.asking = append(p.asking, w.hash)
}

// drop ends the lease of a peer, if it has one.
func (m *Blocks) drop(p *blocksPeer, w *want) bool {
	i := slices.IndexFunc(w.leases, func(l lease) bool { return l.peer == p })
	if i < 0 {
		return false
	}
	w.leases = slices.Delete(w.leases, i, i+1)
	j := slices.Index(p.inflight, w)
	p.inflight = slices.Delete(p.inflight, j, j+1)
	m.leases--
	return true
}

// need makes a block that lost a lease needed again, if it was the last one.
func (m *Blocks) need(now time.Time, w *want, why string) {
	if w.state == leased && len(w.leases) == 0 {
		w.become(now, needed)
		w.note(now, why, Nobody)
		m.rewind(w)
	}
}

// release takes back a peer's leases from the keep-th on. The peer may still
// deliver: that is remembered, so that it does not look unsolicited.
func (m *Blocks) release(now time.Time, p *blocksPeer, keep int, why string) {
	if keep >= len(p.inflight) {
		return
	}
	for _, w := range slices.Clone(p.inflight[keep:]) {
		m.drop(p, w)
		p.mayCome(w.hash)
		m.need(now, w, why)
	}
}
