package msg

import (
	"errors"
	"net"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// Accepted gives registry a socket that a listener took. Sender: listener.
// Registry closes it when there is no slot.
type Accepted struct {
	Conn        net.Conn
	Permissions config.Permission // of the address we were called on (-whitebind)
	Onion       bool              // that address is the target of an onion service
}

// Release closes the socket.
func (m *Accepted) Release() { m.Conn.Close() }

// Dial asks dialer for a connection. Sender: registry. Answer: *Dialed.
type Dial struct {
	Addr netaddr.AddrPort
	Name string // to resolve, when Addr is zero
	Type ConnType
}

// Dialed answers Dial.
type Dialed struct {
	Dial *Dial
	Conn net.Conn
	Err  error
}

// Release closes the socket of an answer that nobody took.
func (m *Dialed) Release() {
	if m.Conn != nil {
		m.Conn.Close()
	}
}

// AddrsArrived gives registry addresses that a peer knows. Sender: conn, which
// has applied the peer's rate limit. Fresh says that they are news, and not the
// answer to a question of ours: those of them that were seen just now are passed
// on.
type AddrsArrived struct {
	Peer  *Peer
	Addrs []wire.PeerAddr
	Fresh bool
}

// Size is what the list takes.
func (m *AddrsArrived) Size() int { return 64 + 64*len(m.Addrs) }

// AddrsWanted asks for addresses to tell a peer (getaddr). Sender: conn.
// Answer: *AddrsChosen.
type AddrsWanted struct{ Peer *Peer }

// AddrsChosen answers AddrsWanted.
type AddrsChosen struct{ Addrs []wire.PeerAddr }

// Misbehaved says that a peer broke the protocol; its conn is going to end. The
// address is discouraged. Sender: conn.
type Misbehaved struct {
	Peer   *Peer
	Reason string
}

// PeerCommand is an operator's order about connections. Sender: outside.
// Answer: *Done.
type PeerCommand struct {
	What    PeerOrder
	Node    string // "host:port" or "host"
	ID      PeerID // for DropPeer without Node
	Ban     *Ban   // for SetBan
	On      bool   // for SetNetworkActive; for AddAddress: it is known to answer
	Type    ConnType
	Addr    netaddr.AddrPort // for AddAddress
	Message wire.Message     // for SendMessage
}

// BookWanted asks for what the address book holds, or for what of it may be passed
// on. Sender: outside.
// Answer: *BookShown.
type BookWanted struct {
	Shareable bool
	Places    bool // where they are kept, too
}

// BookShown answers BookWanted: with the entries in no order, or with the tables.
type BookShown struct {
	Entries    []addrbook.Info
	New, Tried []addrbook.Place
}

// Ban is what setban says about a subnet.
type Ban struct {
	Subnet netaddr.Subnet
	Until  int64 // unix seconds
	Lift   bool
}

// What registry answers to orders that it cannot carry out, in Core's words.
var (
	ErrNodeAdded        = errors.New("Error: Node already added")
	ErrNodeNotAdded     = errors.New("Error: Node could not be removed. It has not been added previously.")
	ErrNodeNotConnected = errors.New("Node not found in connected nodes")
	ErrAlreadyBanned    = errors.New("Error: IP/Subnet already banned")
	ErrNoCapacity       = errors.New("Error: Already at capacity for specified connection type.")
	ErrNotInNew         = errors.New("failed-adding-to-new")
	ErrNotInTried       = errors.New("failed-adding-to-tried")
	ErrNotBanned        = errors.New("Error: Unban failed. Requested address/subnet was not previously manually banned.")
)

// PeerOrder is what a PeerCommand orders.
type PeerOrder uint8

// The orders, as the RPC methods define them.
const (
	AddNode    PeerOrder = iota // addnode add
	RemoveNode                  // addnode remove
	TryNode                     // addnode onetry
	DropPeer                    // disconnectnode
	PingPeers                   // ping
	SetBan                      // setban
	ClearBans                   // clearbanned
	SetNetworkActive
	Connect     // addconnection
	AddAddress  // addpeeraddress
	SendMessage // sendmsgtopeer
)

// PingNow asks a conn to ping its peer. Sender: registry.
type PingNow struct{}

var (
	_ = kit.Register[*Accepted](kit.Message{
		Lane: kit.Gossip, Full: kit.Shed, Role: kit.Work, From: []string{KindListener}, To: []string{KindRegistry},
		Doc: "somebody called; when it is shed the socket closes",
	})
	_ = kit.Register[*Dial](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindRegistry}, To: []string{KindDialer},
		Reply: "*Dialed", Doc: "call this address",
	})
	_ = kit.Register[*Dialed](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindDialer}, To: []string{KindRegistry}, Doc: "a socket, or why not",
	})
	_ = kit.Register[*AddrsArrived](kit.Message{
		Lane: kit.Gossip, Full: kit.Shed, Role: kit.Work, From: []string{KindConn}, To: []string{KindRegistry},
		Doc: "addresses a peer knows",
	})
	_ = kit.Register[*AddrsWanted](kit.Message{
		Lane: kit.Gossip, Full: kit.Hold, Role: kit.Work, From: []string{KindConn}, To: []string{KindRegistry},
		Reply: "*AddrsChosen", Doc: "a peer asks for addresses",
	})
	_ = kit.Register[*AddrsChosen](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindRegistry}, To: []string{KindConn}, Doc: "addresses for a peer",
	})
	_ = kit.Register[*Misbehaved](kit.Message{
		Lane: kit.Control, Full: kit.Hold, Role: kit.Event, From: []string{KindConn}, To: []string{KindRegistry},
		Doc: "a peer broke the protocol",
	})
	_ = kit.Register[*PeerCommand](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindRegistry},
		Reply: "*Done", Doc: "an operator's order about connections",
	})
	_ = kit.Register[*BookWanted](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindRegistry},
		Reply: "*BookShown", Doc: "what the address book holds",
	})
	_ = kit.Register[*BookShown](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindRegistry}, To: []string{KindOutside}, Doc: "addresses and what is known of them",
	})
	_ = kit.Register[*PingNow](kit.Message{
		Lane: kit.Control, Full: kit.Conflate, Role: kit.Return, From: []string{KindRegistry}, To: []string{KindConn},
		Doc: "ping the peer now",
	})
)
