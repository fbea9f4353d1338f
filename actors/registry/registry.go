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
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
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
	// PeerNote is a line about what a peer told us, in Core's words.
	PeerNote(p *msg.Peer, text string)
}

// saveEvery is how often the address book is written (Core: 15 minutes).
const saveEvery = 15 * time.Minute

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	return kit.Spec{
		Kind: msg.KindRegistry, Name: msg.KindRegistry, Drain: false,
		Policy: kit.Restart(5, time.Minute, 100*time.Millisecond, kit.Fatal),
		New: func() kit.Actor {
			return &registry{Deps: d, leaving: map[*msg.Peer]bool{}, suspects: map[*msg.Peer]bool{}, answers: answers{}}
		},
	}
}

type registry struct {
	Deps
	book        *addrbook.Book
	bans        *addrbook.Bans
	discouraged *addrbook.Discouraged
	peers       []*msg.Peer
	leaving     map[*msg.Peer]bool // told to go, to make room
	suspects    map[*msg.Peer]bool // their addresses were discouraged when they called
	outbound    outbound
	anchors     anchors
	extra       extra
	answers     answers // to who asked for addresses
	inactive    bool
	savedAt     time.Time
	saving      bool
	unsaved     bool
	salt        uint64 // decides who is told of which address
	sent, recv  int64  // bytes of the connections that have ended
}

// saved comes from the goroutine that wrote the files.
type saved struct{ err error }

var _ = kit.Register[*saved](kit.Message{
	Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindRegistry}, To: []string{msg.KindRegistry},
	Doc: "from its own goroutine: address book and bans are written, or not",
})

// Receive handles one message.
func (r *registry) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		r.start(k, m.Restarts > 0)
	case *msg.Accepted:
		r.accepted(k, m)
	case *msg.Dialed:
		r.dialed(k, m)
	case kit.Timeout:
		r.outbound.lost(k.CallID())
	case *msg.ConnUp:
		r.up(k, m.Peer)
	case *msg.ConnDown:
		r.anchors.ended(r, m.Peer, m.Reason, k.Now())
		r.down(k, m.Peer)
	case *msg.Misbehaved:
		r.misbehaved(m)
	case *msg.AddrsArrived:
		r.learn(k, m)
	case *msg.AddrsWanted:
		k.Reply(&msg.AddrsChosen{Addrs: r.answer(k, m.Peer)})
	case *msg.PeerCommand:
		k.Reply(&msg.Done{Err: r.order(k, m)})
	case *msg.Forward:
		r.savedAt = r.savedAt.Add(-m.By)
		r.tick(k)
		k.Reply(&msg.Done{})
	case *msg.BookWanted:
		if m.Places {
			heard, tried := r.book.Places()
			k.Reply(&msg.BookShown{New: heard, Tried: tried})
			return
		}
		all := r.book.All()
		if m.Shareable {
			all = r.book.Shareable(k.Now())
		}
		k.Rand().Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		k.Reply(&msg.BookShown{Entries: all})
	case *resolved:
		r.resolved(k, m)
	case *msg.Barrier:
		k.Reply(&msg.Done{})
	case msg.Tick:
		r.tick(k)
	case *saved:
		r.onSaved(k, m.err)
	}
}

func (r *registry) start(k *kit.Context, again bool) {
	source := rand.New(rand.NewPCG(k.Rand().Uint64(), k.Rand().Uint64()))
	var key addrbook.Key
	for i := range key {
		key[i] = byte(k.Rand().Uint32())
	}
	if r.Config.FixedBook {
		key = addrbook.Key{1}
	}
	r.salt = k.Rand().Uint64()
	r.book, r.bans = r.Files.load(r.Magic, key, source, r.Log)
	r.discouraged = addrbook.NewDiscouraged()
	r.savedAt = k.Now()
	r.inactive = !r.Config.Active
	if again {
		r.takeUp(r.Board.Peers())
	} else {
		r.anchors.start(r)
	}
	k.OnStop(r.saveNow) // behind the goroutine that may be writing
	r.outbound.start(k, r)
	r.publish()
	r.outbound.tick(k, r) // whom our operator named is called at once
	k.Every(100*time.Millisecond, msg.Tick{})
}

// takeUp goes on after a restart with what the life before has published. A
// connection that has not started yet will; one that has ended meanwhile is gone.
func (r *registry) takeUp(old *msg.PeerList) {
	for _, p := range old.Peers {
		if ref := p.Ref(); ref.IsZero() || ref.Alive() {
			r.peers = append(r.peers, p)
		}
	}
	r.bans = addrbook.NewBans()
	for _, b := range old.Bans {
		r.bans.Add(b)
	}
	r.inactive = old.NetworkInactive
	r.sent, r.recv = old.EndedSent, old.EndedRecv
}

