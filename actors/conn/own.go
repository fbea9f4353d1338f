package conn

import (
	"time"

	"github.com/troupe-node/troupe/actors/kit"
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
	own := wire.PeerAddr{Time: uint32(now.Unix()), Services: c.node.Services, Addr: ownFor(c.peer.Addr.Addr, c.node.Own)}
	c.note("Advertising address %s to peer=%s", own.Addr, peerNumber(c.peer))
	if first {
		c.tellAddrs(k, []wire.PeerAddr{own})
		return
	}
	r.known = knownTxs{salt: r.known.salt} // it has heard of it, and is to hear of it again
	c.queueAddrs(k, []wire.PeerAddr{own})
}

// ownFor chooses the address of ours that a peer is most likely to reach: of its own
// network if there is one.
func ownFor(peer netaddr.Addr, own []netaddr.AddrPort) netaddr.AddrPort {
	for _, a := range own {
		if a.Addr.Network() == peer.Network() {
			return a
		}
	}
	return own[0]
}
