// Package headers is the actor that follows the header chains of the peers.
//
// It is a shell around [download.Headers]: what peers announce goes in, and comes
// out as getheaders to peers, as headers for chain to check, and as word to
// blocks about which chain a peer has. The answer to a frame leaves when all that
// it caused us to ask of the peer has been queued.
//
// It restarts without memory and takes up the connections there are: it asks them
// again. Start reading at [Spec].
package headers

import (
	"fmt"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/download"
	"github.com/troupe-node/troupe/wire"
)

// Deps is what the actor is made of.
type Deps struct {
	Board  *msg.Board
	Cast   *msg.Cast
	Config download.HeadersConfig
	Log    Log
}

// Log is told what people want to know of a peer's headers.
type Log interface {
	PeerNote(p *msg.Peer, text string)
}

// patience is how long chain may take to check headers: it may be in the middle
// of a reorganisation.
const patience = 10 * time.Minute

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	var lanes kit.Lanes
	lanes[kit.Headers] = kit.Limits{Messages: 4096, Bytes: 64 << 20}
	lanes[kit.Control] = kit.Limits{Messages: 1 << 13}
	return kit.Spec{
		Kind: msg.KindHeaders, Name: msg.KindHeaders, Mailbox: lanes,
		Policy: kit.Restart(5, time.Minute, 100*time.Millisecond, kit.Fatal),
		New: func() kit.Actor {
			return &headers{Deps: d, peers: map[msg.PeerID]*msg.Peer{}, checks: map[kit.CallID]check{}}
		},
	}
}

type headers struct {
	Deps
	machine *download.Headers
	peers   map[msg.PeerID]*msg.Peer
	checks  map[kit.CallID]check
	barrier []kit.ReplyTo
}

// check is headers that chain is looking at, on behalf of a frame.
type check struct {
	batch uint64
	cause *cause
}

// cause is the frame that made us do things: it is answered when they are done.
type cause struct {
	reply kit.ReplyTo
	left  int // checks under way
}

// Receive handles one message.
func (h *headers) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		h.machine = download.NewHeaders(h.Config, msg.Tree{Board: h.Board}, k.Rand().Uint64)
		h.rejoin(k)
		k.Every(100*time.Millisecond, msg.Tick{})
	case kit.Stopping:
		h.abandon()
		return
	case *msg.ConnUp:
		h.join(k, m.Peer)
		h.effects(k, nil)
	case *msg.ConnDown:
		h.machine.PeerDown(k.Now(), m.Peer.ID)
		h.effects(k, nil)
		delete(h.peers, m.Peer.ID)
	case *msg.HeadersArrived:
		h.machine.Arrived(k.Now(), m.Peer.ID, m.Headers)
		m.Peer.Stats.Presynced.Store(h.machine.Presynced(m.Peer.ID))
		h.effects(k, &cause{reply: k.ReplyTo()})
	case *msg.BlocksAnnounced:
		h.machine.Announced(k.Now(), m.Peer.ID, m.Hashes)
		h.effects(k, &cause{reply: k.ReplyTo()})
	case *msg.HeadersAdded:
		h.added(k, m)
	case *msg.TipChanged, *msg.HeaderChanged:
		h.machine.Progress(k.Now())
		h.effects(k, nil)
	case kit.Timeout:
		h.added(k, &msg.HeadersAdded{Err: m.Err})
	case *msg.Barrier:
		h.barrier = append(h.barrier, k.ReplyTo())
	case msg.Tick:
		h.machine.Tick(k.Now())
		for id, p := range h.peers {
			p.Stats.Presynced.Store(h.machine.Presynced(id))
			h.showNews(id, p)
		}
		h.effects(k, nil)
	}
	if len(h.barrier) > 0 && len(h.checks) == 0 {
		for _, r := range h.barrier {
			r.Reply(&msg.Done{})
		}
		h.barrier = nil
	}
}

// showNews publishes what decides which peer is one too many.
func (h *headers) showNews(id msg.PeerID, p *msg.Peer) {
	at, protected := h.machine.News(id)
	if !at.IsZero() {
		p.Stats.LastNews.Store(at.Unix())
	}
	p.Stats.Protected.Store(protected)
}

// rejoin takes up the connections there are, after a restart.
func (h *headers) rejoin(k *kit.Context) {
	for _, p := range h.Board.Peers().Peers {
		if p.Hello() != nil && p.Ref().Alive() {
			h.join(k, p)
		}
	}
	h.effects(k, nil)
}

