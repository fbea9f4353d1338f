package download

import (
	"slices"
	"time"

	"github.com/troupe-node/troupe/consensus"
)

const (
	// frontier is how many of the lowest wanted blocks are given to fast peers
	// only: everybody waits for these.
	frontier = 8
	// frontierWait is how long they wait for one.
	frontierWait = time.Second
	// minTypical is the least that is reserved for a block on its way.
	minTypical = 1 << 10
)

func (m *Blocks) witnessFrom() int32 { return m.cfg.Params.ActivationHeight(consensus.Segwit) }

// assign leases needed blocks to peers, lowest first, and sends what was asked.
func (m *Blocks) assign(now time.Time) {
	most := m.most()
	any, near := false, slices.ContainsFunc(m.tracks, m.near)
	if near {
		most = m.cfg.MaxInFlight // new blocks, not a download (Core's direct fetch)
	}
	for _, p := range m.order {
		// A few at a time, so that one getdata asks for several blocks.
		f := m.free(p, most)
		p.open = f > 0 && (f >= min(p.window, most)/4 || near)
		any = any || p.open
	}
	if !any {
		return
	}
	mean := m.meanGoodput()
	for i, t := range m.tracks {
		a := assignment{now: now, track: i, near: m.near(t), most: most, mean: mean}
		m.assignTrack(t, &a)
	}
	m.flush()
}

// flush sends what was asked.
func (m *Blocks) flush() {
	for _, p := range m.order {
		if len(p.asking) > 0 {
			m.add(AskBlocks{p.id, p.asking})
			p.asking = nil
		}
	}
}

// assignment is what choosing peers along one track needs to know.
type assignment struct {
	now   time.Time
	track int
	near  bool
	most  int     // blocks in flight at one peer
	mean  float64 // goodput of the peers
	able  []*blocksPeer
	slots int // of those able, free and open
}

// enlist finds the peers that have blocks of a track from a height on. While
// catching up, peers that called us are left alone if others have the chain: we
// did not choose them.
func (m *Blocks) enlist(a *assignment, from int32) {
	preferred := false
	for _, p := range m.order {
		if p.paused || p.reach[a.track] < from || !p.Serves && !p.Limited && !(a.near && p.announces) {
			continue
		}
		a.able = append(a.able, p)
		preferred = preferred || p.Preferred && p.Serves
	}
	if preferred && !a.near {
		a.able = slices.DeleteFunc(a.able, func(p *blocksPeer) bool { return !p.Preferred })
	}
	for _, p := range a.able {
		if p.open {
			a.slots += m.free(p, a.most)
		}
	}
}

func (m *Blocks) assignTrack(t *track, a *assignment) {
	leading := true
	for j := t.next; j < len(t.path); j++ {
		w := t.path[j]
		if w == nil || w.state != needed {
			if leading {
				t.next = j + 1
			}
			continue
		}
		if leading {
			m.enlist(a, w.height)
			leading = false
		}
		if a.slots <= 0 || j > t.head && !m.room() {
			return
		}
		if w.notBefore.After(a.now) {
			continue
		}
		if p := m.pick(a, w, j-t.head < frontier); p != nil {
			m.lend(a.now, p, w, "asked")
			a.slots--
		}
	}
}

// room says whether one more block may be on its way: our own slowness closes
// the window and blames nobody.
func (m *Blocks) room() bool {
	return m.stagedBytes+(m.leases+1)*max(minTypical, m.typical) <= m.cfg.StagingBytes
}

// pick chooses the peer for a block: its announcer near the tip, a fast one for
// the frontier, otherwise the one with most to spare.
func (m *Blocks) pick(a *assignment, w *want, first bool) *blocksPeer {
	var best *blocksPeer
	faster := false // somebody faster has it and is busy
	for _, p := range a.able {
		if !m.serving(a.now, p, a.track, w) {
			continue
		}
		if !p.open || m.free(p, a.most) <= 0 {
			faster = faster || p.goodput() > a.mean
			continue
		}
		if a.near && p.id == w.announcer {
			return p
		}
		if best == nil || m.better(p, best, first, a.most) {
			best = p
		}
	}
	if best != nil && first && faster && best.samples > 0 && best.goodput() < a.mean/2 && a.now.Sub(w.since) < frontierWait {
		return nil // wait a moment for a fast peer
	}
	return best
}

// better compares two peers that could both be asked.
func (m *Blocks) better(p, q *blocksPeer, fast bool, most int) bool {
	if fast && p.goodput() != q.goodput() {
		return p.goodput() > q.goodput()
	}
	return m.free(p, most) > m.free(q, most)
}

func (m *Blocks) meanGoodput() float64 {
	sum, n := 0.0, 0
	for _, p := range m.order {
		if p.samples > 0 {
			sum += p.goodput()
			n++
		}
	}
	return sum / float64(max(1, n))
}

// deliver hands staged blocks to the chain: in order of height, near the tip in
// any order, and no more at once than the chain should have. Beyond a block that no
// peer can send, the order does not matter either: the chain stores what we got.
func (m *Blocks) deliver(now time.Time) {
	for i, t := range m.tracks {
		near, leading := m.near(t), true
		for j := t.head; j < len(t.path); j++ {
			w := t.path[j]
			if w == nil || w.state >= delivered {
				if leading {
					t.head = j + 1
				}
				continue
			}
			if w.state == staged {
				if !m.mayHand(w.size) {
					return
				}
				m.hand(now, w)
				m.add(Deliver{w.hash})
				if leading {
					t.head = j + 1
				}
				continue
			}
			if leading && !near && w.state == needed && m.nobodyHas(i, w) {
				near = true
			}
			leading = false
			if !near {
				break
			}
		}
	}
}
