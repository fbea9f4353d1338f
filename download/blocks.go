package download

import (
	"cmp"
	"slices"
	"time"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// BlocksConfig are the limits of the block machine. Zero values take their
// defaults.
type BlocksConfig struct {
	Params *consensus.Params

	// Window is how many heights beyond the connected tip are fetched (Core:
	// 1024).
	Window int32
	// StagingBytes bounds the blocks that are here but not connected, and those
	// on their way by estimate. The next block to connect is always let in.
	StagingBytes int
	// DeliverBlocks and DeliverBytes bound what is with the chain at once.
	DeliverBlocks, DeliverBytes int
	// MaxInFlight is how many blocks one of many peers is asked for at once
	// (Core: 16). With fewer than four peers each may have more, up to
	// MaxInFlightAlone for a single one.
	MaxInFlight, MaxInFlightAlone int
	// AnswerTimeout is how long a peer that was asked may deliver nothing: then
	// others are asked, and after twice that it is disconnected.
	AnswerTimeout time.Duration
	// Stall is the first patience with a peer that holds up everybody else
	// (Core: 2 seconds); it doubles up to StallMax with every peer found guilty
	// and shrinks as blocks connect.
	Stall, StallMax time.Duration
	// HedgeTip is how long a new block may be on its way from the peer that
	// announced it before another is asked too.
	HedgeTip time.Duration
	// Near is how many heights ahead of our tip a chain may be for its blocks to
	// be handed on in any order.
	Near int32
}

func (c BlocksConfig) withDefaults() BlocksConfig {
	c.Window = cmp.Or(c.Window, 1024)
	c.StagingBytes = cmp.Or(c.StagingBytes, 256<<20)
	c.DeliverBlocks = cmp.Or(c.DeliverBlocks, 256)
	c.DeliverBytes = cmp.Or(c.DeliverBytes, 64<<20)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, 16)
	c.MaxInFlightAlone = cmp.Or(c.MaxInFlightAlone, 128)
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 2*time.Minute)
	c.Stall = cmp.Or(c.Stall, 2*time.Second)
	c.StallMax = cmp.Or(c.StallMax, 64*time.Second)
	c.HedgeTip = cmp.Or(c.HedgeTip, time.Second)
	c.Near = cmp.Or(c.Near, 16)
	return c
}

// BlocksPeer is what the block machine must know of a peer.
type BlocksPeer struct {
	Serves    bool // NODE_NETWORK: has all blocks
	Limited   bool // NODE_NETWORK_LIMITED only: has the last 288 (BIP159)
	Witness   bool // NODE_WITNESS: can send blocks as they are since segwit
	Preferred bool // outgoing, or with the noban permission
	NoBan     bool // never disconnected for being slow
}

// Blocks fetches the bodies of the best header chains that peers have. It owns
// what the tutorial called blocksInTransit: the leases.
//
// A block of such a chain within the window is wanted. A wanted block is
// needed, leased to a peer (to two when the first lets everybody wait), staged
// when it has arrived, and delivered when the chain has it to connect. While
// catching up, blocks are delivered in order of height.
type Blocks struct {
	effects
	cfg   BlocksConfig
	tree  Tree
	peers map[PeerID]*blocksPeer
	order []*blocksPeer // by arrival

	wants  map[tx.Hash]*want
	tracks []*track // most work first

	stagedBytes    int // staged and delivered
	delivered      int // blocks with the chain
	deliveredBytes int
	leases         int
	typical        int // bytes of a recent block, to reserve for those on their way

	stall  stallClock
	looked time.Time // when slow peers were last looked for
}

// NewBlocks makes a machine without peers.
func NewBlocks(cfg BlocksConfig, tree Tree) *Blocks {
	cfg = cfg.withDefaults()
	return &Blocks{cfg: cfg, tree: tree, peers: make(map[PeerID]*blocksPeer), wants: make(map[tx.Hash]*want), stall: stallClock{patience: cfg.Stall}}
}

// PeerUp adds a peer whose handshake is over.
func (m *Blocks) PeerUp(_ time.Time, id PeerID, info BlocksPeer) {
	if m.peers[id] != nil {
		return
	}
	p := &blocksPeer{BlocksPeer: info, id: id, window: firstWindow}
	p.measure(m.tracks)
	m.peers[id] = p
	m.order = append(m.order, p)
}

// PeerDown removes a peer; what it was asked for is needed again, from others
// at once.
func (m *Blocks) PeerDown(now time.Time, id PeerID) {
	p := m.peers[id]
	if p == nil {
		return
	}
	m.release(now, p, 0, "peer went away")
	delete(m.peers, id)
	m.order = slices.DeleteFunc(m.order, func(q *blocksPeer) bool { return q == p })
	m.retarget()
	m.assign(now)
}

// PeerHas says that a peer has the chain that ends with n. direct means that it
// just announced it: then it is asked for the newest blocks first, as it is sure
// to have them, and even if it has another chain with more work: whose blocks it
// may never send (Core's direct fetch looks at the announced header alone).
func (m *Blocks) PeerHas(now time.Time, id PeerID, n Node, direct bool) {
	p := m.peers[id]
	if p == nil || n == nil {
		return
	}
	if p.best == nil || p.best.Failed() || !n.Work().Less(p.best.Work()) {
		p.best = n
	}
	if direct {
		p.told = n
	}
	m.retarget()
	p.measure(m.tracks)
	if direct {
		m.announcedBy(p, n)
	}
	m.assign(now)
}

// Progress says that the tip moved or the header tree changed.
func (m *Blocks) Progress(now time.Time) {
	m.retarget()
	m.deliver(now)
	m.assign(now)
}

// Paused says that we do not read from a peer at the moment, for reasons of our
// own: its clocks stand still and it is asked for nothing new.
func (m *Blocks) Paused(now time.Time, id PeerID, paused bool) {
	p := m.peers[id]
	if p == nil || p.paused == paused {
		return
	}
	p.paused = paused
	if !paused {
		p.progress = now
		m.assign(now)
	}
}

// NotFound says that a peer does not have blocks it was asked for. It is not
// asked for them again for a while.
func (m *Blocks) NotFound(now time.Time, id PeerID, hashes []tx.Hash) {
	p := m.peers[id]
	if p == nil {
		return
	}
	for _, h := range hashes {
		w := m.wants[h]
		if w == nil || !m.drop(p, w) {
			p.came(h) // it may be asked for it again
			continue
		}
		w.deny(now, p.id)
		m.need(now, w, "peer said notfound")
	}
	m.assign(now)
}

// Tick looks at the clocks. It wants to be called about ten times a second.
func (m *Blocks) Tick(now time.Time) {
	m.checkAnswers(now)
	m.checkStall(now)
	m.checkSlow(now)
	m.hedgeTip(now)
	m.assign(now)
}
