package registry

import (
	"fmt"
	"slices"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
)

const (
	seedNodeEvery = 10 * time.Second // between two nodes of -seednode (Core's ADD_NEXT_SEEDNODE)
	seedNodesFor  = 30 * time.Second // that they have before DNS is asked (Core's SEEDNODE_TIMEOUT)
	enoughPeers   = 2                // full-relay ones, to ask nobody else (Core's SEED_OUTBOUND_CONNECTION_THRESHOLD)
)

// seedNodes are the nodes of -seednode that have not been asked yet. Each is called once,
// for addresses, and left: the first at once when the book is empty, the next ones
// while it has not led us to enough peers.
type seedNodes struct {
	names []string
	next  time.Time // when the next one may be asked
	dns   time.Time // until when they go before the DNS seeds
}

func (s *seedNodes) start(k *kit.Context, r *registry) {
	s.names = slices.Clone(r.Config.SeedNode)
	if len(s.names) == 0 {
		return
	}
	k.Rand().Shuffle(len(s.names), func(i, j int) { s.names[i], s.names[j] = s.names[j], s.names[i] })
	now := k.Now()
	s.next, s.dns = now.Add(seedNodeEvery), now.Add(seedNodesFor)
	if r.book.Len() == 0 {
		s.next = now
	}
	if r.Config.DNSSeed && len(r.Seeds) > 0 {
		r.Log.RegistryNote(fmt.Sprintf("-seednode enabled. Trying the provided seeds for %d seconds before defaulting to the dnsseeds.", int(seedNodesFor.Seconds())))
	}
}

// tick asks the next one when it is time.
func (s *seedNodes) tick(k *kit.Context, r *registry, now time.Time) {
	if len(s.names) == 0 || now.Before(s.next) || r.fullRelay() >= enoughPeers {
		return
	}
	name := s.names[len(s.names)-1]
	if !r.outbound.callManual(k, r, &manual{name: name, once: true, from: "-seednode", typ: msg.AddrFetch}) {
		return
	}
	s.names = s.names[:len(s.names)-1]
	s.next = now.Add(seedNodeEvery)
	if r.book.Len() == 0 {
		r.Log.RegistryNote("Empty addrman, adding seednode (" + name + ") to addrfetch")
	} else {
		r.Log.RegistryNote(fmt.Sprintf("Couldn't connect to peers from addrman after %d seconds. Adding seednode (%s) to addrfetch", int(seedNodeEvery.Seconds()), name))
	}
}

// fullRelay counts the peers that we chose ourselves and that may serve everything.
func (r *registry) fullRelay() (n int) {
	for _, p := range r.peers {
		if p.Type == msg.OutboundRelay {
			n++
		}
	}
	return n
}