func (r *registry) publish() {
	r.Board.PublishPeers(&msg.PeerList{
		Peers: append([]*msg.Peer(nil), r.peers...), Added: r.outbound.names(), Bans: r.bans.List(),
		Known: r.book.Len(), NetworkInactive: r.inactive, EndedSent: r.sent, EndedRecv: r.recv,
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
			r.sent += p.Stats.BytesSent.Load()
			r.recv += p.Stats.BytesRecv.Load()
			break
		}
	}
	delete(r.leaving, p)
	delete(r.suspects, p)
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
		if r.reachable(a.Addr.Addr) {
			seen = append(seen, addrbook.Seen{Addr: a.Addr, Services: uint64(a.Services), Time: at})
		}
		if m.Fresh && now.Sub(at) < 10*time.Minute && a.Addr.Addr.IsRoutable() {
			fresh = append(fresh, a)
		}
	}
	r.enter(m.Peer, seen, now)
	r.passOn(k, m.Peer, fresh)
}

// enter puts addresses into the book, and says which were new to it.
func (r *registry) enter(from *msg.Peer, seen []addrbook.Seen, now time.Time) {
	added := 0
	for _, s := range seen {
		if r.book.Add([]addrbook.Seen{s}, from.Addr.Addr, 2*time.Hour, now) > 0 {
			added++
			r.Log.PeerNote(from, "Added "+s.Addr.String()+" to new")
		}
	}
	if added > 0 {
		r.Log.PeerNote(from, fmt.Sprintf("Added %d addresses (of %d) from %s: 0 tried, %d new", added, len(seen), from.Addr.Addr, r.book.Len()))
		r.publish()
	}
}

// passOn tells two other peers of each fresh address, the same two for a day, so
// that repeating an address does not spread it further (Core's RelayAddress).
func (r *registry) passOn(k *kit.Context, from *msg.Peer, fresh []wire.PeerAddr) {
	lists := map[*msg.Peer][]wire.PeerAddr{}
	for _, a := range fresh {
		for _, p := range r.chosen(k.Now(), from, a) {
			lists[p] = append(lists[p], a)
		}
	}
	for _, p := range r.peers {
		if list := lists[p]; len(list) > 0 {
			k.Send(p.Ref(), &msg.TellAddrs{Addrs: list})
		}
	}
}

// chosen are the peers that hear of an address.
func (r *registry) chosen(now time.Time, from *msg.Peer, a wire.PeerAddr) []*msg.Peer {
	name := a.Addr.String()
	const day = 24 * 60 * 60
	period := (uint64(now.Unix()) + r.hash(name, 0)%day) / day
	most := 2
	if !r.reachable(a.Addr.Addr) && r.hash(name, period)&1 == 0 {
		most = 1
	}
	type ranked struct {
		peer *msg.Peer
		rank uint64
	}
	var list []ranked
	for _, p := range r.peers {
		if p != from && p.Hello() != nil && p.Stats.AddrRelay.Load() {
			list = append(list, ranked{p, r.hash(name, period^uint64(p.ID)<<32)})
		}
	}
	slices.SortFunc(list, func(a, b ranked) int { return cmp.Compare(b.rank, a.rank) })
	var out []*msg.Peer
	for _, x := range list[:min(most, len(list))] {
		out = append(out, x.peer)
	}
	return out
}

func (r *registry) hash(name string, x uint64) uint64 {
	var key [16]byte
	binary.LittleEndian.PutUint64(key[:], r.salt)
	binary.LittleEndian.PutUint64(key[8:], x)
	sum := sha256.Sum256(append(key[:], name...))
	return binary.LittleEndian.Uint64(sum[:])
}

func (r *registry) tick(k *kit.Context) {
	now := k.Now()
	if over := r.bans.Sweep(now); len(over) > 0 {
		r.publish()
	}
	for _, p := range slices.Clone(r.peers) {
		if ref := p.Ref(); !ref.IsZero() && !ref.Alive() {
			r.down(k, p) // usually it says so itself
		}
	}
	r.outbound.tick(k, r)
	if now.Sub(r.savedAt) >= saveEvery || now.Before(r.savedAt) {
		r.save(k)
	}
}

// save writes the files beside our other work, one time after the other.
func (r *registry) save(k *kit.Context) {
	r.savedAt = k.Now()
	if r.saving {
		r.unsaved = true
		return
	}
	self := k.Self()
	write := func(f func(context.Context)) {
		r.saving = true
		k.Go("save", func(ctx context.Context) {
			defer self.Post(&saved{})
			f(ctx)
		})
	}
	r.Files.save(r.book, r.bans, r.Magic, write, func(err error) { self.Post(&saved{err}) })
}

func (r *registry) onSaved(k *kit.Context, err error) {
	if err != nil {
		r.notSaved(err)
		return
	}
	r.saving = false
	if r.unsaved {
		r.unsaved = false
		r.save(k)
	}
}

func (r *registry) notSaved(err error) {
	r.Log.RegistryNote("address book or ban list cannot be saved: " + err.Error())
}

// saveNow writes the files at the end.
func (r *registry) saveNow() {
	if r.book != nil {
		r.Files.save(r.book, r.bans, r.Magic, func(f func(context.Context)) { f(context.Background()) }, r.notSaved)
		if err := r.Files.saveAnchors(r.anchors.ours, r.Magic); err != nil {
			r.Log.RegistryNote("anchors cannot be saved: " + err.Error())
		}
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
