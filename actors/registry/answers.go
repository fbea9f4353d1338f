package registry

import (
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// answers are what those hear who ask for addresses: the same for about a day, so
// that nobody learns the whole book by asking again and again, nor when an address
// entered it. Each of our ends has an answer of its own for each network: equal ones
// would show that an onion service and a public address are one node (Core's
// CConnman::GetAddresses).
type answers map[asked]answer

// asked is what answers differ by. They are as few as our ends: only callers are
// answered.
type asked struct {
	network netaddr.Network
	bind    netaddr.AddrPort
}

type answer struct {
	addrs []wire.PeerAddr
	until time.Time
}

// How long an answer is repeated (Core: 21 to 27 hours).
const (
	answerLeast = 21 * time.Hour
	answerMore  = 6 * time.Hour
)

// answer is what a peer hears. One with the addr permission always hears anew.
func (r *registry) answer(k *kit.Context, p *msg.Peer) []wire.PeerAddr {
	if p.Permissions.Has(config.PermAddr) {
		return r.sample(k)
	}
	key, now := asked{p.Network(), p.Bind}, k.Now()
	a, ok := r.answers[key]
	if !ok || !now.Before(a.until) {
		more := time.Duration(k.Rand().Int64N(int64(answerMore)))
		a = answer{addrs: r.sample(k), until: now.Add(answerLeast + more)}
		r.answers[key] = a
	}
	return a.addrs
}

func (r *registry) sample(k *kit.Context) []wire.PeerAddr {
	var list []wire.PeerAddr
	for _, i := range r.book.Sample(wire.MaxAddrs, netaddr.None, k.Now()) {
		list = append(list, wire.PeerAddr{Time: uint32(i.Seen.Unix()), Services: wire.Services(i.Services), Addr: i.Addr})
	}
	return list
}
