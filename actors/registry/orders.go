package registry

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/wire"
)

// order carries out what our operator wants.
func (r *registry) order(k *kit.Context, m *msg.PeerCommand) error {
	switch m.What {
	case msg.AddNode, msg.TryNode:
		return r.addNode(k, m)
	case msg.RemoveNode:
		return r.removeNode(m)
	case msg.DropPeer:
		return r.dropPeer(k, m)
	case msg.PingPeers:
		for _, p := range r.peers {
			k.Send(p.Ref(), &msg.PingNow{})
		}
	case msg.SetBan:
		return r.setBan(k, m.Ban)
	case msg.ClearBans:
		r.bans.Clear()
		r.save(k)
	case msg.SetNetworkActive:
		r.setActive(k, m.On)
	case msg.Connect:
		return r.connect(k, m)
	case msg.AddAddress:
		return r.addAddress(k, m)
	case msg.SendMessage:
		return r.sendMessage(k, m)
	}
	r.publish()
	return nil
}

func (r *registry) addNode(k *kit.Context, m *msg.PeerCommand) error {
	o := &r.outbound
	if m.What == msg.TryNode {
		if !r.inactive {
			o.callManual(k, r, &manual{name: m.Node, once: true, from: "addnode"})
		}
		return nil
	}
	if slices.ContainsFunc(o.manual, func(x *manual) bool { return r.same(x.name, m.Node) && x.from != "-connect" }) {
		return msg.ErrNodeAdded
	}
	o.manual = append(o.manual, &manual{name: m.Node, from: "addnode", wait: manualFirst, next: k.Now()})
	r.publish()
	return nil
}

func (r *registry) removeNode(m *msg.PeerCommand) error {
	o := &r.outbound
	before := len(o.manual)
	o.manual = slices.DeleteFunc(o.manual, func(x *manual) bool { return r.same(x.name, m.Node) && x.from != "-connect" })
	if len(o.manual) == before {
		return msg.ErrNodeNotAdded
	}
	r.publish()
	return nil
}

// same compares two ways of writing a node.
func (r *registry) same(a, b string) bool {
	if a == b {
		return true
	}
	x, ok := endpoint(a, r.Port)
	y, ok2 := endpoint(b, r.Port)
	return ok && ok2 && x == y
}

// withPort adds the chain's port to a node that was written without one.
func (r *registry) withPort(node string) string {
	if a, ok := endpoint(node, r.Port); ok {
		return a.String()
	}
	if strings.LastIndexByte(node, ':') < 0 {
		return net.JoinHostPort(node, strconv.Itoa(int(r.Port)))
	}
	return node
}

// dropPeer ends a connection by address, by subnet's host, or by number.
func (r *registry) dropPeer(k *kit.Context, m *msg.PeerCommand) error {
	found := false
	for _, p := range r.peers {
		match := p.ID == m.ID
		if m.Node != "" {
			match = p.AddrName == m.Node || r.same(p.Addr.String(), m.Node)
		}
		if match {
			found = true
			k.Send(p.Ref(), &msg.Disconnect{Reason: "our operator ended it"})
		}
	}
	if !found {
		return msg.ErrNodeNotConnected
	}
	return nil
}

func (r *registry) setBan(k *kit.Context, b *msg.Ban) error {
	now := k.Now()
	if b.Lift {
		if !r.bans.Remove(b.Subnet) {
			return msg.ErrNotBanned
		}
		r.publish()
		r.save(k)
		return nil
	}
	// An address is banned with the subnet around it, a subnet only by itself.
	base := b.Subnet.Base()
	single := b.Subnet.Bits() == 8*base.Network().Size()
	if r.bans.BannedSubnet(b.Subnet, now) || single && r.bans.Banned(base, now) {
		return msg.ErrAlreadyBanned
	}
	r.bans.Add(addrbook.Ban{Subnet: b.Subnet, Created: now, Until: time.Unix(b.Until, 0)})
	r.Log.PeerBanned(b.Subnet.String(), "our operator banned it")
	for _, p := range r.peers {
		if b.Subnet.Contains(p.Addr.Addr) {
			k.Send(p.Ref(), &msg.Disconnect{Reason: "our operator banned it"})
		}
	}
	r.publish()
	r.save(k)
	return nil
}

// setActive holds the network still, or lets it go on.
func (r *registry) setActive(k *kit.Context, on bool) {
	r.inactive = !on
	r.Log.RegistryNote("SetNetworkActive: " + strconv.FormatBool(on))
	if on {
		return
	}
	for _, p := range r.peers {
		k.Send(p.Ref(), &msg.Disconnect{Reason: "our operator holds the network still"})
	}
}

// connect calls a node as if we had chosen it ourselves, for as many as a type
// has slots.
func (r *registry) connect(k *kit.Context, m *msg.PeerCommand) error {
	most := map[msg.ConnType]int{msg.OutboundRelay: r.slots().full, msg.BlockRelay: r.slots().blocks} // feelers go at once
	if limit, limited := most[m.Type]; limited && r.ofType(m.Type) >= limit {
		return msg.ErrNoCapacity
	}
	if r.inactive {
		return nil
	}
	r.outbound.callManual(k, r, &manual{name: m.Node, once: true, from: "addconnection", typ: m.Type})
	return nil
}

// ofType counts the connections of a type, also those under way.
func (r *registry) ofType(typ msg.ConnType) (n int) {
	for _, p := range r.peers {
		if p.Type == typ {
			n++
		}
	}
	for _, c := range r.outbound.calls {
		if c.typ == typ {
			n++
		}
	}
	return n
}

// addAddress puts an address into the book as if it had told us of itself.
func (r *registry) addAddress(k *kit.Context, m *msg.PeerCommand) error {
	now := k.Now()
	seen := addrbook.Seen{Addr: m.Addr, Services: uint64(wire.NodeNetwork | wire.NodeWitness), Time: now}
	if r.book.Add([]addrbook.Seen{seen}, m.Addr.Addr, 0, now) == 0 {
		return msg.ErrNotInNew
	}
	if m.On && !r.book.Good(m.Addr, now) {
		return msg.ErrNotInTried
	}
	r.publish()
	return nil
}

func (r *registry) sendMessage(k *kit.Context, m *msg.PeerCommand) error {
	for _, p := range r.peers {
		if p.ID == m.ID {
			k.Send(p.Ref(), &msg.SendToPeer{Message: m.Message})
			return nil
		}
	}
	return msg.ErrNodeNotConnected
}
