package download

import "time"

// maxProtected is how many outgoing peers with a good chain are never closed
// for a poor one later (Core's MAX_OUTBOUND_PEERS_TO_PROTECT_FROM_DISCONNECT).
const maxProtected = 4

// chainClock measures how long the chain of an outgoing peer has stayed behind
// ours: if all of them did, somebody may be keeping us off the network (Core's
// ConsiderEviction).
type chainClock struct {
	protected bool
	target    Node      // our tip when the clock was started: what the peer has to reach
	deadline  time.Time // nil target: not running
	asked     bool      // it was asked for something newer and is about to be closed
}

// checkChain runs the clock of one peer.
func (m *Headers) checkChain(now time.Time, p *headersPeer) {
	c := &p.chain
	if !p.Outbound || p.NoBan || !p.started || p.gone || c.protected {
		return
	}
	tip := m.tree.Tip()
	switch {
	case p.best != nil && !p.best.Work().Less(tip.Work()):
		*c = chainClock{}
		if !p.BlocksOnly && m.protected < maxProtected && m.fresh(now) {
			c.protected = true
			m.protected++
		}
	case c.target == nil, p.best != nil && !p.best.Work().Less(c.target.Work()):
		// Behind, but it has caught up with what our tip was: start anew.
		*c = chainClock{target: tip, deadline: now.Add(m.cfg.ChainTimeout)}
	case !now.After(c.deadline): // strictly later, as in Core: a mocked clock stands still
	case c.asked:
		m.disconnect(p, "outgoing peer has an old chain", false)
	default:
		// From before what it has to reach: a peer that has just that answers with it,
		// while it has nothing to say to a question from before our tip of today.
		c.asked, c.deadline = true, now.Add(m.cfg.ChainReply)
		m.ask(now, p, locator(before(c.target)))
	}
}
