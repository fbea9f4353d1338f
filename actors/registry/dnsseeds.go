package registry

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// When DNS is asked (Core's ThreadDNSAddressSeed). The fewer nodes ask, the less those
// who run the seeds learn, and the less depends on them.
const (
	seedsAtOnce   = 3
	waitWithFew   = 11 * time.Second // with addresses in the book, for peers found without DNS
	waitWithMany  = 5 * time.Minute
	manyAddresses = 1000
	seedPatience  = 30 * time.Second // with each of them
	// mostOfSeed is how many addresses one seed's answer counts for (Core's nMaxIPs): over
	// TCP it could be so long that it fills the book.
	mostOfSeed = 32
)

// dnsSeeds are the names that DNS answers with addresses of nodes, and that have not
// been asked yet. With an empty book some are asked at once; otherwise each few of them
// only when the book has led us to too few peers for a while.
type dnsSeeds struct {
	names  []string
	now    int       // how many are to be asked without waiting
	at     time.Time // until when the next ones wait; zero: not decided
	asking bool
	found  int
}

// resolved brings what DNS knows.
type resolved struct {
	addrs [][]netaddr.AddrPort // by seed
	notes []string
}

var _ = kit.Register[*resolved](kit.Message{
	Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindRegistry}, To: []string{msg.KindRegistry},
	Doc: "from its own goroutine: addresses of nodes from DNS",
})

func (s *dnsSeeds) start(k *kit.Context, r *registry) {
	if !r.Config.DNSSeed {
		r.Log.RegistryNote("DNS seeding disabled")
		return
	}
	if !r.Config.DNS {
		return
	}
	s.names = slices.Clone(r.Seeds)
	k.Rand().Shuffle(len(s.names), func(i, j int) { s.names[i], s.names[j] = s.names[j], s.names[i] })
	switch {
	case r.Config.ForceDNSSeed:
		s.now = len(s.names)
	case r.book.Len() == 0:
		s.now = seedsAtOnce
	}
}

// tick asks the next ones when it is time.
func (s *dnsSeeds) tick(k *kit.Context, r *registry, now time.Time) {
	if len(s.names) == 0 || s.asking || now.Before(r.outbound.nodes.dns) && r.fullRelay() < enoughPeers {
		return
	}
	ask, note := s.next(now, r.book.Len(), r.shaken())
	if note != "" {
		r.Log.RegistryNote(note)
	}
	if len(ask) == 0 {
		return
	}
	for _, name := range ask {
		r.Log.RegistryNote("Loading addresses from DNS seed " + name)
	}
	s.asking = true
	self, port := k.Self(), r.Port
	k.Go("dns", func(ctx context.Context) { self.Post(lookUp(ctx, ask, port)) })
}

// next are those to be asked now, and what is to be said of it, by how many addresses
// the book has and how many full-relay peers we chose.
func (s *dnsSeeds) next(now time.Time, known, peers int) (ask []string, note string) {
	if s.now == 0 && s.at.IsZero() && known > 0 {
		wait := waitWithFew
		if known >= manyAddresses {
			wait = waitWithMany
		}
		s.at = now.Add(wait)
		return nil, fmt.Sprintf("Waiting %d seconds before querying DNS seeds.", int(wait.Seconds()))
	}
	if !s.at.IsZero() && peers >= enoughPeers {
		s.names = nil
		if s.found > 0 {
			return nil, fmt.Sprintf("%d addresses found from DNS seeds\nP2P peers available. Finished DNS seeding.", s.found)
		}
		return nil, "P2P peers available. Skipped DNS seeding."
	}
	if now.Before(s.at) {
		return nil, ""
	}
	if s.now == 0 {
		s.now = seedsAtOnce
	}
	n := min(s.now, len(s.names))
	ask, s.names = s.names[:n], s.names[n:]
	s.now, s.at = 0, time.Time{}
	return ask, ""
}

// shaken counts the full-relay peers we chose and shook hands with.
func (r *registry) shaken() (n int) {
	for _, p := range r.peers {
		if p.Type == msg.OutboundRelay && p.Hello() != nil {
			n++
		}
	}
	return n
}

// lookUp asks seeds. They are told which services we want of the nodes.
func lookUp(ctx context.Context, seeds []string, port uint16) *resolved {
	m := &resolved{}
	for _, seed := range seeds {
		one, cancel := context.WithTimeout(ctx, seedPatience)
		ips, err := net.DefaultResolver.LookupNetIP(one, "ip", "x9."+seed)
		cancel()
		if err != nil {
			m.notes = append(m.notes, "DNS seed "+seed+" did not answer: "+err.Error())
			continue
		}
		m.addrs = append(m.addrs, ofSeed(ips, port))
	}
	return m
}

// ofSeed are the addresses that a seed's answer counts for.
func ofSeed(ips []netip.Addr, port uint16) (list []netaddr.AddrPort) {
	for _, ip := range ips[:min(len(ips), mostOfSeed)] {
		list = append(list, netaddr.AddrPort{Addr: netaddr.FromIP(ip.Unmap()), Port: port})
	}
	return list
}

// resolved enters what DNS said into the book.
func (r *registry) resolved(k *kit.Context, m *resolved) {
	s := &r.outbound.dns
	s.asking = false
	for _, n := range m.notes {
		r.Log.RegistryNote(n)
	}
	now := k.Now()
	for _, list := range m.addrs {
		seen := make([]addrbook.Seen, len(list))
		for i, a := range list {
			age := 3*24*time.Hour + time.Duration(k.Rand().Int64N(int64(4*24*time.Hour)))
			seen[i] = addrbook.Seen{Addr: a, Services: uint64(wire.NodeNetwork | wire.NodeWitness), Time: now.Add(-age)}
		}
		if len(seen) > 0 { // each seed is a source of its own
			r.book.Add(seen, seen[0].Addr.Addr, 0, now)
		}
		s.found += len(seen)
	}
	if len(s.names) == 0 {
		r.Log.RegistryNote(fmt.Sprintf("%d addresses found from DNS seeds", s.found))
	}
}
