package registry

import (
	"slices"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// After so many addresses that would not do, less is asked of the next ones (as in
// Core): a small book may have nothing better.
const (
	triesForOld  = 30 // to be tried again within ten minutes
	triesForPort = 50 // with a port that belongs to another service
)

// limitedEnough is how many blocks we may be behind for a node to do that has the
// latest ones alone (Core's NODE_NETWORK_LIMITED_ALLOW_CONN_BLOCKS).
const limitedEnough = 144

// mayCall leaves out what we cannot reach, do not want, cannot use, or tried just now.
func (r *registry) mayCall(info addrbook.Info, typ msg.ConnType, tries int, now time.Time) bool {
	a := info.Addr
	switch {
	case !r.reachable(a.Addr), r.bans.Banned(a.Addr, now), r.discouraged.Has(a.Addr), !r.useful(wire.Services(info.Services), typ, now):
		return false
	case tries < triesForOld && now.Sub(info.LastTry) < 10*time.Minute, tries < triesForPort && badPort(a.Port):
		return false
	}
	return true
}

// reachable tells whether we would call an address of that network (Core's
// g_reachable_nets): those of Tor, I2P and CJDNS are passed on, and not kept.
func (r *registry) reachable(a netaddr.Addr) bool {
	n := a.Network()
	return (n == netaddr.IPv4 || n == netaddr.IPv6) && (len(r.Config.OnlyNet) == 0 || slices.Contains(r.Config.OnlyNet, n.String()))
}

// useful tells whether a node that offers that is what the connection is for: it would be
// left as soon as it said so itself. A feeler only wants addresses.
func (r *registry) useful(offered wire.Services, typ msg.ConnType, now time.Time) bool {
	if typ == msg.Feeler {
		return offered.Has(wire.NodeNetwork) || offered.Has(wire.NodeNetworkLimited)
	}
	wanted := wire.NodeNetwork | wire.NodeWitness
	if offered.Has(wire.NodeNetworkLimited) && r.nearlyThere(now) {
		wanted = wire.NodeNetworkLimited | wire.NodeWitness
	}
	return offered.Has(wanted)
}

func (r *registry) nearlyThere(now time.Time) bool {
	tip := r.Board.Tip()
	if tip == nil {
		return false
	}
	return now.Sub(time.Unix(int64(tip.Tip().Time()), 0)) < limitedEnough*time.Duration(r.Board.Params.TargetSpacing)*time.Second
}

// badPorts are those of other services: who makes many nodes call one of them attacks it
// with their help (Core's IsBadPort, from the ports that browsers refuse).
var badPorts = []uint16{
	1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119,
	123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
	993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 10080,
}

func badPort(p uint16) bool {
	_, bad := slices.BinarySearch(badPorts, p)
	return bad
}
