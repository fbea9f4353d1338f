package chainstate

import "github.com/troupe-node/troupe/tx"

// publishTip makes a state visible whose scripts are all good: the one before
// was the published tip's, or an older one's.
func (m *Machine) publishTip(tip *Node, seq uint64) {
	old := m.published.tip
	m.publish(tip, seq)
	if old == tip {
		return
	}
	switch c := m.out.TipChanged; {
	case c == nil:
		m.out.TipChanged = &TipChanged{Old: old, New: tip}
	case c.Old == tip: // there and back before anybody looked
		m.out.TipChanged = nil
	default:
		c.New = tip
	}
	m.concludeConnected(old, tip)
}

// publishView makes visible what changed beside the tip: headers, branches,
// the store's snapshot, the end of the initial download.
func (m *Machine) publishView() { m.publish(m.published.tip, m.published.seq) }

func (m *Machine) publish(tip *Node, seq uint64) {
	s := &Snapshot{
		seq: seq, tip: tip, best: m.best, leaves: m.leaves.list(),
		index: m.index, params: m.params, base: m.base, young: m.young,
	}
	s.refs.Store(1)
	m.base.refs.Add(1)
	if both, ok := m.layers.upTo(seq); ok {
		s.layers, s.coins = both, tip
	} else {
		s.coins = m.base.tip
	}
	if m.caughtUp(s) {
		m.latched = true
	}
	s.ibd = !m.latched
	if m.out.Snapshot != nil {
		m.out.Snapshot.Release() // nobody has seen it
	}
	m.published, m.out.Snapshot = s, s
}

// caughtUp is the condition that ends the initial download: a tip with the
// minimum work and no older than a day (Core's IsInitialBlockDownload). Its coins may
// be behind ([Snapshot.HasCoins]) only where they come with the commit under way.
func (m *Machine) caughtUp(s *Snapshot) bool {
	return m.params.HasMinimumWork(s.tip.work) && int64(s.tip.time) >= m.now-m.opts.MaxTipAge &&
		(s.HasCoins() || s.tip == s.best)
}

// updateLatch looks whether the initial download has ended. It never begins
// again.
func (m *Machine) updateLatch() {
	if !m.latched && m.caughtUp(m.published) {
		m.publishView()
	}
}

func (m *Machine) lookup(hash tx.Hash) (*Node, error) {
	if m.err != nil {
		return nil, m.err
	}
	if n := m.index.Get(hash); n != nil {
		return n, nil
	}
	return nil, ErrUnknownBlock
}
