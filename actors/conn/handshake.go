package conn

import (
	"fmt"
	"strconv"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

const (
	permNoBan    = config.PermNoBan
	permRelay    = config.PermRelay
	permDownload = config.PermDownload
	permMempool  = config.PermMempool
	permAddr     = config.PermAddr

	permForceRelay = config.PermForceRelay
)

// sendAddrV2Version is from where on Core says sendaddrv2 (BIP155 asks for it
// before verack, and some peers would trip over it).
const sendAddrV2Version = 70016

// handshake is how far both sides have come.
type handshake struct {
	sent    bool          // our version
	version *wire.Version // theirs
	verack  bool          // theirs
	wtxid   bool          // they said wtxidrelay
	addrV2  bool          // they said sendaddrv2
	headers bool          // they said sendheaders
	asked   bool          // we said sendheaders
}

func (h *handshake) done() bool { return h.version != nil && h.verack }

// shakeHands handles what comes before both sides have said verack.
func (c *conn) shakeHands(k *kit.Context, m wire.Message) {
	if v, ok := m.(*wire.Version); ok {
		c.onVersion(k, v)
		return
	}
	if c.shake.version == nil {
		c.note("non-version message before version handshake. Message \"%s\" from peer=%s", m.Command(), peerNumber(c.peer))
		return
	}
	switch m.(type) {
	case *wire.Verack:
		c.onVerack(k)
	case *wire.WTxIDRelay:
		c.onWTxIDRelay()
	case *wire.SendAddrV2:
		c.shake.addrV2 = true
	case *wire.SendHeaders:
		c.shake.headers = true
	case *wire.SendCmpct:
	default:
		c.note("Unsupported message \"%s\" prior to verack from peer=%s", m.Command(), peerNumber(c.peer))
	}
}

func (c *conn) onWTxIDRelay() {
	switch {
	case c.shake.version.Protocol < wire.VersionWTxIDRelay:
		c.note("ignoring wtxidrelay due to old common version=%d from peer=%s", c.shake.version.Protocol, peerNumber(c.peer))
	case c.shake.wtxid:
		c.note("ignoring duplicate wtxidrelay from peer=%s", peerNumber(c.peer))
	}
	c.shake.wtxid = c.shake.version.Protocol >= wire.VersionWTxIDRelay
}

// onVersion checks the peer's version and answers it.
func (c *conn) onVersion(k *kit.Context, v *wire.Version) {
	if c.shake.version != nil {
		c.note("redundant version message from peer=%s", peerNumber(c.peer))
		return
	}
	switch needs := c.needs(k, v.Services); {
	case !v.Services.Has(needs):
		c.end(k, fmt.Sprintf("peer=%s does not offer the expected services (%08x offered, %08x expected); disconnecting",
			peerNumber(c.peer), uint64(v.Services), uint64(needs)))
		return
	case v.Protocol < wire.MinPeerVersion:
		c.end(k, fmt.Sprintf("peer=%s using obsolete version %d; disconnecting", peerNumber(c.peer), v.Protocol))
		return
	case c.peer.Inbound() && c.node.Nonces.Ours(v.Nonce):
		c.end(k, "connected to self at "+c.peer.Addr.String()+", disconnecting")
		return
	}
	c.shake.version = v
	if c.peer.Inbound() {
		c.sendVersion(k)
	}
	if v.Protocol >= wire.VersionWTxIDRelay {
		c.send(k, &wire.WTxIDRelay{})
	}
	if v.Protocol >= sendAddrV2Version {
		c.send(k, &wire.SendAddrV2{})
	}
	c.send(k, &wire.Verack{})
	c.note("receive version message: %s: version %d, blocks=%d, us=%s, txrelay=%t, peer=%s",
		v.CleanUserAgent(), v.Protocol, v.StartHeight, v.To.Addr, v.Relay, peerNumber(c.peer))
	if c.peer.Type == msg.Feeler {
		c.onVerack(k) // it has shown that there is a node: that was all
	}
}

// needs are the services that we ask of a peer that we chose. One that has the
// latest blocks alone will do when we have nearly all (BIP159, and Core's
// NODE_NETWORK_LIMITED_ALLOW_CONN_BLOCKS).
func (c *conn) needs(k *kit.Context, offered wire.Services) wire.Services {
	switch c.peer.Type {
	case msg.OutboundRelay, msg.BlockRelay, msg.AddrFetch:
	default:
		return 0
	}
	params := c.node.Board.Params
	tipTime := time.Unix(int64(c.node.Board.Tip().Tip().Time()), 0)
	if behind := k.Now().Sub(tipTime) / (time.Duration(params.TargetSpacing) * time.Second); behind < limitedEnough && offered.Has(wire.NodeNetworkLimited) {
		return wire.NodeNetworkLimited | wire.NodeWitness
	}
	return wire.NodeNetwork | wire.NodeWitness
}

// limitedEnough is how many blocks we may be behind for a peer to do that has the
// latest ones alone.
const limitedEnough = 144

func (c *conn) sendVersion(k *kit.Context) {
	if c.shake.sent {
		return
	}
	c.shake.sent = true
	c.send(k, &wire.Version{
		Protocol: wire.ProtocolVersion, Services: c.node.Services, Time: k.Now().Unix(),
		To: wire.Endpoint{Addr: routable(c.peer.Addr)}, From: wire.Endpoint{Services: c.node.Services},
		Nonce: c.node.Nonces.New(uint32(c.peer.ID)), UserAgent: c.node.UserAgent,
		StartHeight: c.node.Board.Tip().Tip().Height(),
		Relay:       !c.rejectsTxs(),
	})
}

// routable is the address if it means anything to others than us.
func routable(a netaddr.AddrPort) netaddr.AddrPort {
	if a.Addr.IsRoutable() {
		return a
	}
	return netaddr.AddrPort{}
}

// onVerack ends the handshake.
func (c *conn) onVerack(k *kit.Context) {
	v := c.shake.version
	c.shake.verack = true
	c.peer.SetHello(&msg.Hello{
		Version: v.Protocol, Services: v.Services, UserAgent: v.CleanUserAgent(), StartHeight: v.StartHeight,
		Relay:      v.Relay,
		WTxIDRelay: c.shake.wtxid, AddrV2: c.shake.addrV2,
		TimeOffset: time.Duration(v.Time-k.Now().Unix()) * time.Second, At: k.Now(),
		Local: v.To.Addr,
	})
	c.up(k)
	if c.peer.Type == msg.Feeler {
		c.end(k, "feeler connection completed peer="+peerNumber(c.peer)+"; disconnecting")
		return
	}
	c.addrs.init(k, c)
	c.ping.asked = true
	c.ping.tick(k, c)
	c.txs.init(k, c)
	c.sendFeeFilter(k)
}

// sendSendHeaders asks for headers instead of inv, once the peer has shown a
// chain that is worth hearing of early (BIP130, and Core's moment for it).
func (c *conn) sendSendHeaders(k *kit.Context) {
	if c.shake.asked || c.known == nil || c.shake.version.Protocol < wire.VersionSendHeaders ||
		!c.node.Board.Params.MinimumChainWork.Less(c.known.Work()) {
		return
	}
	c.shake.asked = true
	c.send(k, &wire.SendHeaders{})
}

// overdue says who has been silent for too long, or nothing. Protocol timeouts go
// by the node's clock, which may be a mock one; the pace of a payload is a
// matter of real time.
func (c *conn) overdue(now time.Time, mono time.Duration) string {
	if got, want, took, slow := c.in.slow(mono); slow && c.node.Ledger.Gauges().Waiting > 0 {
		return fmt.Sprintf("too slow: %d of %d bytes of a message in %.0fs, and others wait for its memory, peer=%s", got, want, took.Seconds(), peerNumber(c.peer))
	}
	stats := &c.peer.Stats
	if now.Sub(c.started) < c.node.HandshakeTimeout {
		return ""
	}
	received, sent := stats.LastRecv.Load(), stats.LastSend.Load()
	ours := c.in.blocked.Load() || c.order.outstanding > 0 // it is we who do not listen
	switch {
	case received == 0 || sent == 0:
		return fmt.Sprintf("socket no message in first %.0f seconds, %d %d peer=%s", c.node.HandshakeTimeout.Seconds(),
			boolInt(received != 0), boolInt(sent != 0), peerNumber(c.peer))
	case now.Unix() > sent+int64(silenceLimit.Seconds()):
		return fmt.Sprintf("socket sending timeout: %ds peer=%s", now.Unix()-sent, peerNumber(c.peer))
	case now.Unix() > received+int64(silenceLimit.Seconds()) && !ours:
		return fmt.Sprintf("socket receive timeout: %ds peer=%s", now.Unix()-received, peerNumber(c.peer))
	case !c.shake.done():
		return "version handshake timeout peer=" + peerNumber(c.peer)
	case ours:
		return ""
	}
	if why := c.ping.overdue(now); why != "" {
		return why + " peer=" + peerNumber(c.peer)
	}
	return ""
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func peerNumber(p *msg.Peer) string { return strconv.FormatInt(p.Number(), 10) }

func (c *conn) note(format string, args ...any) {
	c.node.Log.PeerNote(c.peer, fmt.Sprintf(format, args...))
}
