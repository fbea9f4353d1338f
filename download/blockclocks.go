package download

import (
	"fmt"
	"slices"
	"time"
)

// stallClock measures how long one peer holds up everything: the lowest wanted
// block is leased to it, later ones are here, nothing else can be asked for, and
// the chain waits. As in Core it matters only while there is more than the window
// holds: the last blocks of a chain have the time of any answer. The patience never follows the suspect's own pace.
type stallClock struct {
	patience time.Duration
	since    time.Time // armed since; zero: not armed
	full     time.Time // and the window is full since; zero: it is not
	block    *want
	hedged   bool
}

// connected makes the patience shrink back with every block that connects, by Core's
// factor and in whole seconds like Core's. It tells whether it did.
func (s *stallClock) connected(least time.Duration) bool {
	was := s.patience
	s.patience = max(least, (s.patience * 85 / 100).Truncate(time.Second))
	return s.patience < was
}

// missing is the lowest block of a track that has not arrived, with how many
// above it have.
func (t *track) missing() (w *want, behind int) {
	for _, x := range t.path[min(t.head, len(t.path)):] {
		switch {
		case x == nil:
		case w == nil && x.state < staged:
			w = x
		case w != nil && x.state == staged:
			behind++
		}
	}
	return w, behind
}

// fetching is the best chain that somebody has a part of.
func (m *Blocks) fetching() *track {
	for i, t := range m.tracks {
		if slices.ContainsFunc(m.order, func(p *blocksPeer) bool { return p.reach[i] >= t.base }) {
			return t
		}
	}
	return nil
}

// stalled says which block everything waits for, nil if nothing does.
func (m *Blocks) stalled() *want {
	t := m.fetching()
	if t == nil {
		return nil
	}
	w, behind := t.missing()
	if w == nil || w.state != leased || behind == 0 || m.delivered > 0 {
		return nil
	}
	for _, x := range t.path[min(t.next, len(t.path)):] {
		if x != nil && x.state == needed && m.room() {
			return nil // there is other work
		}
	}
	if w.leases[0].peer.paused {
		return nil // our own fault
	}
	return w
}

// holdsUp says whether blocks that somebody has cannot be asked for because the
// window, or the room for what is staged, is full.
func (m *Blocks) holdsUp() bool {
	t := m.fetching()
	beyond := t.base + int32(len(t.path))
	return !m.room() || slices.ContainsFunc(m.order, func(p *blocksPeer) bool { return p.reach[slices.Index(m.tracks, t)] >= beyond })
}

// checkStall hedges at half of the patience and takes the block away at its end.
func (m *Blocks) checkStall(now time.Time) {
	w := m.stalled()
	s := &m.stall
	if w == nil || w != s.block {
		s.block, s.hedged, s.since, s.full = w, false, now, time.Time{}
	}
	switch {
	case w == nil || !m.holdsUp():
		s.full = time.Time{}
	case s.full.IsZero():
		s.full = now
		m.add(Note{w.leases[0].peer.id, "Stall started"})
	}
	if w == nil {
		return
	}
	if now.Sub(s.since) >= s.patience/2 && !s.hedged {
		s.hedged = true
		m.hedge(now, w, "asked too: everything waits for it")
	}
	if s.full.IsZero() || now.Sub(s.full) < s.patience {
		return
	}
	m.convict(now, w)
	if next := min(2*s.patience, m.cfg.StallMax); next > s.patience {
		s.patience = next
		m.add(Note{Nobody, fmt.Sprintf("Increased stalling timeout temporarily to %d seconds", int(s.patience.Seconds()))})
	}
	s.block = nil
	m.assign(now)
	m.checkStall(now) // whoever has the block now has no moment more than its patience
}

// convict frees a block from the peer that everything waits for. A peer that
// has delivered other blocks since the window is full is only slow: it may go on,
// one block at a time, and if nobody else has the block it keeps that too.
func (m *Blocks) convict(now time.Time, w *want) {
	guilty := w.leases[0].peer
	idle := !guilty.progress.After(m.stall.full)
	if !idle && len(w.leases) == 1 && !m.elsewhere(now, w) {
		return
	}
	m.release(now, guilty, 0, "taken back: everything waited for it")
	guilty.window = 1
	if idle && !guilty.NoBan {
		m.disconnect(guilty, "stalling the block download")
	} else {
		w.deny(now, guilty.id)
	}
}

