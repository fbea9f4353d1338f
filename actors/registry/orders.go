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
	}
	r.publish()
	return nil
}

func (r *registry) addNode(k *kit.Context, m *msg.PeerCommand) error {
	o := &r.outbound
	if m.What == msg.TryNode {
		if !r.inactive {
			o.callManual(k, r, &manual{name: r.withPort(m.Node), once: true, from: "addnode"})
		}
		return nil
	}
	if slices.ContainsFunc(o.manual, func(x *manual) bool { return r.same(x.name, m.Node) && x.from != "-connect" }) {
		return msg.ErrNodeAdded
	}
	o.manual = append(o.manual, &manual{name: r.withPort(m.Node), from: "addnode", wait: manualFirst, next: k.Now()})
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
	if r.bans.BannedSubnet(b.Subnet, now) {
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
	if on {
		return
	}
	for _, p := range r.peers {
		k.Send(p.Ref(), &msg.Disconnect{Reason: "our operator holds the network still"})
	}
}
