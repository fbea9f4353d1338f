package conn

import (
	"net"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// Node is what all connections of a node share.
type Node struct {
	Board      *msg.Board
	Cast       *msg.Cast
	Ledger     *kit.Ledger
	Heavy      *kit.Ledger // of messages that take far more memory than they have bytes
	Log        Log
	Magic      wire.Magic
	Services   wire.Services
	UserAgent  string
	BlocksOnly bool
	Nonces     Nonces
	// Own are the addresses that others can reach us at (-externalip), to be told to
	// peers; none if we do not listen.
	Own []netaddr.AddrPort
	// HandshakeTimeout is how long a peer may take to shake hands
	// (-peertimeout).
	HandshakeTimeout time.Duration
	// MinRelayFee is what a transaction must pay to be relayed, in satoshis per
	// kvB; told to peers (BIP133).
	MinRelayFee int64
}

// Log is told what people want to know of connections.
type Log interface {
	PeerConnected(p *msg.Peer)
	PeerDisconnected(p *msg.Peer, reason string)
	// Message is told of every frame, after it was read or written.
	Message(p *msg.Peer, received bool, command string, size int)
	// PeerNote is a line for debug.log, in Core's words where Core has some.
	PeerNote(p *msg.Peer, text string)
}

// credit is what one peer may have on its way through the node: enough to keep
// a download of blocks going, too little to hurt.
var credit = kit.Credit{Messages: 256, Bytes: 16 << 20}

// heavyCredit is what messages of one peer may take when decoded, beyond the usual: as
// much as the heaviest one does, 4,000,000 witness items of no bytes.
var heavyCredit = kit.Credit{Messages: 256, Bytes: 128 << 20}

// lanes bound a conn's mailbox well above the credit of its peer: frames are
// never refused.
var lanes = func() (l kit.Lanes) {
	l[kit.Block] = kit.Limits{Messages: 2 * credit.Messages, Bytes: 2 * credit.Bytes}
	l[kit.Reply] = kit.Limits{Messages: 2 * credit.Messages}
	l[kit.Control] = kit.Limits{Messages: 4096, Bytes: 8 << 20}
	return l
}()

// Spec describes the actor of one connection.
func Spec(n *Node, peer *msg.Peer, sock net.Conn) kit.Spec {
	return kit.Spec{
		Kind: msg.KindConn, Peer: peerNumber(peer), Mailbox: lanes,
		Policy: kit.Stop,
		New:    func() kit.Actor { return &conn{node: n, peer: peer, sock: sock} },
	}
}

// conn is the actor.
type conn struct {
	node *Node
	peer *msg.Peer
	sock net.Conn
	in   intake
	out  outbox

	started time.Time
	ended   bool
	reason  string // why it ends

	shake handshake
	order order
	ping  pinger
	tips  tipRelay
	txs   txRelay
	addrs addrRelay

	asked   bool             // for headers
	known   *chainstate.Node // best header that the peer is known to have
	unknown tx.Hash          // a block that it announced and we do not know yet
	goOn    tx.Hash          // last block of an inv of ours that did not reach the tip
	blocked bool             // as blocks was told: we do not read
}

// closed says that the reader or the writer is done with the socket.
type closed struct{ reason string }

// room says that the writer has drained what held the peer's requests up.
type room struct{}

var (
	_ = kit.Register[*closed](kit.Message{Lane: kit.Block, Role: kit.Return, From: []string{msg.KindConn}, To: []string{msg.KindConn},
		Doc: "from its own reader or writer: the socket is done; behind all frames"})
	_ = kit.Register[*room](kit.Message{Lane: kit.Control, Full: kit.Conflate, Role: kit.Return, From: []string{msg.KindConn}, To: []string{msg.KindConn},
		Doc: "from its own writer: there is room to send"})
	_ = kit.Register[*frame](kit.Message{Lane: kit.Block, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindConn}, To: []string{msg.KindConn},
		Doc: "from its own reader: one message of the peer"})
)

// Receive handles one message.
func (c *conn) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		c.start(k)
	case *frame:
		c.order.push(m)
		c.pump(k)
	case *msg.Done:
		c.finish(k, m.Err)
	case *msg.AddrsChosen:
		c.answerAddrs(k, m.Addrs)
		c.finish(k, nil)
	case kit.Timeout:
		c.node.Log.PeerNote(c.peer, "no answer to "+m.Request+": "+m.Err.Error())
		c.finish(k, nil)
	case kit.Room, *room:
		c.pump(k)
	case *msg.SendToPeer:
		c.in.ask(m.Message)
		c.noteRequest(m.Message)
		c.send(k, m.Message)
	case *msg.TellAddrs:
		c.queueAddrs(k, m.Addrs)
	case *msg.TipChanged:
		c.announceTip(k)
	case *msg.PingNow:
		c.ping.asked = true
	case msg.Tick:
		c.tick(k)
	case *msg.Disconnect:
		if m.Misbehaved {
			c.punish(k, m.Reason)
		} else {
			c.end(k, m.Reason+" peer="+peerNumber(c.peer))
		}
	case *closed:
		c.end(k, m.reason)
	case kit.Stopping:
		c.stopping(k, m)
	}
}

