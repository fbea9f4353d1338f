package msg

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/download"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// PeerID numbers connections; it is never used twice in a process.
type PeerID = download.PeerID

// ConnType is why a connection exists, by Core's names in getpeerinfo.
type ConnType string

// The types of connections.
const (
	Inbound       ConnType = "inbound"
	OutboundRelay ConnType = "outbound-full-relay"
	BlockRelay    ConnType = "block-relay-only"
	Manual        ConnType = "manual"
	Feeler        ConnType = "feeler"
	AddrFetch     ConnType = "addr-fetch"
)

// Peer is one connection as everybody sees it: facts that never change, facts
// that the handshake settles, and counters that conn alone writes.
type Peer struct {
	ID          PeerID
	Addr        netaddr.AddrPort // the other end
	AddrName    string           // as addnode or -connect named it; else Addr
	Bind        netaddr.AddrPort // our end
	Onion       bool             // it called the target of our onion service
	Type        ConnType
	Permissions config.Permission
	Since       time.Time

	ref   atomic.Pointer[kit.Ref]
	hello atomic.Pointer[Hello]
	Stats PeerStats
}

// Hello is what the handshake settled.
type Hello struct {
	Version     int32
	Services    wire.Services
	UserAgent   string // cleaned as Core cleans it
	StartHeight int32
	Relay       bool // wants announcements of transactions
	WTxIDRelay  bool
	AddrV2      bool
	TimeOffset  time.Duration    // its clock less ours
	Local       netaddr.AddrPort // what it calls us
	At          time.Time        // when both sides had said verack
}

// Inbound tells whether the other side called us.
func (p *Peer) Inbound() bool { return p.Type == Inbound }

// RelaysTxs tells whether transactions are any matter of the connection: of those
// that are for blocks alone, or only look whether somebody is there, they are not.
func (p *Peer) RelaysTxs() bool { return p.Type != BlockRelay && p.Type != Feeler }

// Network is the one that the connection goes through (Core's ConnectedThroughNetwork);
// None if it is not of those that everybody can reach.
func (p *Peer) Network() netaddr.Network {
	switch {
	case p.Onion:
		return netaddr.TorV3
	case !p.Addr.Addr.IsRoutable():
		return netaddr.None
	}
	return p.Addr.Addr.Network()
}

// Ref is the conn actor; zero before it started.
func (p *Peer) Ref() kit.Ref {
	if r := p.ref.Load(); r != nil {
		return *r
	}
	return kit.Ref{}
}

// Number is the connection's number as people see it.
func (p *Peer) Number() int64 { return ShownID(p.ID) }

// ShownID is a number as people see it: the first connection's is 0, as in Core.
// Ours begin at 1, for zero stands for our operator.
func ShownID(id PeerID) int64 { return int64(id) - 1 }

// FromShownID is the connection that people call by a number.
func FromShownID(n int64) PeerID { return PeerID(n + 1) }

// SetRef is conn's.
func (p *Peer) SetRef(r kit.Ref) { p.ref.Store(&r) }

// Hello is nil until the handshake is over.
func (p *Peer) Hello() *Hello { return p.hello.Load() }

// SetHello is conn's.
func (p *Peer) SetHello(h *Hello) { p.hello.Store(h) }

// PeerStats are counters of one connection. Only its conn writes them, but for
// what says otherwise.
type PeerStats struct {
	BytesSent, BytesRecv atomic.Int64
	LastSend, LastRecv   atomic.Int64 // unix seconds
	LastTx, LastBlock    atomic.Int64 // unix seconds of the last new one it gave us
	PingMicros           atomic.Int64 // last round trip; 0 before the first
	MinPingMicros        atomic.Int64
	PingSince            atomic.Int64 // unix microseconds of the ping under way; 0 if none
	FeeFilter            atomic.Int64 // satoshis per kvB that it wants at least
	BestHeader           atomic.Pointer[tx.Hash]
	SyncedHeaders        atomic.Int32 // height of the last common header; -1 unknown
	SyncedBlocks         atomic.Int32
	Presynced            atomic.Int32 // height to which a low-work chain was added up; -1 none. Only headers writes it.
	LastNews             atomic.Int64 // unix seconds of the last header with more work than our tip; 0 none. Only headers writes it.
	Protected            atomic.Bool  // not closed for a poor chain or to make room. Only headers writes it.
	AddrProcessed        atomic.Int64
	AddrRateLimited      atomic.Int64
	AddrRelay            atomic.Bool // addresses are told to this peer
	// InFlight are the heights of the blocks asked of it. Only blocks writes it.
	InFlight   atomic.Pointer[[]int32]
	Sent, Recv CommandBytes
}

// CommandBytes counts bytes by command. The commands are few and known; all
// others share one place, named "*other*" as in Core.
type CommandBytes struct{ counts [commandSlots]atomic.Int64 }

// OtherCommand is where unknown commands are counted.
const OtherCommand = "*other*"

const commandSlots = 48

var (
	commandNames = func() []string {
		names := wire.Commands()
		slices.Sort(names)
		return append(names, OtherCommand)
	}()
	commandIndex = func() map[string]int {
		index := make(map[string]int, len(commandNames))
		for i, name := range commandNames {
			index[name] = i
		}
		return index
	}()
)

// Add counts n bytes of one message.
func (c *CommandBytes) Add(command string, n int) {
	i, ok := commandIndex[command]
	if !ok {
		i = len(commandNames) - 1
	}
	c.counts[i].Add(int64(n))
}

// Each calls f with every command that was counted, in order of names.
func (c *CommandBytes) Each(f func(command string, bytes int64)) {
	for i, name := range commandNames {
		if n := c.counts[i].Load(); n > 0 {
			f(name, n)
		}
	}
}

// PeerList is the connections in the order in which they came, shaken hands or
// not.
type PeerList struct {
	Peers []*Peer
	// Added are the nodes of addnode, as they were written.
	Added []string
	// Bans are those of setban, also the ones that are over but not yet swept.
	Bans []addrbook.Ban
	// Known counts the addresses in the book.
	Known int
	// NetworkActive is false while setnetworkactive holds the network still.
	NetworkInactive bool
	// Bytes of the connections that have ended.
	EndedSent, EndedRecv int64
}

// ByID finds a peer, or nil.
func (l *PeerList) ByID(id PeerID) *Peer {
	for _, p := range l.Peers {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// ConnUp says that a handshake is over. Sender: conn.
type ConnUp struct{ Peer *Peer }

// Shutdown is why a connection ends that lasted until the node does.
const Shutdown = "shutdown"

// ConnDown says that a connection has ended, after its last frame was handled.
// Sender: conn.
type ConnDown struct {
	Peer   *Peer
	Reason string
}

var (
	_ = kit.Register[*ConnUp](kit.Message{
		Lane: kit.Control, Full: kit.Hold, Role: kit.Event, From: []string{KindConn},
		To: []string{KindRegistry, KindHeaders, KindBlocks, KindTxFetch, KindObserver}, Doc: "a peer has shaken hands",
	})
	_ = kit.Register[*ConnDown](kit.Message{
		Lane: kit.Control, Full: kit.Hold, Role: kit.Event, From: []string{KindConn},
		To: []string{KindRegistry, KindHeaders, KindBlocks, KindTxFetch, KindObserver}, Doc: "a peer is gone",
	})
)

// PeerIDs gives connections their numbers, from 1 in this process: zero stands
// for our operator.
type PeerIDs struct{ last atomic.Int64 }

// Next is a number that was not given before.
func (n *PeerIDs) Next() PeerID { return PeerID(n.last.Add(1)) }