// hedge asks the fastest other peer for a block as well, beyond its window if
// need be. A block is asked for twice at most.
func (m *Blocks) hedge(now time.Time, w *want, why string) {
	if len(w.leases) == 0 || len(w.leases) >= maxLeases {
		return
	}
	var best *blocksPeer
	for i, t := range m.tracks {
		if _, ok := t.index(w); !ok {
			continue
		}
		for _, p := range m.order {
			if m.serving(now, p, i, w) && (best == nil || p.goodput() > best.goodput()) {
				best = p
			}
		}
	}
	if best != nil {
		m.lend(now, best, w, why)
		m.flush()
	}
}

// hedgeTip asks a second peer for new blocks whose announcer takes long.
func (m *Blocks) hedgeTip(now time.Time) {
	for _, t := range m.tracks {
		if !m.near(t) {
			continue
		}
		for _, w := range t.path {
			if w != nil && w.state == leased && now.Sub(w.leases[0].at) >= m.cfg.HedgeTip {
				m.hedge(now, w, "asked too: the first takes long")
			}
		}
	}
}

// checkAnswers takes leases back from peers that deliver nothing: after one
// timeout if others have the blocks, and after two the peer is of no use.
func (m *Blocks) checkAnswers(now time.Time) {
	for _, p := range slices.Clone(m.order) {
		if len(p.inflight) == 0 || p.paused {
			continue
		}
		silent := now.Sub(p.progress)
		switch {
		case silent >= 2*m.cfg.AnswerTimeout && p.failures > 0:
			m.release(now, p, 0, "taken back: the peer is silent")
			if !p.NoBan {
				m.disconnect(p, "timeout downloading blocks")
			}
			p.failures, p.progress = 0, now
		case silent >= m.cfg.AnswerTimeout && p.failures == 0:
			p.failures++
			p.window = 1
			m.giveAway(now, p)
		}
	}
}

// giveAway takes back those leases that somebody else could fulfil. For each
// there is now one peer less to ask for a while.
func (m *Blocks) giveAway(now time.Time, p *blocksPeer) {
	for _, w := range slices.Clone(p.inflight) {
		if !m.elsewhere(now, w) {
			continue
		}
		m.drop(p, w)
		p.mayCome(w.hash)
		w.deny(now, p.id)
		m.need(now, w, "taken back: the peer is silent")
	}
}

// elsewhere says whether another peer could be asked for the block.
func (m *Blocks) elsewhere(now time.Time, w *want) bool {
	for i, t := range m.tracks {
		if _, ok := t.index(w); !ok {
			continue
		}
		for _, p := range m.order {
			if m.serving(now, p, i, w) {
				return true
			}
		}
	}
	return false
}

const (
	slowEvery   = 10 * time.Second
	slowPeers   = 4 // compare no fewer
	slowSamples = 3
	slowFactor  = 4
)

// checkSlow looks for peers with less than a quarter of the median goodput and
// takes back the later half of what they were asked for: slow is no crime, but
// nobody should wait for it. (A rule by standard deviations cannot find one slow
// peer of four, however slow.)
func (m *Blocks) checkSlow(now time.Time) {
	if now.Sub(m.looked) < slowEvery {
		return
	}
	m.looked = now
	var rates []float64
	for _, p := range m.order {
		if p.samples >= slowSamples && !p.paused {
			rates = append(rates, p.goodput())
		}
	}
	if len(rates) < slowPeers {
		return
	}
	slices.Sort(rates)
	median := rates[len(rates)/2]
	for _, p := range m.order {
		if p.samples >= slowSamples && !p.paused && len(p.inflight) > 1 && p.goodput() < median/slowFactor {
			m.release(now, p, len(p.inflight)/2, "taken back: the peer is slow")
			p.window = max(1, p.window/2)
		}
	}
}
