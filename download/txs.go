package download

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"time"

	"github.com/troupe-node/troupe/tx"
)

// TxsConfig are the limits of the transaction machine: Core's, unless set.
type TxsConfig struct {
	// NonPreferredDelay is how long a peer that called us waits behind those we
	// called, OverloadedDelay one with MaxInFlight requests under way, and
	// TxIDDelay an announcement by txid behind those by wtxid.
	NonPreferredDelay, OverloadedDelay, TxIDDelay time.Duration
	// AnswerTimeout is how long one peer keeps the others from being asked.
	AnswerTimeout time.Duration
	// MaxInFlight is in requests, MaxAnnounced in announcements; both per peer.
	MaxInFlight, MaxAnnounced int
	// MaxTotal bounds the announcements of all peers together.
	MaxTotal int
}

func (c TxsConfig) withDefaults() TxsConfig {
	c.NonPreferredDelay = cmp.Or(c.NonPreferredDelay, 2*time.Second)
	c.OverloadedDelay = cmp.Or(c.OverloadedDelay, 2*time.Second)
	c.TxIDDelay = cmp.Or(c.TxIDDelay, 2*time.Second)
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, time.Minute)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, 100)
	c.MaxAnnounced = cmp.Or(c.MaxAnnounced, 5000)
	c.MaxTotal = cmp.Or(c.MaxTotal, 200_000)
	return c
}

// TxsPeer is what the transaction machine must know of a peer.
type TxsPeer struct {
	Preferred bool // outgoing, or with the noban permission
	Trusted   bool // with the relay permission: no limits
	WTxID     bool // announces by witness id (BIP339)
}

// Txs decides whom to ask for announced transactions (Core's txrequest). Each
// transaction is asked of one peer at a time; the others are candidates, first
// those that are preferred, and among equals the choice is random but fixed, so
// that an attacker who announces first or often gains nothing.
//
// A transaction is known by the hash it was announced by; its txid and wtxid
// are two. Who learns that both are the same says so with Forget.
type Txs struct {
	effects
	cfg   TxsConfig
	salt  uint64
	peers map[PeerID]*txsPeer
	order []*txsPeer
	wtxid int // peers that announce by witness id

	wanted map[tx.Hash]*wantedTx
	clock  deadlines
	count  int
	serial uint64
	last   time.Time
}

type txsPeer struct {
	TxsPeer
	id       PeerID
	all      map[tx.Hash]*announcement
	inflight int
	ready    []*announcement // to be asked at the next look; some may be void
}

// wantedTx are the announcements of one transaction.
type wantedTx struct {
	hash     tx.Hash
	all      []*announcement
	selected *announcement // ready or requested: at most one
	open     int           // announcements that are not done
}

// txState is the state of one peer's announcement of one transaction.
type txState uint8

const (
	delayed   txState = iota // until its time
	candidate                // may be asked when its turn comes
	ready                    // its turn has come
	requested                // asked, until its time
	done                     // answered, or had its chance
)

// announcement says that a peer has a transaction.
type announcement struct {
	peer     *txsPeer
	tx       *wantedTx
	id       TxID
	state    txState
	at       time.Time // delayed: when it may be asked; requested: until when
	priority uint64
	serial   uint64
	heap     int // index in the clock, -1 if not in it
}

// NewTxs makes a machine without peers. The salt must be unknown to them.
func NewTxs(cfg TxsConfig, salt uint64) *Txs {
	return &Txs{cfg: cfg.withDefaults(), salt: salt, peers: make(map[PeerID]*txsPeer), wanted: make(map[tx.Hash]*wantedTx)}
}

// PeerUp adds a peer whose handshake is over.
func (m *Txs) PeerUp(id PeerID, info TxsPeer) {
	if m.peers[id] != nil {
		return
	}
	p := &txsPeer{TxsPeer: info, id: id, all: make(map[tx.Hash]*announcement)}
	m.peers[id] = p
	m.order = append(m.order, p)
	if info.WTxID {
		m.wtxid++
	}
}

