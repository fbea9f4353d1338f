package download

import (
	"cmp"
	"slices"
	"time"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// maxHeaders is what a headers message holds. A full one means that there are
// more (Core's MAX_HEADERS_RESULTS).
const maxHeaders = 2000

// maxChecking bounds the batches of one peer that are with the chain at once.
// A peer that sends more is asked again when they are done.
const maxChecking = 8

// maxStray is how many messages in a row may lead nowhere during the first
// synchronisation.
const maxStray = 10

// emptyWait is how long the first peer is asked alone that told us nothing.
const emptyWait = 10 * time.Second

// HeadersConfig are the durations of the header machine and the chain's rules.
// Zero durations take their defaults.
type HeadersConfig struct {
	Params *consensus.Params

	// AnswerTimeout is how long an unanswered getheaders keeps us from sending
	// the next (Core: 2 minutes).
	AnswerTimeout time.Duration
	// SyncTimeout and PerHeader are what the first synchronisation may take:
	// a base and a part per header expected (Core: 15 minutes and 1 ms).
	SyncTimeout, PerHeader time.Duration
	// StaleTip is the age of the best header up to which all peers are asked,
	// not one alone (Core: 24 hours).
	StaleTip time.Duration
	// ChainTimeout and ChainReply are for outgoing connections whose chain
	// stays behind ours: after the first they are asked, after the second they
	// are closed (Core: 20 and 2 minutes).
	ChainTimeout, ChainReply time.Duration
}

func (c HeadersConfig) withDefaults() HeadersConfig {
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 2*time.Minute)
	c.SyncTimeout = cmp.Or(c.SyncTimeout, 2*time.Minute)
	c.PerHeader = cmp.Or(c.PerHeader, time.Millisecond)
	c.StaleTip = cmp.Or(c.StaleTip, 24*time.Hour)
	c.ChainTimeout = cmp.Or(c.ChainTimeout, 20*time.Minute)
	c.ChainReply = cmp.Or(c.ChainReply, 2*time.Minute)
	return c
}

// HeadersPeer is what the header machine must know of a peer.
type HeadersPeer struct {
	Outbound bool // we called it, automatically: replaceable when its chain is poor
	// BlocksOnly is an outgoing peer that may always be replaced for a better one.
	BlocksOnly bool
	Preferred  bool // outgoing, or with the noban permission
	NoBan      bool // never disconnected for being slow or wrong
	Trusted    bool // has the noban permission: its chain is stored whatever its work (as in Core)
	Serves     bool // offers blocks, at least the latest
}

// Headers follows the header chains of the peers. During the first
// synchronisation one peer is asked; later all of them are, and all may
// announce. At most one getheaders is under way per peer.
type Headers struct {
	effects
	cfg   HeadersConfig
	tree  Tree
	peers map[PeerID]*headersPeer
	order []*headersPeer // by arrival: a map's order must decide nothing

	syncing   *headersPeer // whom the first synchronisation waits for
	synced    bool         // some peer has told us all it has
	batches   map[uint64]*headersPeer
	lastBatch uint64
	invAsked  tx.Hash // block whose inv made us ask a peer we do not synchronise with
	protected int     // outgoing peers that will not be closed for their chain
	seed      func() uint64
}

// headersPeer is the machine's view of one peer.
type headersPeer struct {
	HeadersPeer
	id      PeerID
	best    Node    // the chain it is known to have
	unknown tx.Hash // a block it announced and we do not know yet

	started  bool                // asked for everything once
	asked    time.Time           // getheaders under way since; zero: none
	deadline time.Time           // of its part in the first synchronisation
	nothing  time.Time           // it told us nothing while we had nothing
	failed   bool                // that part was taken from it
	checking map[uint64]batchEnd // batches that are with the chain
	since    time.Time           // our chain has been checking its headers since
	again    bool                // more came than we could check: ask when done
	invSeen  bool                // asked because of an inv before we synchronised with it
	stray    int                 // messages in a row that did not connect
	news     time.Time           // it last showed us a header with more work than our tip
	gone     bool                // about to be disconnected
	low      *presync            // its chain has too little work to be stored yet

	chain chainClock
}

