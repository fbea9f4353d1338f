// Package registry is the actor that knows other nodes. It owns what the
// tutorial called KnownNodes.
//
// It owns the address book, the slots, the bans and the list of connections:
// who may stay, whom to call, and when again. Listener and dialer bring sockets;
// root spawns a conn around each that gets a slot. Everybody else sees the list
// on the board.
//
// It restarts from its files and takes up the connections there are. Start
// reading at [Spec], then slots.go, outbound.go and orders.go.
package registry

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// Deps is what the actor is made of.
type Deps struct {
	Board  *msg.Board
	Cast   *msg.Cast
	Config config.Network
	Magic  wire.Magic
	Port   uint16   // default of the chain, for names without one
	Seeds  []string // names that DNS answers with addresses of nodes
	Files  Files
	IDs    *msg.PeerIDs
	Log    Log
}

// Log is told what people want to know of the registry.
type Log interface {
	PeerRefused(addr, why string)
	PeerBanned(addr, why string)
	DialFailed(addr string, err error, again time.Duration)
	RegistryNote(text string)
}

// saveEvery is how often the address book is written (Core: 15 minutes).
const saveEvery = 15 * time.Minute

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	return kit.Spec{
		Kind: msg.KindRegistry, Name: msg.KindRegistry, Drain: false,
		Policy: kit.Restart(5, time.Minute, 100*time.Millisecond, kit.Fatal),
		New:    func() kit.Actor { return &registry{Deps: d} },
	}
}

type registry struct {
	Deps
	book        *addrbook.Book
	bans        *addrbook.Bans
	discouraged *addrbook.Discouraged
	peers       []*msg.Peer
	outbound    outbound
	inactive    bool
	savedAt     time.Time
}

// Receive handles one message.
func (r *registry) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		r.start(k)
	case *msg.Accepted:
		r.accepted(k, m)
	case *msg.Dialed:
		r.dialed(k, m)
	case kit.Timeout:
		r.outbound.lost(k.CallID())
	case *msg.ConnUp:
		r.up(k, m.Peer)
	case *msg.ConnDown:
		r.down(k, m.Peer)
	case *msg.Misbehaved:
		r.misbehaved(m)
	case *msg.AddrsArrived:
		r.learn(k, m)
	case *msg.AddrsWanted:
		k.Reply(&msg.AddrsChosen{Addrs: r.sample(k)})
	case *msg.PeerCommand:
		k.Reply(&msg.Done{Err: r.order(k, m)})
	case *resolved:
		r.resolved(k, m)
	case *msg.Barrier:
		k.Reply(&msg.Done{})
	case msg.Tick:
		r.tick(k)
	case kit.Stopping:
		r.save(k)
	}
}

func (r *registry) start(k *kit.Context) {
	source := rand.New(rand.NewPCG(k.Rand().Uint64(), k.Rand().Uint64()))
	r.book, r.bans = r.Files.load(r.Magic, source, r.Log)
	r.discouraged = addrbook.NewDiscouraged()
	r.savedAt = k.Now()
	for _, p := range r.Board.Peers().Peers { // after a restart
		if p.Ref().Alive() {
			r.peers = append(r.peers, p)
		}
	}
	r.inactive = !r.Config.Active
	r.outbound.start(k, r)
	r.publish()
	r.outbound.tick(k, r) // whom our operator named is called at once
	k.Every(100*time.Millisecond, msg.Tick{})
}

func (r *registry) publish() {
	r.Board.PublishPeers(&msg.PeerList{
		Peers: append([]*msg.Peer(nil), r.peers...), Added: r.outbound.names(), Bans: r.bans.List(),
		Known: r.book.Len(), NetworkInactive: r.inactive,
	})
}

// up notes that a node answered as a node should.
func (r *registry) up(k *kit.Context, p *msg.Peer) {
	if p.Inbound() {
		return
	}
	now, hello := k.Now(), p.Hello()
	r.book.SetServices(p.Addr, uint64(hello.Services))
	r.book.Good(p.Addr, now)
	r.outbound.up(p)
}

