package conn

import (
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// ownEvery is how often a peer hears of our own address, on average (Core's
// AVG_LOCAL_ADDRESS_BROADCAST_INTERVAL).
const ownEvery = 24 * time.Hour

// sendOwn tells the peer where we can be reached: first in a message alone, so that a
// peer that takes few addresses takes this one, and then among others (Core's
// MaybeSendAddr). While we catch up there is nothing to be had from us.
func (c *conn) sendOwn(k *kit.Context) {
	r, now := &c.addrs, k.Now()
	if len(c.node.Own) == 0 || !c.peer.Stats.AddrRelay.Load() || !now.After(r.ownAt) || c.node.Board.Tip().InitialDownload() {
		return
	}
	first := r.ownAt.IsZero()
	r.ownAt = now.Add(time.Duration(k.Rand().ExpFloat64() * float64(ownEvery)))
	addr, ok := ownFor(c.peer, c.node.Own)
	if !ok {
		return
	}
	own := wire.PeerAddr{Time: uint32(now.Unix()), Services: c.node.Services, Addr: addr}
	c.note("Advertising address %s to peer=%s", own.Addr, peerNumber(c.peer))
	if first {
		c.tellAddrs(k, []wire.PeerAddr{own})
		return
	}
	r.known = knownTxs{salt: r.known.salt} // it has heard of it, and is to hear of it again
	c.queueAddrs(k, []wire.PeerAddr{own})
}

// ownFor chooses the address of ours that a peer is most likely to reach: of the network
// that it is connected through if there is one. Who comes through Tor or I2P hears of no
// address outside of it, and nobody else of one inside: either would tell that both are
// the same node (Core's GetLocal).
func ownFor(peer *msg.Peer, own []netaddr.AddrPort) (best netaddr.AddrPort, ok bool) {
	through := peer.Addr.Addr.Network()
	if peer.Onion {
		through = netaddr.TorV3
	}
	for _, a := range own {
		switch n := a.Addr.Network(); {
		case n == through:
			return a, true
		case !ok && !hidden(n) && !hidden(through):
			best, ok = a, true
		}
	}
	return best, ok
}

// hidden tells whether a network keeps from others where a node is.
func hidden(n netaddr.Network) bool { return n == netaddr.TorV3 || n == netaddr.I2P }
