package download

import (
	"fmt"
	"time"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Arrived takes a headers message, asked for or not.
func (m *Headers) Arrived(now time.Time, id PeerID, headers []tx.Header) {
	p := m.peers[id]
	if p == nil || p.gone {
		return
	}
	if !continuous(headers) {
		m.punish(p, "non-continuous headers sequence")
		return
	}
	if p.low != nil && len(headers) > 0 {
		m.continuePresync(now, p, headers)
		return
	}
	p.asked = time.Time{} // whatever it is, it is the answer (as in Core)
	if len(headers) == 0 {
		p.low = nil
		if m.syncing == p && m.tree.Best().Height() == 0 {
			// It has nothing at all, or does not say yet. Others get their chance
			// soon; until then one is enough to ask.
			if p.nothing.IsZero() {
				p.nothing = now
			}
			return
		}
		m.finished(now, p)
		return
	}
	prev := m.tree.Lookup(headers[0].Prev)
	if prev == nil {
		m.unconnected(now, p, headers)
		return
	}
	m.connected(now, p, prev, headers)
}

// continuous says whether each header builds on the one before.
func continuous(headers []tx.Header) bool {
	for i := 1; i < len(headers); i++ {
		if headers[i].Prev != headers[i-1].Hash() {
			return false
		}
	}
	return true
}

// unconnected takes headers whose first one builds on something we do not know:
// a new block of a chain that we have not followed. We ask for what lies
// between; the peer is to blame for nothing, but when nothing else comes the
// first synchronisation goes on with another.
func (m *Headers) unconnected(now time.Time, p *headersPeer, headers []tx.Header) {
	p.unknown = headers[len(headers)-1].Hash()
	if p.stray++; p.stray >= maxStray && m.syncing == p {
		m.replace(now, p, "headers do not connect")
		return
	}
	m.ask(now, p, locator(m.tree.Best()))
}

// connected takes headers that connect, and gives them to the chain unless
// theirs has too little work.
func (m *Headers) connected(now time.Time, p *headersPeer, prev Node, headers []tx.Header) {
	p.stray = 0
	last := m.tree.Lookup(headers[len(headers)-1].Hash())
	if last != nil && !last.Failed() {
		m.settle(now, p, last, endOf(headers))
		m.checkChain(now, p)
		return
	}
	work := prev.Work()
	for i := range headers {
		work = work.Add(consensus.BlockWork(headers[i].Bits))
	}
	if threshold := m.threshold(); work.Less(threshold) && !p.Trusted {
		m.lowWork(now, p, prev, headers, threshold)
		return
	}
	if len(p.checking) >= maxChecking {
		p.again = true
		return
	}
	m.check(now, p, headers, endOf(headers))
}

// threshold is the work that a chain of headers must have to be stored.
func (m *Headers) threshold() consensus.Work {
	tip := m.tree.Tip()
	return consensus.HeaderWorkThreshold(consensus.Chainwork{Header: tip, Work: tip.Work()}, m.cfg.Params)
}

// batchEnd says what lies behind a batch of headers.
type batchEnd uint8

const (
	atEnd   batchEnd = iota // nothing that the peer has
	hasMore                 // headers that we have to ask for
	inside                  // more of the same message, or of a chain that is coming
)

func endOf(message []tx.Header) batchEnd {
	if len(message) == maxHeaders {
		return hasMore
	}
	return atEnd
}

// check gives headers to the chain, in batches of the size of a message.
func (m *Headers) check(now time.Time, p *headersPeer, headers []tx.Header, end batchEnd) {
	if len(p.checking) == 0 {
		p.since = now
	}
	for len(headers) > 0 {
		n := min(len(headers), maxHeaders)
		m.lastBatch++
		m.batches[m.lastBatch] = p
		p.checking[m.lastBatch] = inside
		if n == len(headers) {
			p.checking[m.lastBatch] = end
		}
		m.add(CheckHeaders{Peer: p.id, Batch: m.lastBatch, Headers: headers[:n:n]})
		headers = headers[n:]
	}
}

// Checked takes the chain's answer to CheckHeaders: the last header that is
// known now, nil if none is, and why it stopped if it did.
func (m *Headers) Checked(now time.Time, batch uint64, last Node, err error) {
	p := m.batches[batch]
	delete(m.batches, batch)
	defer m.Progress(now) // what others announced counts after what this peer showed
	if p == nil || m.peers[p.id] != p || p.gone {
		return
	}
	end := p.checking[batch]
	delete(p.checking, batch)
	if len(p.checking) == 0 {
		p.deadline = p.deadline.Add(now.Sub(p.since)) // our time, not the peer's
	}
	if err != nil {
		if blames(err, p.Outbound) {
			m.punish(p, fmt.Sprintf("invalid header received: %v", err))
			return
		}
		end = atEnd
	}
	if last != nil {
		if m.tree.Tip().Work().Less(last.Work()) {
			p.news = now
		}
		m.settle(now, p, last, end)
	}
	if p.again && len(p.checking) == 0 && !p.gone {
		p.again = false
		if p.low != nil {
			m.ask(now, p, p.low.locator())
		} else {
			m.ask(now, p, locator(m.tree.Best()))
		}
	}
}

// blames says whether a refused header is its sender's fault: not if only our
// clocks differ or we failed ourselves; and who calls us may not know what we
// found invalid before (Core's MaybePunishNodeForBlock).
func blames(err error, outbound bool) bool {
	switch consensus.ResultOf(err) {
	case consensus.Invalid, consensus.Mutated, consensus.HeaderInvalid, consensus.InvalidParent, consensus.MissingParent:
		return true
	case consensus.CachedInvalid:
		return outbound
	}
	return false
}

// settle notes what a peer showed to have, and asks on if there is more.
func (m *Headers) settle(now time.Time, p *headersPeer, last Node, end batchEnd) {
	m.has(p, last, end == atEnd && (m.syncing != p || m.fresh(now)))
	switch end {
	case inside:
		return
	case hasMore:
		m.ask(now, p, locator(last))
		return
	}
	enough := m.cfg.Params.HasMinimumWork
	if p.Outbound && !p.NoBan && !enough(m.tree.Tip().Work()) && !enough(p.best.Work()) {
		m.disconnect(p, "headers chain has insufficient work", false)
	}
	m.finished(now, p)
}

// finished says that a peer has told us all it has.
func (m *Headers) finished(now time.Time, p *headersPeer) {
	if m.syncing == p {
		m.syncing = nil
		m.synced = true // the others may tell what they have on top
	}
	m.start(now)
}

// punish ends the connection to a peer that broke the protocol. One that is never
// disconnected is only told on, and goes on like any other.
func (m *Headers) punish(p *headersPeer, why string) {
	if p.NoBan {
		m.add(Disconnect{Peer: p.id, Reason: why, Misbehaved: true})
		return
	}
	m.disconnect(p, why, true)
}

// disconnect ends a connection. Until it is down, nothing more is asked of the
// peer and nothing more taken from it.
func (m *Headers) disconnect(p *headersPeer, why string, misbehaved bool) {
	if p.gone {
		return
	}
	p.gone = true
	m.add(Disconnect{Peer: p.id, Reason: why, Misbehaved: misbehaved})
}