func (r *registry) down(k *kit.Context, p *msg.Peer) {
	for i, q := range r.peers {
		if q == p {
			r.peers = append(r.peers[:i:i], r.peers[i+1:]...)
			break
		}
	}
	if p.Hello() != nil && !p.Inbound() {
		r.book.Connected(p.Addr, k.Now())
	}
	r.outbound.down(k, p)
	r.publish()
}

// misbehaved discourages the address: it is the first to go when slots are
// short, and not passed on. Addresses of this machine are spared, as in Core:
// several nodes may share them.
func (r *registry) misbehaved(m *msg.Misbehaved) {
	if m.Peer.Addr.Addr.IsLocal() {
		return
	}
	r.discouraged.Add(m.Peer.Addr.Addr)
}

// learn takes what a peer says of other nodes, and passes a little of it on.
func (r *registry) learn(k *kit.Context, m *msg.AddrsArrived) {
	now := k.Now()
	seen := make([]addrbook.Seen, 0, len(m.Addrs))
	var fresh []wire.PeerAddr
	for _, a := range m.Addrs {
		if r.bans.Banned(a.Addr.Addr, now) || r.discouraged.Has(a.Addr.Addr) {
			continue
		}
		at := time.Unix(int64(a.Time), 0)
		seen = append(seen, addrbook.Seen{Addr: a.Addr, Services: uint64(a.Services), Time: at})
		if len(m.Addrs) <= 10 && now.Sub(at) < 10*time.Minute && a.Addr.Addr.IsRoutable() {
			fresh = append(fresh, a)
		}
	}
	r.book.Add(seen, m.Peer.Addr.Addr, 2*time.Hour, now)
	r.passOn(k, m.Peer, fresh)
}

// passOn tells two other peers of fresh addresses (Core's RelayAddress).
func (r *registry) passOn(k *kit.Context, from *msg.Peer, fresh []wire.PeerAddr) {
	if len(fresh) == 0 {
		return
	}
	var others []*msg.Peer
	for _, p := range r.peers {
		if p != from && p.Hello() != nil && p.Type != msg.BlockRelay && p.Type != msg.Feeler {
			others = append(others, p)
		}
	}
	k.Rand().Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	for _, p := range others[:min(2, len(others))] {
		k.Send(p.Ref(), &msg.SendToPeer{Message: addrMessage(p, fresh)})
	}
}

func addrMessage(p *msg.Peer, list []wire.PeerAddr) wire.Message {
	if p.Hello().AddrV2 {
		return &wire.AddrV2{Addrs: list}
	}
	old := make([]wire.PeerAddr, 0, len(list))
	for _, a := range list {
		if a.Addr.Addr.FitsV1() {
			old = append(old, a)
		}
	}
	return &wire.Addr{Addrs: old}
}

func (r *registry) sample(k *kit.Context) []wire.PeerAddr {
	var list []wire.PeerAddr
	for _, i := range r.book.Sample(wire.MaxAddrs, netaddr.None, k.Now()) {
		list = append(list, wire.PeerAddr{Time: uint32(i.Seen.Unix()), Services: wire.Services(i.Services), Addr: i.Addr})
	}
	return list
}

func (r *registry) tick(k *kit.Context) {
	now := k.Now()
	if over := r.bans.Sweep(now); len(over) > 0 {
		r.publish()
	}
	r.outbound.tick(k, r)
	if now.Sub(r.savedAt) >= saveEvery || now.Before(r.savedAt) {
		r.save(k)
	}
}

func (r *registry) save(k *kit.Context) {
	r.savedAt = k.Now()
	if r.book != nil {
		r.Files.save(r.book, r.bans, r.Magic, r.Log)
	}
}

// addrOf reads the address of a socket's end.
func addrOf(a net.Addr) netaddr.AddrPort {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netaddr.AddrPort{}
	}
	return netaddr.FromAddrPort(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
}