// NewHeaders makes a machine without peers. random decides which headers of a
// low-work chain are remembered; peers must not be able to foresee it.
func NewHeaders(cfg HeadersConfig, tree Tree, random func() uint64) *Headers {
	return &Headers{cfg: cfg.withDefaults(), tree: tree, peers: make(map[PeerID]*headersPeer), batches: make(map[uint64]*headersPeer), seed: random}
}

// PeerUp adds a peer whose handshake is over.
func (m *Headers) PeerUp(now time.Time, id PeerID, info HeadersPeer) {
	if m.peers[id] != nil {
		return
	}
	p := &headersPeer{HeadersPeer: info, id: id, checking: make(map[uint64]batchEnd)}
	m.peers[id] = p
	m.order = append(m.order, p)
	m.start(now)
	m.checkChain(now, p)
}

// PeerDown removes a peer. Another takes over what it was doing.
func (m *Headers) PeerDown(now time.Time, id PeerID) {
	p := m.peers[id]
	if p == nil {
		return
	}
	delete(m.peers, id)
	m.order = slices.DeleteFunc(m.order, func(q *headersPeer) bool { return q == p })
	if p.chain.protected {
		m.protected--
	}
	if m.syncing == p {
		m.syncing = nil
	}
	m.start(now)
}

// start begins to synchronise with those whose turn it is.
func (m *Headers) start(now time.Time) {
	if m.synced || m.fresh(now) {
		for _, p := range m.order {
			if p.Serves && !p.started && !p.gone {
				m.startWith(now, p)
			}
		}
		return
	}
	if m.syncing != nil {
		return
	}
	var next *headersPeer
	for _, p := range m.order {
		if p.Serves && !p.failed && !p.gone && (next == nil || p.Preferred && !next.Preferred) {
			next = p
		}
	}
	if next == nil { // all had their chance: they get another
		for _, p := range m.order {
			p.failed = false
			if p.Serves && !p.gone && next == nil {
				next = p
			}
		}
	}
	if next != nil {
		m.syncing = next
		expected := max(0, now.Unix()-int64(m.tree.Best().Time())) / m.cfg.Params.TargetSpacing
		next.deadline = now.Add(m.cfg.SyncTimeout + time.Duration(expected)*m.cfg.PerHeader)
		next.asked = time.Time{}
		m.startWith(now, next)
	}
}

// startWith asks for everything after the parent of our best header, so that
// even a peer with nothing new answers with a header and shows what it has.
func (m *Headers) startWith(now time.Time, p *headersPeer) {
	p.started = true
	m.ask(now, p, locator(before(m.tree.Best())))
}

// ask sends getheaders unless one is under way.
func (m *Headers) ask(now time.Time, p *headersPeer, locator []tx.Hash) {
	if p.gone || !p.asked.IsZero() && now.Sub(p.asked) < m.cfg.AnswerTimeout {
		return
	}
	p.asked = now
	m.add(AskHeaders{p.id, locator})
}

// fresh says that our best header is about as new as the chain.
func (m *Headers) fresh(now time.Time) bool {
	return now.Sub(time.Unix(int64(m.tree.Best().Time()), 0)) < m.cfg.StaleTip
}

// Announced says that a peer has blocks by these hashes (inv). The last one
// unknown is enough to ask for.
func (m *Headers) Announced(now time.Time, id PeerID, hashes []tx.Hash) {
	p := m.peers[id]
	if p == nil || p.gone {
		return
	}
	var unknown tx.Hash
	for _, h := range hashes {
		if n := m.tree.Lookup(h); n != nil {
			m.has(p, n, false)
		} else {
			unknown, p.unknown = h, h
		}
	}
	if unknown.IsZero() {
		return
	}
	if !p.started {
		// One such peer per new block: enough to learn of it, too few for
		// everybody to send us the same headers.
		if p.invSeen || m.invAsked == unknown {
			return
		}
		p.invSeen, m.invAsked = true, unknown
	}
	m.ask(now, p, locator(m.tree.Best()))
}

