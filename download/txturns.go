package download

import (
	"cmp"
	"slices"
	"time"
)

// maxAskTxs is how many transactions one getdata asks for (Core's
// MAX_GETDATA_SZ).
const maxAskTxs = 1000

// Tick looks at the clock and asks for what may be asked for.
func (m *Txs) Tick(now time.Time) {
	if now.Before(m.last) {
		m.turnBack(now)
	}
	m.last = now
	for len(m.clock) > 0 && !m.clock[0].at.After(now) {
		a := m.clock[0]
		if a.state == delayed {
			m.promote(a)
		} else {
			m.finish(a) // asked in vain
			m.tidy(a.tx)
		}
	}
	for _, p := range m.order {
		m.askPeer(now, p)
	}
}

// askPeer asks a peer for everything whose turn it is.
func (m *Txs) askPeer(now time.Time, p *txsPeer) {
	list := slices.DeleteFunc(p.ready, func(a *announcement) bool { return a.state != ready })
	p.ready = nil
	if len(list) == 0 {
		return
	}
	slices.SortFunc(list, bySerial)
	var ids []TxID
	for _, a := range slices.Compact(list) {
		a.state, a.at = requested, now.Add(m.cfg.AnswerTimeout)
		p.inflight++
		m.clock.push(a)
		ids = append(ids, a.id)
	}
	for part := range slices.Chunk(ids, maxAskTxs) {
		m.add(AskTxs{p.id, part})
	}
}

// promote makes an announcement a candidate, and the one whose turn it is if
// nobody better was chosen. Nobody is interrupted once asked.
func (m *Txs) promote(a *announcement) {
	m.clock.remove(a)
	a.state = candidate
	w := a.tx
	switch {
	case w.selected == nil:
		m.choose(a)
	case w.selected.state == ready && w.selected.priority < a.priority:
		w.selected.state = candidate
		m.choose(a)
	}
}

func (m *Txs) choose(a *announcement) {
	a.tx.selected = a
	a.state = ready
	a.peer.ready = append(a.peer.ready, a)
}

func bySerial(a, b *announcement) int { return cmp.Compare(a.serial, b.serial) }

// leave takes an announcement out of whatever it was doing.
func (m *Txs) leave(a *announcement) {
	m.clock.remove(a)
	if a.state == requested {
		a.peer.inflight--
	}
	if a.tx.selected == a {
		a.tx.selected = nil
	}
	if a.state != done {
		a.tx.open--
		a.state = done
	}
}

// finish ends an announcement; the best candidate's turn comes.
func (m *Txs) finish(a *announcement) {
	m.leave(a)
	if a.tx.selected != nil {
		return
	}
	var best *announcement
	for _, x := range a.tx.all {
		if x.state == candidate && (best == nil || x.priority > best.priority) {
			best = x
		}
	}
	if best != nil {
		m.choose(best)
	}
}

// tidy forgets a transaction whose announcers all had their chance. Until then
// they are remembered, so that announcing again gains nothing.
func (m *Txs) tidy(w *wantedTx) {
	if w.open > 0 {
		return
	}
	for len(w.all) > 0 {
		m.erase(w.all[len(w.all)-1])
	}
}

// erase forgets an announcement that was left.
func (m *Txs) erase(a *announcement) {
	w := a.tx
	w.all = slices.DeleteFunc(w.all, func(x *announcement) bool { return x == a })
	delete(a.peer.all, a.id.Hash)
	m.count--
	if len(w.all) == 0 {
		delete(m.wanted, w.hash)
	}
}

// turnBack deals with a clock that was set back: no request may last longer than
// its timeout from now, nor any delay longer than the longest.
func (m *Txs) turnBack(now time.Time) {
	longest := m.cfg.NonPreferredDelay + m.cfg.TxIDDelay + m.cfg.OverloadedDelay
	for _, a := range slices.Clone(m.clock) {
		limit := now.Add(m.cfg.AnswerTimeout)
		if a.state == delayed {
			limit = now.Add(longest)
		}
		if a.at.After(limit) {
			m.clock.remove(a)
			a.at = limit
			m.clock.push(a)
		}
	}
}

// deadlines is a heap of announcements by time, the oldest first among equals.
type deadlines []*announcement

func (h deadlines) less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].serial < h[j].serial
}

func (h deadlines) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heap, h[j].heap = i, j
}

func (h *deadlines) push(a *announcement) {
	a.heap = len(*h)
	*h = append(*h, a)
	h.up(a.heap)
}

func (h *deadlines) remove(a *announcement) {
	i := a.heap
	if i < 0 {
		return
	}
	last := len(*h) - 1
	h.swap(i, last)
	(*h)[last] = nil
	*h = (*h)[:last]
	a.heap = -1
	if i < last {
		h.down(i)
		h.up(i)
	}
}

func (h deadlines) up(i int) {
	for i > 0 && h.less(i, (i-1)/2) {
		h.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (h deadlines) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h.less(child+1, child) {
			child++
		}
		if !h.less(child, i) {
			return
		}
		h.swap(i, child)
		i = child
	}
}