// abandon answers the frames that this life was working on: nobody else will.
func (h *headers) abandon() {
	for _, c := range h.checks {
		if c.cause != nil {
			c.cause.reply.Reply(&msg.Done{}) // more than once says nothing
			c.cause.reply = kit.ReplyTo{}
		}
	}
	h.checks = nil
}

func (h *headers) join(k *kit.Context, p *msg.Peer) {
	h.peers[p.ID] = p
	noBan := p.Permissions.Has(config.PermNoBan)
	automatic := p.Type == msg.OutboundRelay || p.Type == msg.BlockRelay
	h.machine.PeerUp(k.Now(), p.ID, download.HeadersPeer{
		Outbound: automatic, BlocksOnly: p.Type == msg.BlockRelay, Preferred: !p.Inbound() || noBan, NoBan: noBan || p.Type == msg.Manual, Trusted: noBan,
		Serves: p.Type != msg.AddrFetch && p.Type != msg.Feeler &&
			(p.Hello().Services.Has(wire.NodeNetwork) || p.Hello().Services.Has(wire.NodeNetworkLimited)),
	})
}

// added gives the machine chain's answer.
func (h *headers) added(k *kit.Context, m *msg.HeadersAdded) {
	c, ok := h.checks[k.CallID()]
	if !ok {
		return
	}
	delete(h.checks, k.CallID())
	var last download.Node
	if m.Last != nil {
		last = m.Last
	}
	h.machine.Checked(k.Now(), c.batch, last, m.Err)
	if c.cause != nil {
		c.cause.left--
	}
	h.effects(k, c.cause)
}

// effects does what the machine wants, and answers the frame that caused it when
// nothing is left to be done: after the last word to blocks, if there is any.
func (h *headers) effects(k *kit.Context, because *cause) {
	var last *msg.PeerHas
	for list := h.machine.Ready(); len(list) > 0; list = h.machine.Ready() {
		for _, e := range list {
			last = h.perform(k, e, last, because)
		}
	}
	if because == nil || because.left > 0 {
		h.tell(k, last)
		return
	}
	if last != nil {
		last.Then = because.reply
		if k.Send(h.Cast.Blocks(), last) == kit.Ok {
			return
		}
	}
	because.reply.Reply(&msg.Done{})
}

// perform does one thing. Word to blocks is held back by one, so that the last
// can carry the answer.
func (h *headers) perform(k *kit.Context, e download.Effect, last *msg.PeerHas, because *cause) *msg.PeerHas {
	switch e := e.(type) {
	case download.AskHeaders:
		h.send(k, e.Peer, &msg.SendToPeer{Message: &wire.GetHeaders{Protocol: wire.ProtocolVersion, Locator: e.Locator}})
	case download.CheckHeaders:
		h.check(k, e, because)
	case download.PeerHas:
		p, n := h.peers[e.Peer], node(e.Node)
		if p == nil || n == nil {
			return last
		}
		h.tell(k, last)
		return &msg.PeerHas{Peer: p, Node: n, Direct: e.Direct}
	case download.Note:
		if p := h.peers[e.Peer]; p != nil {
			h.Log.PeerNote(p, fmt.Sprintf("%s peer=%d", e.Text, p.Number()))
		}
	case download.Disconnect:
		h.send(k, e.Peer, &msg.Disconnect{Reason: e.Reason, Misbehaved: e.Misbehaved})
	}
	return last
}

func (h *headers) tell(k *kit.Context, m *msg.PeerHas) {
	if m != nil {
		k.Send(h.Cast.Blocks(), m)
	}
}

// check gives headers to chain; when it has no room, it is as if it had not
// answered, and the peer will be asked again.
func (h *headers) check(k *kit.Context, e download.CheckHeaders, because *cause) {
	id, result := k.Call(h.Cast.Chain(), &msg.AddHeaders{Headers: e.Headers}, patience)
	if result != kit.Ok {
		h.machine.Checked(k.Now(), e.Batch, nil, nil)
		return
	}
	if because != nil {
		because.left++
	}
	h.checks[id] = check{batch: e.Batch, cause: because}
}

func (h *headers) send(k *kit.Context, id msg.PeerID, m any) {
	if p := h.peers[id]; p != nil {
		k.Send(p.Ref(), m)
	}
}

func node(n download.Node) *chainstate.Node {
	c, _ := n.(*chainstate.Node)
	return c
}
