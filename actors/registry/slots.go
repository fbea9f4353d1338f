package registry

import (
	"net"

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
type slots struct {
	full, blocks int
	chosen       int // of those that we choose ourselves, with a feeler or one to try
	callers      int
}

// slotsOf shares out what -maxconnections allows, as Core does: first to full relay, then
// to blocks alone, and to callers what is left besides a feeler.
func slotsOf(most int) (s slots) {
	s.full = min(outboundSlots, most)
	s.blocks = min(blockRelaySlots, most-s.full)
	s.chosen = min(s.full+s.blocks+feelerSlots, most)
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
	p := &msg.Peer{Addr: addr, Type: msg.Inbound, Permissions: permissions, Onion: m.Onion}
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
