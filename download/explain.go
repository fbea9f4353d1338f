package download

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/troupe-node/troupe/tx"
)

// BlocksStatus is what the block machine is doing, for people.
type BlocksStatus struct {
	Tip, Target   int32 // heights of our tip and of the best chain being fetched
	Tracks        int   // competing chains being fetched
	Needed        int
	Leased        int // requests under way, hedges included
	Staged        int
	Delivered     int
	StagedBytes   int // staged and delivered
	StagingBudget int
	Open          bool // whether more may be asked for
	Patience      time.Duration
	Stalled       *WantStatus // the block that everything waits for
	StalledFor    time.Duration
	Peers         []BlocksPeerStatus
	Wants         []WantStatus // the lowest ones
}

// BlocksPeerStatus is how a peer does at delivering blocks.
type BlocksPeerStatus struct {
	Peer     PeerID
	Best     int32 // height of the chain it has; -1 unknown
	InFlight []int32
	Window   int
	Goodput  float64 // bytes per second
	Silent   time.Duration
	Paused   bool
	Failures int
}

// WantStatus is one wanted block: who holds it, since when, and why it waits.
type WantStatus struct {
	Hash    tx.Hash
	Height  int32
	State   string
	Since   time.Time
	Holders []Holder
	Why     string
	History []Event
}

// Holder is a peer that was asked for a block.
type Holder struct {
	Peer  PeerID
	Since time.Time
}

// Explain describes the machine, with the lowest wanted blocks, at most most of
// them.
func (m *Blocks) Explain(now time.Time, most int) BlocksStatus {
	s := BlocksStatus{
		Tip: m.tree.Tip().Height(), Target: m.tree.Tip().Height(), Tracks: len(m.tracks), Leased: m.leases, Delivered: m.delivered,
		StagedBytes: m.stagedBytes, StagingBudget: m.cfg.StagingBytes, Open: m.room(), Patience: m.stall.patience,
	}
	for _, w := range m.wants {
		switch w.state {
		case needed:
			s.Needed++
		case staged:
			s.Staged++
		}
	}
	if w := m.stall.block; w != nil {
		e := m.explain(now, w)
		s.Stalled, s.StalledFor = &e, now.Sub(m.stall.since)
	}
	if len(m.tracks) > 0 {
		s.Target = m.tracks[0].target.Height()
	}
	for _, p := range m.order {
		s.Peers = append(s.Peers, p.status(now))
	}
	for _, t := range m.tracks {
		for _, w := range t.path {
			if len(s.Wants) >= most {
				return s
			}
			if w != nil && w.state != settled && !slices.ContainsFunc(s.Wants, func(x WantStatus) bool { return x.Hash == w.hash }) {
				s.Wants = append(s.Wants, m.explain(now, w))
			}
		}
	}
	return s
}

func (p *blocksPeer) status(now time.Time) BlocksPeerStatus {
	s := BlocksPeerStatus{Peer: p.id, Best: -1, Window: p.window, Goodput: p.goodput(), Paused: p.paused, Failures: p.failures}
	if p.best != nil {
		s.Best = p.best.Height()
	}
	for _, w := range p.inflight {
		s.InFlight = append(s.InFlight, w.height)
	}
	if len(p.inflight) > 0 {
		s.Silent = now.Sub(p.progress)
	}
	return s
}

func (m *Blocks) explain(now time.Time, w *want) WantStatus {
	s := WantStatus{Hash: w.hash, Height: w.height, State: w.state.String(), Since: w.since, Why: m.why(now, w), History: slices.Clone(w.history)}
	for _, l := range w.leases {
		s.Holders = append(s.Holders, Holder{l.peer.id, l.at})
	}
	return s
}

// why says in words what a wanted block waits for.
func (m *Blocks) why(now time.Time, w *want) string {
	switch w.state {
	case leased:
		var who []string
		for _, l := range w.leases {
			who = append(who, fmt.Sprintf("peer %d for %s", l.peer.id, now.Sub(l.at).Round(time.Millisecond)))
		}
		return "asked " + strings.Join(who, " and ")
	case staged:
		for _, t := range m.tracks {
			if _, ok := t.index(w); !ok {
				continue
			}
			if low, _ := t.missing(); low != nil && low.height < w.height {
				return fmt.Sprintf("waits for height %d", low.height)
			}
		}
		return "waits for the chain to take it"
	case delivered:
		return "the chain is checking it"
	case needed:
		return m.whyNeeded(now, w)
	}
	return ""
}

func (m *Blocks) whyNeeded(now time.Time, w *want) string {
	has, denied, paused, willing := 0, 0, 0, 0
	for i, t := range m.tracks {
		if _, ok := t.index(w); !ok {
			continue
		}
		for _, p := range m.order {
			if p.reach[i] < w.height {
				continue
			}
			has++
			switch {
			case p.paused:
				paused++
			case w.deniedBy(now, p.id):
				denied++
			case m.serving(now, p, i, w):
				willing++
			}
		}
	}
	switch {
	case w.notBefore.After(now):
		return "we failed to check it, and try again in a moment"
	case has == 0:
		return "no peer has it"
	case willing > 0 && !m.room():
		return "blocks that are here must be connected first"
	case willing > 0:
		return fmt.Sprintf("%d of %d peers that have it are busy", willing, has)
	case paused > 0:
		return fmt.Sprintf("we do not read from %d of %d peers that have it", paused, has)
	case denied > 0:
		return fmt.Sprintf("%d of %d peers that have it could not deliver it", denied, has)
	}
	return fmt.Sprintf("none of %d peers that have it serves blocks so old, or with witnesses", has)
}
