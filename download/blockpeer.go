package download

import (
	"slices"
	"time"

	"github.com/troupe-node/troupe/tx"
)

const (
	firstWindow = 2 // blocks in flight that a new peer may have
	// A peer that offers only the last blocks has 288; one block or two may
	// pass before it reads our request (Core's rule, BIP159).
	limitedDepth = 288 - 2
	maxMayCome   = 256
	// goodputMemory is the weight of the past in a peer's measured goodput.
	goodputMemory = 0.9
)

// blocksPeer is the machine's view of one peer.
type blocksPeer struct {
	BlocksPeer
	id    PeerID
	best  Node
	told  Node    // what it announced last: another chain than best, if that has more work
	reach []int32 // per track: height up to which the peer has it

	window    int     // blocks in flight that it may have
	inflight  []*want // oldest first
	asking    []tx.Hash
	late      []tx.Hash // leases taken back, blocks that may still come
	paused    bool
	announces bool      // told us of new blocks itself: it has them, whatever it offers
	gone      bool      // about to be disconnected
	open      bool      // has slots in the assignment under way
	failures  int       // answers missed in a row
	progress  time.Time // last block, or first lease after idling

	bytes, seconds float64 // decaying sums; their ratio is the goodput
	samples        int
}

// measure works out how far along each track the peer's chain goes.
func (p *blocksPeer) measure(tracks []*track) {
	p.reach = p.reach[:0]
	for _, t := range tracks {
		p.reach = append(p.reach, max(reach(p.best, t.target), reach(p.told, t.target)))
	}
}

// reach is how far along a chain one leads that ends with n.
func reach(n, target Node) int32 {
	switch {
	case n == nil:
		return -1
	case isAncestor(n, target):
		return n.Height()
	}
	return forkHeight(n, target)
}

// mayCome remembers a block that the peer was asked for and need not send any
// more. The oldest gives way.
func (p *blocksPeer) mayCome(h tx.Hash) {
	if len(p.late) == maxMayCome {
		p.late = slices.Delete(p.late, 0, 1)
	}
	p.late = append(p.late, h)
}

// came forgets it again and says whether it was expected.
func (p *blocksPeer) came(h tx.Hash) bool {
	i := slices.Index(p.late, h)
	if i >= 0 {
		p.late = slices.Delete(p.late, i, i+1)
	}
	return i >= 0
}

// goodput is in bytes per second; 0 before anything was measured.
func (p *blocksPeer) goodput() float64 {
	if p.seconds == 0 {
		return 0
	}
	return p.bytes / p.seconds
}

// sample adds a delivery to the goodput. The time since the last one counts:
// while blocks are in flight the peer is never idle.
func (p *blocksPeer) sample(now time.Time, size int) {
	took := max(now.Sub(p.progress), time.Microsecond)
	p.bytes = p.bytes*goodputMemory + float64(size)
	p.seconds = p.seconds*goodputMemory + took.Seconds()
	p.samples++
}

// serving says whether a peer has a block of a track and can send it.
func (m *Blocks) serving(now time.Time, p *blocksPeer, track int, w *want) bool {
	return !p.paused && !p.gone && m.has(p, track, w) && !w.deniedBy(now, p.id) && !w.leasedTo(p)
}

// has says whether a peer keeps a block of a track, by all that it told us.
func (m *Blocks) has(p *blocksPeer, track int, w *want) bool {
	switch {
	case !p.Serves && !p.Limited && w.announcer != p.id, p.reach[track] < w.height:
		return false
	case !p.Serves && p.Limited && p.best.Height()-w.height >= limitedDepth:
		return false
	case !p.Witness && w.height >= m.witnessFrom():
		return false
	}
	return true
}

// nobodyHas says that no peer there is will ever send a block, as happens when all
// of them keep the latest only.
func (m *Blocks) nobodyHas(track int, w *want) bool {
	return !slices.ContainsFunc(m.order, func(p *blocksPeer) bool { return !p.gone && m.has(p, track, w) })
}

// most is the largest window of a peer: with few peers more has to come from
// each, and a single one must be able to run at full speed.
func (m *Blocks) most() int {
	able := 0
	for _, p := range m.order {
		if (p.Serves || p.Limited) && p.best != nil && !p.paused && !p.gone {
			able++
		}
	}
	return max(m.cfg.MaxInFlight, m.cfg.MaxInFlightAlone/max(1, 1<<(max(1, able)-1)))
}

// disconnect ends a connection. Until it is down, nothing more is asked of the
// peer.
func (m *Blocks) disconnect(p *blocksPeer, why string) {
	if p.gone {
		return
	}
	p.gone = true
	m.add(Disconnect{Peer: p.id, Reason: why})
}

// free is how many more blocks a peer may be asked for.
func (m *Blocks) free(p *blocksPeer, most int) int {
	if p.paused || p.gone {
		return 0
	}
	return min(p.window, most) - len(p.inflight)
}
