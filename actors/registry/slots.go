package registry

import (
	"net"
	"slices"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// Slots that we keep for the connections that we make ourselves (Core's
// numbers): full relay, blocks only, and one feeler.
const (
	outboundSlots   = 8
	blockRelaySlots = 2
	feelerSlots     = 1
)

// slots are how many connections of a kind there may be.
type slots struct{ full, blocks, callers int }

// slotsOf shares out what -maxconnections allows, as Core does: first to full relay, then
// to blocks alone, and to callers what is left besides a feeler.
func slotsOf(most int) (s slots) {
	s.full = min(outboundSlots, most)
	s.blocks = min(blockRelaySlots, most-s.full)
	s.callers = max(0, most-s.full-s.blocks-feelerSlots)
	return s
}

func (r *registry) slots() slots { return slotsOf(r.Config.MaxConnections) }

// inboundSlots is how many callers there may be.
func (r *registry) inboundSlots() int { return r.slots().callers }

// inbound are the callers that stay.
func (r *registry) inbound() (list []*msg.Peer) {
	for _, p := range r.peers {
		if p.Inbound() && !r.leaving[p] {
			list = append(list, p)
		}
	}
	return list
}

// accepted decides about a caller.
func (r *registry) accepted(k *kit.Context, m *msg.Accepted) {
	addr := addrOf(m.Conn.RemoteAddr())
	permissions := r.permissions(addr.Addr, m.Permissions, true)
	noBan := permissions.Has(config.PermNoBan)
	full := len(r.inbound()) >= r.inboundSlots()
	why := ""
	switch {
	case r.inactive:
		why = "not accepting new connections"
	case !noBan && r.bans.Banned(addr.Addr, k.Now()):
		why = "dropped (banned)"
	case !noBan && r.discouraged.Has(addr.Addr) && len(r.inbound())+1 >= r.inboundSlots():
		why = "dropped (discouraged)"
	case full && !r.evict(k):
		why = "dropped (full)"
	}
	if why != "" {
		r.Log.PeerRefused(addr.String(), why)
		m.Release()
		return
	}
	p := &msg.Peer{Addr: addr, Type: msg.Inbound, Permissions: permissions}
	if r.discouraged.Has(addr.Addr) {
		r.suspects[p] = true
	}
	r.add(k, m.Conn, p)
}

// permissions are those of the address that was called, with those that
// -whitelist gives to the address of the peer.
func (r *registry) permissions(a netaddr.Addr, given config.Permission, inbound bool) config.Permission {
	p := given
	if ip, ok := a.IP(); ok {
		for _, w := range r.Config.Whitelist {
			if w.Subnet.Contains(ip) && (inbound && w.In || !inbound && w.Out) {
				p |= w.Permissions
			}
		}
	}
	if p.Has(config.PermImplicit) {
		p &^= config.PermImplicit
		p |= config.PermNoBan | config.PermMempool
		if r.Config.WhiteRelay {
			p |= config.PermRelay
		}
		if r.Config.WhiteForce {
			p |= config.PermForceRelay
		}
	}
	return p
}

// add gives a socket a number and a conn.
func (r *registry) add(k *kit.Context, sock net.Conn, p *msg.Peer) {
	p.ID = r.IDs.Next()
	p.Since = k.Now()
	p.Bind = addrOf(sock.LocalAddr())
	if p.AddrName == "" {
		p.AddrName = p.Addr.String()
	}
	r.peers = append(r.peers, p)
	r.publish()
	if k.Send(r.Cast.Root(), &msg.StartConn{Peer: p, Conn: sock}) != kit.Ok {
		r.down(k, p)
	}
}

// evict ends one caller's connection to make room for another: among those that
// are not protected by having been the best of their kind, the youngest of the
// largest neighbourhood, as it is the one that is cheapest to have filled with
// many (Core's SelectNodeToEvict).
func (r *registry) evict(k *kit.Context) bool {
	candidates := slices.DeleteFunc(r.inbound(), func(p *msg.Peer) bool {
		return p.Permissions.Has(config.PermNoBan) || !p.Ref().Alive() // one that has not started cannot be told
	})
	always := func(*msg.Peer) bool { return true }
	s := func(p *msg.Peer) *msg.PeerStats { return &p.Stats }
	candidates = protect(candidates, 4, func(p *msg.Peer) int64 { return int64(r.hash(string(p.Addr.Addr.Group()), 1) >> 1) }, always)
	candidates = protect(candidates, 8, func(p *msg.Peer) int64 { return -s(p).MinPingMicros.Load() }, func(p *msg.Peer) bool { return s(p).MinPingMicros.Load() > 0 })
	candidates = protect(candidates, 4, func(p *msg.Peer) int64 { return s(p).LastTx.Load() }, func(p *msg.Peer) bool { return s(p).LastTx.Load() > 0 })
	candidates = protect(candidates, 8, func(p *msg.Peer) int64 { return s(p).LastBlock.Load() }, func(p *msg.Peer) bool { return p.Hello() != nil && !p.Hello().Relay })
	candidates = protect(candidates, 4, func(p *msg.Peer) int64 { return s(p).LastBlock.Load() }, func(p *msg.Peer) bool { return s(p).LastBlock.Load() > 0 })
	candidates = protect(candidates, len(candidates)/2, func(p *msg.Peer) int64 { return -p.Since.UnixNano() }, always)
	if slices.ContainsFunc(candidates, func(p *msg.Peer) bool { return r.suspects[p] }) {
		candidates = slices.DeleteFunc(candidates, func(p *msg.Peer) bool { return !r.suspects[p] })
	}
	if len(candidates) == 0 {
		return false
	}
	groups := map[netaddr.Group]int{}
	for _, p := range candidates {
		groups[p.Addr.Addr.Group()]++
	}
	worst := slices.MaxFunc(candidates, func(a, b *msg.Peer) int {
		if d := groups[a.Addr.Addr.Group()] - groups[b.Addr.Addr.Group()]; d != 0 {
			return d
		}
		return a.Since.Compare(b.Since)
	})
	if k.Send(worst.Ref(), &msg.Disconnect{Reason: "evicted: all slots are taken and another one called"}) != kit.Ok {
		return false
	}
	r.leaving[worst] = true
	return true
}

// protect takes the most best ones out of the list.
func protect(list []*msg.Peer, most int, worth func(*msg.Peer) int64, eligible func(*msg.Peer) bool) []*msg.Peer {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b *msg.Peer) int {
		if d := worth(b) - worth(a); d != 0 {
			return int(min(max(d, -1), 1))
		}
		return 0
	})
	safe := map[*msg.Peer]bool{}
	for _, p := range sorted {
		if len(safe) < most && eligible(p) {
			safe[p] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(p *msg.Peer) bool { return safe[p] })
}