func (c *conn) start(k *kit.Context) {
	c.started = k.Now()
	c.peer.SetRef(k.Self())
	c.peer.Stats.SyncedHeaders.Store(-1)
	c.peer.Stats.Presynced.Store(-1)
	c.peer.Stats.SyncedBlocks.Store(-1)
	c.out.init(c, k)
	c.tips.last = c.node.Board.Tip().Tip()
	owner, heavy := k.CreditOwner(c.node.Ledger, credit), k.CreditOwner(c.node.Heavy, heavyCredit)
	r := &reader{node: c.node, peer: c.peer, sock: c.sock, in: &c.in, owner: owner, heavy: heavy, self: k.Self(), env: k.Env()}
	k.Go("read", r.run)
	k.Every(100*time.Millisecond, msg.Tick{})
	c.note("Added connection peer=%s", peerNumber(c.peer))
	if !c.peer.Inbound() {
		c.sendVersion(k)
	}
}

// end stops the connection; the first reason counts.
func (c *conn) end(k *kit.Context, reason string) {
	if c.ended {
		return
	}
	c.ended, c.reason = true, reason
	k.Stop(nil)
}

// punish ends the connection of a peer that broke the protocol, and has its
// address discouraged. Peers with the noban permission only get a note, and so
// do the ones that our operator named.
func (c *conn) punish(k *kit.Context, reason string) {
	c.note("Misbehaving: peer=%s: %s", peerNumber(c.peer), reason)
	switch {
	case c.peer.Permissions.Has(permNoBan):
		c.note("Warning: not punishing noban peer %s!", peerNumber(c.peer))
		return
	case c.peer.Type == msg.Manual:
		c.note("Warning: not punishing manually connected peer %s!", peerNumber(c.peer))
		return
	case c.peer.Addr.Addr.IsLocal():
		c.note("Warning: disconnecting but not discouraging %s peer %s!", c.peer.Type, peerNumber(c.peer))
	}
	k.Send(c.node.Cast.Registry(), &msg.Misbehaved{Peer: c.peer, Reason: reason})
	c.end(k, reason)
}

// stopping closes the socket and says goodbye to everybody who was told hello.
func (c *conn) stopping(k *kit.Context, s kit.Stopping) {
	if c.reason == "" {
		c.reason = msg.Shutdown
		if s.Reason != nil {
			c.reason = s.Reason.Error()
		}
	}
	c.sock.Close()
	c.order.drop()
	c.out.drop()
	down := &msg.ConnDown{Peer: c.peer, Reason: c.reason}
	k.Send(c.node.Cast.Registry(), down)
	if c.peer.Hello() != nil {
		for _, to := range c.followers() {
			k.Send(to, down)
		}
	}
	c.node.Log.PeerDisconnected(c.peer, c.reason)
}

func (c *conn) followers() []kit.Ref {
	return []kit.Ref{c.node.Cast.Headers(), c.node.Cast.Blocks(), c.node.Cast.TxFetch()}
}

// up tells everybody of a peer that has shaken hands.
func (c *conn) up(k *kit.Context) {
	up := &msg.ConnUp{Peer: c.peer}
	k.Send(c.node.Cast.Registry(), up)
	for _, to := range c.followers() {
		k.Send(to, up)
	}
	c.node.Log.PeerConnected(c.peer)
}

// tick looks at the clock: who is silent, what is due.
func (c *conn) tick(k *kit.Context) {
	if c.ended {
		return
	}
	now := k.Now()
	if why := c.overdue(now, k.Mono()); why != "" {
		c.end(k, why)
		return
	}
	if !c.shake.done() {
		return
	}
	if c.peer.Type == msg.AddrFetch && now.Sub(c.peer.Since) > addrFetchPatience {
		c.end(k, "addrfetch connection timeout: disconnecting peer="+peerNumber(c.peer))
		return
	}
	c.paused(k)
	c.learnLate()
	c.ping.tick(k, c)
	c.sendOwn(k)
	c.sendAddrs(k)
	c.sendSendHeaders(k)
	c.announceTip(k)
	c.announceTxs(k)
	c.sendFeeFilter(k)
}

// paused tells blocks when we stop to read from the peer, and when we go on: its
// answers wait for us, not we for them.
func (c *conn) paused(k *kit.Context) {
	if blocked := c.in.blocked.Load(); blocked != c.blocked {
		c.blocked = blocked
		k.Send(c.node.Cast.Blocks(), &msg.ConnPaused{Peer: c.peer, Paused: blocked})
	}
}

// learnHash notes that the peer has a block. One that we do not know yet is
// remembered: we may soon.
func (c *conn) learnHash(hash tx.Hash) {
	c.unknown = hash
	c.learnLate()
}

func (c *conn) learnLate() {
	if c.unknown.IsZero() {
		return
	}
	if n := c.node.Board.Index.Get(c.unknown); n != nil {
		c.unknown = tx.Hash{}
		c.learn(n)
	}
}

// learn notes that the peer has the chain that ends at n.
func (c *conn) learn(n *chainstate.Node) {
	if c.known != nil && !c.known.Work().Less(n.Work()) {
		return
	}
	c.known = n
	hash := n.Hash()
	c.peer.Stats.BestHeader.Store(&hash)
	c.peer.Stats.SyncedHeaders.Store(n.Height())
}

var _ kit.Actor = (*conn)(nil)