// has notes that a peer has the chain that ends with n.
func (m *Headers) has(p *headersPeer, n Node, direct bool) {
	better := p.best == nil || p.best.Failed() || p.best.Work().Less(n.Work())
	if better {
		p.best = n
	}
	if better || direct {
		m.add(PeerHas{p.id, n, direct})
	}
}

// Best is the header with the most work that a peer is known to have, or nil.
func (m *Headers) Best(id PeerID) Node {
	if p := m.peers[id]; p != nil {
		return p.best
	}
	return nil
}

// News is when a peer last showed us a header with more work than our tip had (zero:
// never), and whether it is never closed for its chain.
func (m *Headers) News(id PeerID) (at time.Time, protected bool) {
	if p := m.peers[id]; p != nil {
		return p.news, p.chain.protected
	}
	return time.Time{}, false
}

// Progress says that the tree has grown or the tip moved.
func (m *Headers) Progress(now time.Time) {
	m.recognise()
	m.start(now)
	for _, p := range m.order {
		m.checkChain(now, p)
	}
}

// recognise looks whether a block is known by now that a peer announced by its
// hash alone. While headers are with the chain it waits: whose headers they are is
// asked for the blocks first, as the one who surely has them (Core's direct fetch).
func (m *Headers) recognise() {
	if len(m.batches) > 0 {
		return
	}
	for _, p := range m.order {
		if p.unknown.IsZero() {
			continue
		}
		if n := m.tree.Lookup(p.unknown); n != nil {
			p.unknown = tx.Hash{}
			m.has(p, n, false)
		}
	}
}

// Tick looks at the clocks. It wants to be called every second or so.
func (m *Headers) Tick(now time.Time) {
	for _, p := range slices.Clone(m.order) {
		if m.syncing == p && !p.nothing.IsZero() && now.Sub(p.nothing) >= emptyWait {
			p.nothing = time.Time{}
			m.finished(now, p)
		}
		m.checkSync(now, p)
		if p.low != nil && now.Sub(p.asked) >= m.cfg.AnswerTimeout {
			p.low = nil // it stopped in the middle of a chain of little work
		}
		m.checkChain(now, p)
	}
	m.start(now)
}

// checkSync takes the first synchronisation from a peer that is too slow, if
// there is another. While our own chain is checking, nobody is too slow.
func (m *Headers) checkSync(now time.Time, p *headersPeer) {
	if m.syncing != p || len(p.checking) > 0 {
		return
	}
	silent := !p.asked.IsZero() && now.Sub(p.asked) >= m.cfg.AnswerTimeout
	if !silent && now.Before(p.deadline) {
		return
	}
	if m.fresh(now) {
		m.syncing = nil // the race is over
		return
	}
	m.replace(now, p, "Timeout downloading headers, disconnecting")
}

// replace gives the first synchronisation to another peer. The connection is kept
// unless there is another that we chose: who fills our slots with callers must not
// make us hang up (Core's rule). Who is the only one gets another chance.
func (m *Headers) replace(now time.Time, p *headersPeer, why string) {
	m.syncing = nil
	p.failed = true
	others := slices.ContainsFunc(m.order, func(q *headersPeer) bool { return q != p && q.Serves && q.Preferred && !q.failed && !q.gone })
	switch {
	case others && !p.NoBan:
		m.disconnect(p, why, false)
	case others:
		m.add(Note{p.id, "Timeout downloading headers from noban peer, not disconnecting"})
	}
	p.asked, p.stray = time.Time{}, 0
	m.start(now)
}
