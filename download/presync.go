package download

import (
	"fmt"
	"time"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// A chain of headers with little work costs nothing to make, so it must not
// cost us memory. As in Core (headerssync.cpp), such a chain is fetched twice.
// The first time only its work is added up, and one bit of every 600th hash is
// remembered. If it reaches the work that is asked for, it is fetched again, and
// headers are let through as soon as enough bits behind them have come out the
// same: faking that would take as much work as the chain claims to have.
const (
	commitEvery = 600
	// letThrough is how many headers are held back: each is covered by about
	// 24 bits behind it.
	letThrough = 14_827
	// A chain cannot be longer than six blocks a second since it began, by the
	// median time rule.
	headersPerSecond = 6
	presyncSlack     = 4 * time.Hour
)

// presync is the state of one peer's low-work chain.
type presync struct {
	start    Node
	required consensus.Work
	params   *consensus.Params
	salt     uint64
	offset   int32
	most     int // bits that a chain of this age can have

	again  bool // second time
	bits   bitQueue
	work   consensus.Work
	height int32
	last   tx.Hash
	target uint32
	held   []tx.Header
	all    bool // second time, and the required work was reached
}

func newPresync(now time.Time, p *consensus.Params, start Node, required consensus.Work, random uint64) *presync {
	age := now.Sub(time.Unix(int64(start.Time()), 0)) + presyncSlack
	return &presync{
		start: start, required: required, params: p, salt: random, offset: int32(random % commitEvery),
		most: int(max(0, age/time.Second))*headersPerSecond/commitEvery + 1,
		work: start.Work(), height: start.Height(), last: start.Hash(), target: start.Bits(),
	}
}

// bit is what is remembered of a header's hash.
func (s *presync) bit(h tx.Hash) bool {
	x := s.salt
	for i := range 4 {
		for j := range 8 {
			x = (x ^ uint64(h[8*i+j])) * 0x100000001b3
		}
		x ^= x >> 29
	}
	return x>>33&1 == 1
}

// next checks one header and moves on to it.
func (s *presync) next(h *tx.Header) error {
	hash := h.Hash()
	if h.Prev != s.last {
		return fmt.Errorf("does not follow the one before at height %d", s.height+1)
	}
	if err := consensus.CheckHeader(h, hash, s.params); err != nil {
		return err
	}
	if !consensus.PermittedTransition(s.height+1, s.target, h.Bits, s.params) {
		return fmt.Errorf("changes the difficulty more than allowed at height %d", s.height+1)
	}
	s.height++
	s.last, s.target = hash, h.Bits
	s.work = s.work.Add(consensus.BlockWork(h.Bits))
	s.all = s.again && !s.work.Less(s.required)
	if s.height%commitEvery != s.offset || s.all {
		return nil
	}
	if !s.again {
		if s.bits.push(s.bit(hash)); s.bits.len() > s.most {
			return fmt.Errorf("more headers than time since height %d", s.start.Height())
		}
		return nil
	}
	if s.bits.len() == 0 || s.bits.pop() != s.bit(hash) {
		return fmt.Errorf("another chain than the first time at height %d", s.height)
	}
	return nil
}

// take works through a message. pass are headers that may be stored; done says
// that nothing more is to be fetched this way; err that the chain is of no use.
func (s *presync) take(headers []tx.Header) (pass []tx.Header, done bool, err error) {
	full := len(headers) == maxHeaders
	for i := range headers {
		if err := s.next(&headers[i]); err != nil {
			return nil, true, err
		}
		if s.again {
			s.held = append(s.held, headers[i])
		} else if !s.work.Less(s.required) {
			// Enough work: begin again from the start.
			s.again, s.work, s.height, s.last, s.target = true, s.start.Work(), s.start.Height(), s.start.Hash(), s.start.Bits()
			return nil, false, nil
		}
	}
	switch {
	case s.all:
		pass, s.held = s.held, nil
		return pass, true, nil
	case len(s.held) > letThrough:
		n := len(s.held) - letThrough
		pass = s.held[:n:n]
		s.held = s.held[n:]
	}
	return pass, !full, nil
}

// Presynced is how far the work of a peer's low-work chain has been added up; -1 when
// none is being followed, or when it is being fetched for good (getpeerinfo's
// presynced_headers).
func (m *Headers) Presynced(id PeerID) int32 {
	if p := m.peers[id]; p != nil && p.low != nil && !p.low.again {
		return p.low.height
	}
	return -1
}

// lowWork begins with a chain of too little work, or leaves it alone if its
// peer has no more of it.
func (m *Headers) lowWork(now time.Time, p *headersPeer, prev Node, headers []tx.Header, required consensus.Work) {
	if len(headers) < maxHeaders {
		m.add(Note{p.id, fmt.Sprintf("Ignoring low-work chain (height=%d)", int(prev.Height())+len(headers))})
		m.finished(now, p) // it ends here: nothing worth storing
		return
	}
	p.low = newPresync(now, m.cfg.Params, prev, required, m.seed())
	m.continuePresync(now, p, headers)
}

// continuePresync takes the next message of a low-work chain. One that does not
// follow is an announcement that crossed our question: the answer is still to
// come.
func (m *Headers) continuePresync(now time.Time, p *headersPeer, headers []tx.Header) {
	s := p.low
	if headers[0].Prev != s.last {
		return
	}
	p.asked = time.Time{}
	pass, done, err := s.take(headers)
	if done {
		p.low = nil
	}
	if len(pass) > 0 {
		end := inside
		if done {
			end = endOf(headers)
		}
		m.check(now, p, pass, end)
	}
	switch {
	case !done && len(p.checking) >= maxChecking:
		p.again = true // our chain is behind
	case !done:
		m.ask(now, p, s.locator())
	case err != nil || len(pass) == 0:
		m.finished(now, p)
	}
}

// locator continues where the chain stands. If the peer has changed its mind,
// the rest of the locator leads it back to the start.
func (s *presync) locator() []tx.Hash {
	hashes := locator(s.start)
	if s.last != s.start.Hash() {
		hashes = append([]tx.Hash{s.last}, hashes...)
	}
	return hashes
}

// bitQueue holds bits, first in, first out.
type bitQueue struct {
	words      []uint64
	head, tail int
}

func (q *bitQueue) len() int { return q.tail - q.head }

func (q *bitQueue) push(bit bool) {
	if q.tail%64 == 0 {
		q.words = append(q.words, 0)
	}
	if bit {
		q.words[q.tail/64] |= 1 << (q.tail % 64)
	}
	q.tail++
}

func (q *bitQueue) pop() bool {
	bit := q.words[q.head/64]>>(q.head%64)&1 == 1
	q.head++
	return bit
}
