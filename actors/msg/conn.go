package msg

import (
	"net"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/wire"
)

// StartConn asks root for a conn actor around a socket that has a slot.
// Sender: registry. The new conn says ConnUp, or just ends.
type StartConn struct {
	Peer *Peer
	Conn net.Conn
}

// Release closes the socket of a StartConn that nobody took.
func (m *StartConn) Release() { m.Conn.Close() }

// SendToPeer asks a conn to queue a message to its peer. Sender: headers,
// blocks, txfetch, registry. It travels in the control lane, so that it is
// queued before the answer to the frame that caused it.
type SendToPeer struct{ Message wire.Message }

// TellAddrs gives a conn addresses for its peer to hear of, at a moment of its
// own. Sender: registry.
type TellAddrs struct{ Addrs []wire.PeerAddr }

// Size is what the list takes.
func (m *TellAddrs) Size() int { return 64 + 64*len(m.Addrs) }

// Disconnect ends a connection. Sender: blocks (stalling), headers, txfetch, registry
// (operator, bans, eviction).
type Disconnect struct {
	Reason     string
	Misbehaved bool // it broke the protocol: its address is discouraged
}

var (
	_ = kit.Register[*StartConn](kit.Message{
		Lane: kit.Local, Full: kit.Shed, Role: kit.Work, From: []string{KindRegistry}, To: []string{KindRoot},
		Doc: "a socket that has a slot; when it is not taken the socket closes",
	})
	_ = kit.Register[*SendToPeer](kit.Message{
		Lane: kit.Control, Full: kit.Shed, Role: kit.Return,
		From: []string{KindHeaders, KindBlocks, KindTxFetch, KindRegistry}, To: []string{KindConn}, Size: 1024,
		Doc: "a message for the peer; the sender's own clock notices when it is lost",
	})
	_ = kit.Register[*TellAddrs](kit.Message{
		Lane: kit.Gossip, Full: kit.Shed, Role: kit.Return, From: []string{KindRegistry}, To: []string{KindConn},
		Doc: "addresses for the peer to hear of",
	})
	_ = kit.Register[*Disconnect](kit.Message{
		Lane: kit.Control, Full: kit.Shed, Role: kit.Return,
		From: []string{KindHeaders, KindBlocks, KindTxFetch, KindRegistry}, To: []string{KindConn},
		Doc: "end the connection and say why",
	})
)
