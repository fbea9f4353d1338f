package registry

import (
	"slices"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/wire/netaddr"
)

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
	candidates = protectHalf(candidates)
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

// farAway are the kinds of callers whose way is long or whose address says nothing, so
// that the other rules seldom protect them.
var farAway = []func(*msg.Peer) bool{
	func(p *msg.Peer) bool { return p.Network() == netaddr.CJDNS },
	func(p *msg.Peer) bool { return p.Network() == netaddr.I2P },
	func(p *msg.Peer) bool { return p.Addr.Addr.IsLocal() },
	func(p *msg.Peer) bool { return p.Network() == netaddr.TorV3 },
}

// protectHalf takes the half out of the list that has been connected for the longest: who
// comes later cannot displace it. Half of that is for those from far away, shared
// out among their kinds, those with fewer callers first (Core's
// ProtectEvictionCandidatesByRatio).
func protectHalf(list []*msg.Peer) []*msg.Peer {
	age := func(p *msg.Peer) int64 { return -p.Since.UnixNano() }
	always := func(*msg.Peer) bool { return true }
	half := len(list) / 2
	quarter, safe := half/2, 0
	kinds := slices.Clone(farAway)
	count := func(kind func(*msg.Peer) bool) (n int) {
		for _, p := range list {
			if kind(p) {
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(kinds, func(a, b func(*msg.Peer) bool) int { return count(a) - count(b) })
	for safe < quarter {
		kinds = slices.DeleteFunc(kinds, func(kind func(*msg.Peer) bool) bool { return count(kind) == 0 })
		if len(kinds) == 0 {
			break
		}
		each := max(1, (quarter-safe)/len(kinds))
		for _, kind := range kinds {
			before := len(list)
			list = protect(list, each, age, kind)
			if safe += before - len(list); safe >= quarter {
				break
			}
		}
	}
	return protect(list, half-safe, age, always)
}