// PeerDown removes a peer and all it announced; others are asked instead.
func (m *Txs) PeerDown(now time.Time, id PeerID) {
	p := m.peers[id]
	if p == nil {
		return
	}
	for _, a := range p.inOrder() {
		m.finish(a)
		m.erase(a)
		m.tidy(a.tx)
	}
	delete(m.peers, id)
	m.order = slices.DeleteFunc(m.order, func(q *txsPeer) bool { return q == p })
	if p.WTxID {
		m.wtxid--
	}
	m.Tick(now)
}

// inOrder lists a peer's announcements by age: a map's order must decide
// nothing.
func (p *txsPeer) inOrder() []*announcement {
	list := make([]*announcement, 0, len(p.all))
	for _, a := range p.all {
		list = append(list, a)
	}
	slices.SortFunc(list, bySerial)
	return list
}

// Announced says that a peer has transactions that we want. It gives how many
// were beyond a limit and ignored.
func (m *Txs) Announced(now time.Time, id PeerID, ids []TxID) (shed int) {
	p := m.peers[id]
	if p == nil {
		return len(ids)
	}
	for _, x := range ids {
		if p.all[x.Hash] != nil {
			continue
		}
		if !p.Trusted && len(p.all) >= m.cfg.MaxAnnounced || m.count >= m.cfg.MaxTotal {
			shed++
			continue
		}
		m.announce(now, p, x)
	}
	m.Tick(now)
	return shed
}

func (m *Txs) announce(now time.Time, p *txsPeer, x TxID) {
	w := m.wanted[x.Hash]
	if w == nil {
		w = &wantedTx{hash: x.Hash}
		m.wanted[x.Hash] = w
	}
	m.serial++
	a := &announcement{peer: p, tx: w, id: x, state: delayed, at: now.Add(m.delay(p, x)), priority: m.priority(p, x.Hash), serial: m.serial, heap: -1}
	p.all[x.Hash] = a
	w.all = append(w.all, a)
	w.open++
	m.count++
	m.clock.push(a)
}

func (m *Txs) delay(p *txsPeer, x TxID) (d time.Duration) {
	if !p.Preferred {
		d += m.cfg.NonPreferredDelay
	}
	if !x.Witness && m.wtxid > 0 {
		d += m.cfg.TxIDDelay
	}
	if !p.Trusted && p.inflight >= m.cfg.MaxInFlight {
		d += m.cfg.OverloadedDelay
	}
	return d
}

// priority orders the peers that announced a transaction: preferred ones first,
// then at random.
func (m *Txs) priority(p *txsPeer, h tx.Hash) uint64 {
	x := m.salt ^ uint64(p.id)*0x9e3779b97f4a7c15
	for i := 0; i < len(h); i += 8 {
		hi, lo := bits.Mul64(x^binary.LittleEndian.Uint64(h[i:]), 0xd6e8feb86659fd93)
		x = hi ^ lo ^ m.salt
	}
	x >>= 1
	if p.Preferred {
		x |= 1 << 63
	}
	return x
}

// Answered says that a peer has sent a transaction, or said notfound: it is not
// asked for it again, and if the transaction is still wanted another peer is.
func (m *Txs) Answered(now time.Time, id PeerID, h tx.Hash) {
	if p := m.peers[id]; p != nil {
		if a := p.all[h]; a != nil {
			m.finish(a)
			m.tidy(a.tx)
		}
	}
	m.Tick(now)
}

// Forget says that a transaction is not wanted any more: we have it, or know
// that we do not want it.
func (m *Txs) Forget(h tx.Hash) {
	w := m.wanted[h]
	if w == nil {
		return
	}
	for len(w.all) > 0 {
		a := w.all[len(w.all)-1]
		m.leave(a)
		m.erase(a)
	}
}

// Counts says how many announcements of a peer are waiting and how many under
// way.
func (m *Txs) Counts(id PeerID) (announced, inflight int) {
	if p := m.peers[id]; p != nil {
		return len(p.all), p.inflight
	}
	return 0, 0
}

// Len is the number of announcements of all peers.
func (m *Txs) Len() int { return m.count }
