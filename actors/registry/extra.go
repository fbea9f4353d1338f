package registry

import (
	"fmt"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// When we call one more node than there are slots, to see whether it knows more than
// those we have (Core's names in brackets).
const (
	lookEvery    = 45 * time.Second // between two looks for one too many (EXTRA_PEER_CHECK_INTERVAL)
	staleEvery   = 10 * time.Minute // between two looks at the tip (STALE_CHECK_INTERVAL)
	staleBlocks  = 3                // so many times ten minutes without a block are suspicious
	nearlySynced = 20               // blocks that a tip may be behind by its time (CanDirectFetch)
	extraEvery   = 5 * time.Minute  // on average, for blocks alone (EXTRA_BLOCK_RELAY_ONLY_PEER_INTERVAL)
	extraLeast   = 30 * time.Second // that a connection is kept (MINIMUM_CONNECT_TIME)
)

// extra guards us against being kept off the network by those whom we chose. When no
// block has come for long, one more full-relay peer is called; and every few minutes,
// when we have caught up, one more for blocks alone. Whoever has brought the least is
// left then.
type extra struct {
	tip     tx.Hash
	tipAt   time.Time // when it became our tip
	lookAt  time.Time
	staleAt time.Time
	stale   bool      // one more full-relay peer may be called
	blocks  bool      // we had caught up once
	callAt  time.Time // when one more may be called for blocks alone
}

func (e *extra) tick(k *kit.Context, r *registry, now time.Time) {
	tip := r.Board.Tip()
	if tip == nil || r.Config.OnlyConnect {
		return
	}
	if hash := tip.Tip().Hash(); hash != e.tip || e.tipAt.IsZero() {
		e.tip, e.tipAt = hash, now
	}
	spacing := time.Duration(r.Board.Params.TargetSpacing) * time.Second
	if !e.blocks && now.Sub(time.Unix(int64(tip.Tip().Time()), 0)) < nearlySynced*spacing {
		e.blocks, e.callAt = true, now.Add(e.between(k))
	}
	if now.Before(e.lookAt) {
		return
	}
	e.lookAt = now.Add(lookEvery)
	e.leave(k, r, now)
	if now.After(e.staleAt) {
		e.staleAt = now.Add(staleEvery)
		e.stale = now.Sub(e.tipAt) > staleBlocks*spacing && !r.fetching()
		if e.stale {
			r.Log.RegistryNote(fmt.Sprintf("Potential stale tip detected, will try using extra outbound peer (last tip update: %d seconds ago)", int(now.Sub(e.tipAt).Seconds())))
		}
	}
}

func (e *extra) between(k *kit.Context) time.Duration {
	return time.Duration(k.Rand().ExpFloat64() * float64(extraEvery))
}

// wants says whom to call beyond the slots, if anybody.
func (e *extra) wants(k *kit.Context, now time.Time) (msg.ConnType, bool) {
	switch {
	case e.stale:
		return msg.OutboundRelay, true
	case e.blocks && now.After(e.callAt):
		e.callAt = now.Add(e.between(k))
		return msg.BlockRelay, true
	}
	return "", false
}

// fetching says whether blocks are on their way.
func (r *registry) fetching() bool {
	for _, p := range r.peers {
		if busy(p) {
			return true
		}
	}
	return false
}

func busy(p *msg.Peer) bool {
	heights := p.Stats.InFlight.Load()
	return heights != nil && len(*heights) > 0
}

// leave ends the connections that are one too many.
func (e *extra) leave(k *kit.Context, r *registry, now time.Time) {
	end := func(p *msg.Peer, text string) bool {
		if p == nil || now.Sub(p.Since) < extraLeast || busy(p) {
			return false
		}
		return k.Send(p.Ref(), &msg.Disconnect{Reason: text}) == kit.Ok
	}
	if p := extraBlocks(r.peers, r.slots().blocks); p != nil {
		end(p, fmt.Sprintf("disconnecting extra block-relay-only peer=%d (last block received at time %d)", p.Number(), p.Stats.LastBlock.Load()))
	}
	if p := extraFull(r.peers, r.slots().full); p != nil &&
		end(p, fmt.Sprintf("disconnecting extra outbound peer=%d (last block announcement received at time %d)", p.Number(), p.Stats.LastNews.Load())) {
		e.stale = false // somebody new was found; the next look at the tip decides about more
	}
}

// extraBlocks is who of the block-relay-only peers is one too many: the youngest, or the
// one before if that one gave us a block less lately; nil if all have slots.
func extraBlocks(peers []*msg.Peer, slots int) *msg.Peer {
	var youngest, next *msg.Peer
	n := 0
	for _, p := range peers { // by age
		if p.Type == msg.BlockRelay && p.Hello() != nil {
			n++
			youngest, next = p, youngest
		}
	}
	switch {
	case n <= slots:
		return nil
	case next != nil && youngest.Stats.LastBlock.Load() > next.Stats.LastBlock.Load():
		return next
	}
	return youngest
}

// extraFull is who of the full-relay peers is one too many: the one that told us of a new
// block least lately, of two the younger. Those that are protected for their chain stay,
// and the last one of a network.
func extraFull(peers []*msg.Peer, slots int) *msg.Peer {
	n := 0
	networks := map[netaddr.Network]int{}
	for _, p := range peers {
		if p.Type == msg.OutboundRelay || p.Type == msg.Manual {
			networks[p.Addr.Addr.Network()]++
		}
		if p.Type == msg.OutboundRelay && p.Hello() != nil {
			n++
		}
	}
	if n <= slots {
		return nil
	}
	var worst *msg.Peer
	for _, p := range peers {
		if p.Type != msg.OutboundRelay || p.Hello() == nil || p.Stats.Protected.Load() || networks[p.Addr.Addr.Network()] <= 1 {
			continue
		}
		if worst == nil || p.Stats.LastNews.Load() <= worst.Stats.LastNews.Load() {
			worst = p
		}
	}
	return worst
}
