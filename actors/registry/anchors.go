package registry

import (
	"fmt"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// anchors are the nodes that gave us blocks alone: those of the life before, to be
// called first, and those of this one, to be kept when it ends.
type anchors struct {
	old  []addrbook.Seen
	ours []addrbook.Seen
}

// start takes up the anchors of the life before, unless our operator has named whom to
// call.
func (a *anchors) start(r *registry) {
	if r.Config.OnlyConnect {
		return
	}
	a.old = r.Files.takeAnchors(r.Magic, r.Log)
	r.Log.RegistryNote(fmt.Sprintf("%d block-relay-only anchors will be tried for connections.", len(a.old)))
}

// ended notes a connection that lasted until the end. All that ended before it did are
// no anchors.
func (a *anchors) ended(r *registry, p *msg.Peer, reason string, now time.Time) {
	if reason != msg.Shutdown || p.Type != msg.BlockRelay || r.Config.OnlyConnect || len(a.ours) == addrbook.MaxAnchors {
		return
	}
	s := addrbook.Seen{Addr: p.Addr, Time: now}
	if hello := p.Hello(); hello != nil {
		s.Services = uint64(hello.Services)
	}
	a.ours = append(a.ours, s)
}

// call calls the next anchor that may be, and tells whether there was one.
func (a *anchors) call(k *kit.Context, r *registry, groups map[netaddr.Group]bool) bool {
	for len(a.old) > 0 {
		s := a.old[len(a.old)-1]
		a.old = a.old[:len(a.old)-1]
		if !r.reachable(s.Addr.Addr) || !r.useful(wire.Services(s.Services), msg.BlockRelay, k.Now()) || groups[s.Addr.Addr.Group()] || r.bans.Banned(s.Addr.Addr, k.Now()) {
			continue
		}
		r.Log.RegistryNote("Trying to make an anchor connection to " + s.Addr.String())
		r.outbound.call(k, r, s.Addr, msg.BlockRelay)
		return true
	}
	return false
}
