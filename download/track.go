package download

import "slices"

// maxTracks bounds the competing chains that are fetched at once; those with
// the least work wait.
const maxTracks = 8

// track is one chain that some peer has and that is worth having: the wanted
// blocks between what we have of it and its end, as far as the window reaches.
type track struct {
	target Node
	fork   int32   // height of the last block shared with our chain
	base   int32   // height of path[0]: above the stored blocks that follow on fork
	path   []*want // nil where the body is stored already
	next   int     // before this index nothing is needed
	head   int     // before this index everything was delivered
}

// retarget finds the chains worth fetching and brings their paths up to date.
func (m *Blocks) retarget() {
	targets := m.targets()
	changed := len(targets) != len(m.tracks)
	tracks := make([]*track, 0, len(targets))
	for i, n := range targets {
		changed = changed || m.tracks[i].target != n
		// A chain that grew keeps its path.
		if i := slices.IndexFunc(m.tracks, func(t *track) bool { return t != nil && isAncestor(t.target, n) }); i >= 0 {
			t := m.tracks[i]
			t.target, m.tracks[i] = n, nil
			tracks = append(tracks, t)
		} else {
			tracks = append(tracks, &track{target: n})
		}
	}
	for _, t := range tracks {
		m.follow(t)
	}
	for _, gone := range m.tracks {
		if gone != nil {
			m.leave(gone.path)
		}
	}
	m.tracks = tracks
	if changed {
		for _, p := range m.order {
			p.measure(tracks)
		}
	}
}

// targets are the ends of the chains worth fetching, most work first: the best
// header's, even while nobody has it, and those that peers have or have just
// announced; with the minimum work and no less than our tip's, and none that is part of
// another. Like Core we fetch blocks of chains with equal work too, in case they grow.
func (m *Blocks) targets() []Node {
	tip := m.tree.Tip()
	candidates := []Node{m.tree.Best()}
	for _, p := range m.order {
		candidates = append(candidates, alive(p.best), alive(p.told))
	}
	var ends []Node
	for _, n := range candidates {
		if n == nil || n.Work().Less(tip.Work()) || !m.cfg.Params.HasMinimumWork(n.Work()) ||
			slices.Contains(ends, n) || isAncestor(n, tip) {
			continue
		}
		ends = append(ends, n)
	}
	slices.SortStableFunc(ends, func(a, b Node) int {
		switch {
		case b.Work().Less(a.Work()):
			return -1
		case a.Work().Less(b.Work()):
			return 1
		}
		return 0
	})
	var out []Node
	for _, n := range ends {
		if len(out) < maxTracks && !slices.ContainsFunc(out, func(longer Node) bool { return isAncestor(n, longer) }) {
			out = append(out, n)
		}
	}
	return out
}

// alive is the last header of a chain that has not failed.
func alive(n Node) Node {
	if n == nil || !n.Failed() {
		return n
	}
	low, high := int32(0), n.Height() // genesis never fails
	for low < high {
		mid := low + (high-low+1)/2
		if at(n, mid).Failed() {
			high = mid - 1
		} else {
			low = mid
		}
	}
	return at(n, low)
}

// follow moves a track's path and extends it to the window's end. The window begins
// above what is stored without a gap, as Core's does, not at our chain: a branch that
// is longer than the window can become the better one only with its last blocks.
func (m *Blocks) follow(t *track) {
	tip := m.tree.Tip()
	fork := tip.Height()
	if !isAncestor(tip, t.target) {
		fork = forkHeight(tip, t.target)
	}
	base := fork + 1
	if fork >= t.fork {
		base = max(base, t.base)
	} // else our chain was cut back, and less may be stored
	t.fork = fork
	for base <= t.target.Height() && at(t.target, base).HasBody() {
		base++
	}
	var old []*want
	if n := int(base - t.base); n >= 0 && n <= len(t.path) {
		old = t.path[:n]
		t.path = t.path[n:]
		t.next, t.head = max(0, t.next-n), max(0, t.head-n)
	} else { // new, or our chain was cut back
		old, t.path = t.path, nil
		t.next, t.head = 0, 0
	}
	t.base = base
	for h := base + int32(len(t.path)); h <= min(t.target.Height(), base+m.cfg.Window-1); h++ {
		t.path = append(t.path, m.want(at(t.target, h)))
	}
	m.leave(old)
}

// want finds or makes the want of a header; nil if its body is stored.
func (m *Blocks) want(n Node) *want {
	hash := n.Hash()
	w := m.wants[hash]
	if w == nil {
		if n.HasBody() {
			return nil
		}
		w = &want{node: n, hash: hash, height: n.Height(), announcer: Nobody, from: Nobody}
		m.wants[hash] = w
	}
	w.tracks++
	return w
}

// leave says that a track does not lead over these blocks any more.
func (m *Blocks) leave(path []*want) {
	for _, w := range path {
		if w == nil {
			continue
		}
		if w.tracks--; w.tracks == 0 {
			m.unwant(w)
		}
	}
}

// unwant forgets a block that no track leads over. What is with the chain is
// forgotten when the chain has decided.
func (m *Blocks) unwant(w *want) {
	switch w.state {
	case delivered:
		return
	case staged:
		m.stagedBytes -= w.size
		m.add(Discard{w.hash})
	}
	for len(w.leases) > 0 {
		p := w.leases[0].peer
		m.drop(p, w)
		p.mayCome(w.hash)
	}
	delete(m.wants, w.hash)
}

// rewind makes every track look at a needed block again.
func (m *Blocks) rewind(w *want) {
	for _, t := range m.tracks {
		if i, ok := t.index(w); ok {
			t.next, t.head = min(t.next, i), min(t.head, i)
		}
	}
}

// index is where a track leads over a block.
func (t *track) index(w *want) (i int, ok bool) {
	i = int(w.height - t.base)
	return i, i >= 0 && i < len(t.path) && t.path[i] == w
}

// near says that a track ends close to our tip, so that its blocks may be handed
// on in any order.
func (m *Blocks) near(t *track) bool {
	return t.target.Height()-m.tree.Tip().Height() <= m.cfg.Near
}

// announcedBy remembers who told us of the newest blocks.
func (m *Blocks) announcedBy(p *blocksPeer, n Node) {
	p.announces = true
	if slices.ContainsFunc(m.tracks, m.near) {
		p.window = max(p.window, m.cfg.MaxInFlight) // they are asked for at once, in one getdata
	}
	for range m.cfg.MaxInFlight {
		w := m.wants[n.Hash()]
		if w == nil {
			return
		}
		if w.announcer == Nobody {
			w.announcer = p.id
		}
		w.denied = slices.DeleteFunc(w.denied, func(d denial) bool { return d.peer == p.id }) // it says that it has it
		n = before(n)
	}
}
