package conn

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// addrRelay is what we hear from the peer of addresses, and what we tell it. A
// peer may tell us of one address in ten seconds, and of a first thousand if we
// asked (Core's token bucket).
type addrRelay struct {
	tokens   float64
	at       time.Time
	asked    bool // our getaddr is not answered yet
	answered bool // its getaddr: once

	known   knownTxs // addresses that it knows
	waiting []wire.PeerAddr
	next    time.Time // when it is told of them
	ownAt   time.Time // when it is told of our own address again; zero: it was not yet
}

const (
	addrRate   = 0.1 // a second
	addrBucket = wire.MaxAddrs
	// addrTrickle is how long addresses wait on average, so that nobody sees
	// where one came from (Core's AVG_ADDRESS_BROADCAST_INTERVAL).
	addrTrickle = 30 * time.Second
	// addrFetchPatience is how long a peer that was called for its addresses may
	// take to tell them.
	addrFetchPatience = 10 * addrTrickle
)

// init begins with addresses when the handshake is over: who called us has to
// show first that it speaks of them at all.
func (r *addrRelay) init(k *kit.Context, c *conn) {
	r.tokens, r.at = 1, k.Now()
	r.known.salt = k.Rand().Uint64()
	if c.peer.Inbound() || c.peer.Type == msg.BlockRelay {
		return
	}
	c.peer.Stats.AddrRelay.Store(true)
	c.send(k, &wire.GetAddr{})
	r.asked = true
	r.tokens += addrBucket
}

// refill lets time pass. The thousand that we asked for may lie above the rim.
func (r *addrRelay) refill(now time.Time) {
	if r.tokens < addrBucket {
		r.tokens = min(addrBucket, r.tokens+addrRate*max(0, now.Sub(r.at).Seconds()))
	}
	r.at = now
}

// speaksAddrs notes that the peer speaks of addresses; false if we do not.
func (c *conn) speaksAddrs(what string) bool {
	if c.peer.Type == msg.BlockRelay {
		c.note("ignoring %s message from %s peer=%s", what, c.peer.Type, peerNumber(c.peer))
		return false
	}
	c.peer.Stats.AddrRelay.Store(true)
	return true
}

func (c *conn) onAddrs(k *kit.Context, what string, list []wire.PeerAddr) {
	if !c.speaksAddrs(what) {
		return
	}
	r, stats := &c.addrs, &c.peer.Stats
	now := k.Now()
	r.refill(now)
	limited := !c.peer.Permissions.Has(permAddr)
	keep := list[:0:0]
	for _, a := range list {
		switch {
		case r.tokens >= 1:
			r.tokens--
		case limited:
			stats.AddrRateLimited.Add(1)
			continue
		}
		if a.Services&(wire.NodeNetwork|wire.NodeNetworkLimited) == 0 {
			continue // nothing to be had there
		}
		if at := time.Unix(int64(a.Time), 0); a.Time <= 100_000_000 || at.After(now.Add(10*time.Minute)) {
			a.Time = uint32(now.Add(-5 * 24 * time.Hour).Unix())
		}
		r.known.add(addrID(a))
		stats.AddrProcessed.Add(1)
		keep = append(keep, a)
	}
	if len(keep) > 0 {
		k.Send(c.node.Cast.Registry(), &msg.AddrsArrived{Peer: c.peer, Addrs: keep, Fresh: !r.asked && len(list) <= 10})
	}
	if len(list) < wire.MaxAddrs {
		r.asked = false
	}
	if c.peer.Type == msg.AddrFetch && len(list) > 1 {
		c.end(k, "addrfetch connection completed peer="+peerNumber(c.peer)+"; disconnecting")
	}
}

// addrID is the address as the table of known things wants it.
func addrID(a wire.PeerAddr) tx.Hash { return sha256.Sum256([]byte(a.Addr.String())) }

// onGetAddr answers callers only, and each once: otherwise the answers would
// show whom we know from whom.
func (c *conn) onGetAddr(k *kit.Context) bool {
	switch {
	case !c.peer.Inbound():
		c.note("Ignoring \"getaddr\" from %s connection. peer=%s", c.peer.Type, peerNumber(c.peer))
		return true
	case c.addrs.answered:
		c.note("Ignoring repeated \"getaddr\". peer=%s", peerNumber(c.peer))
		return true
	}
	c.speaksAddrs("getaddr")
	if !c.call(k, c.node.Cast.Registry(), &msg.AddrsWanted{Peer: c.peer}, alone, patience) {
		return false
	}
	c.addrs.answered = true
	return true
}

func (c *conn) answerAddrs(k *kit.Context, addrs []wire.PeerAddr) {
	c.addrs.waiting = nil
	c.tellAddrs(k, addrs)
}

// queueAddrs takes what registry wants the peer to hear. More than fits into one
// message replaces what waits, at random, so that nobody can crowd others out.
func (c *conn) queueAddrs(k *kit.Context, list []wire.PeerAddr) {
	if c.ended || !c.shake.done() || !c.peer.Stats.AddrRelay.Load() {
		return
	}
	r := &c.addrs
	for _, a := range list {
		switch {
		case r.known.has(addrID(a)) || !c.shake.addrV2 && !a.Addr.Addr.FitsV1():
		case len(r.waiting) >= wire.MaxAddrs:
			r.waiting[k.Rand().IntN(len(r.waiting))] = a
		default:
			r.waiting = append(r.waiting, a)
		}
	}
}

// sendAddrs tells the peer of what waits when its moment has come.
func (c *conn) sendAddrs(k *kit.Context) {
	r := &c.addrs
	now := k.Now()
	if !c.peer.Stats.AddrRelay.Load() || !now.After(r.next) || c.out.crowded() {
		return
	}
	r.next = now.Add(time.Duration(k.Rand().ExpFloat64() * float64(addrTrickle)))
	list := slices.DeleteFunc(r.waiting, func(a wire.PeerAddr) bool { return r.known.has(addrID(a)) })
	r.waiting = nil
	c.tellAddrs(k, list)
}

func (c *conn) tellAddrs(k *kit.Context, list []wire.PeerAddr) {
	if !c.shake.addrV2 {
		list = slices.DeleteFunc(slices.Clone(list), func(a wire.PeerAddr) bool { return !a.Addr.Addr.FitsV1() })
	}
	if len(list) == 0 {
		return
	}
	for _, a := range list {
		c.addrs.known.add(addrID(a))
	}
	if c.shake.addrV2 {
		c.send(k, &wire.AddrV2{Addrs: list})
	} else {
		c.send(k, &wire.Addr{Addrs: list})
	}
}
