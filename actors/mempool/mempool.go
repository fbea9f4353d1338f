// Package mempool is the actor that owns the pool of unconfirmed transactions.
//
// It is a shell around [mempool.Pool]: transactions come in, are prepared, go to
// verify with all they need, come back, and are decided about, in the order in
// which each peer sent them. Peers take turns, so that one who sends much does
// not keep the others waiting. When the chain moves, the pool moves with it, as
// one event: readers see the old view or the new one.
//
// It restarts empty, or with what it saved. Start reading at [Spec], then
// admit.go and follow.go.
package mempool

import (
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/mempool"
)

// Deps is what the actor is made of.
type Deps struct {
	Board  *msg.Board
	Cast   *msg.Cast
	Policy mempool.Policy
	// AtOnce is how many transactions may be with verify.
	AtOnce int
	Log    Log
}

// Log is told what people want to know of the pool.
type Log interface {
	TxAccepted(e *mempool.Entry, peer msg.PeerID, poolSize int)
	// TxRefused has Core's words.
	TxRefused(t mempool.Refused)
	PoolNote(text string)
}

const (
	// patience is how long verify may take for one transaction; the slowest that
	// policy lets in takes a second or so.
	patience    = 5 * time.Minute
	expireEvery = 5 * time.Minute
)

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	var lanes kit.Lanes
	lanes[kit.Tx] = kit.Limits{Messages: 1 << 17, Bytes: 128 << 20}
	lanes[kit.Reply] = kit.Limits{Messages: 1 << 14}
	return kit.Spec{
		Kind: msg.KindMempool, Name: msg.KindMempool, Mailbox: lanes,
		Policy: kit.Restart(3, 10*time.Minute, 100*time.Millisecond, kit.Fatal),
		New:    func() kit.Actor { return newPool(d) },
	}
}

type pool struct {
	Deps
	pool    *mempool.Pool
	orphans *mempool.Orphanage
	queues  queues
	checks  map[kit.CallID]*submission
	move    *move // to another tip, under way
	owed    bool  // a look for what a reorganisation made impossible
	waiting []kit.ReplyTo
	expired time.Time // when old transactions were last looked for
}

func newPool(d Deps) *pool {
	return &pool{Deps: d, orphans: mempool.NewOrphanage(), queues: newQueues(), checks: map[kit.CallID]*submission{}}
}

// Receive handles one message.
func (p *pool) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		p.start(k)
	case *msg.SubmitTx:
		p.submit(k, m)
	case *msg.TxChecked:
		p.checked(k, m)
	case *msg.TipChanged:
		p.follow(k)
	case *walked:
		p.arrive(k, m)
	case *rechecked:
		p.settle(k, m)
	case *msg.PickTxs:
		tip := p.pool.Tip()
		k.Reply(&msg.TxsPicked{Tip: tip.Hash(), Picks: p.pool.Candidates()})
	case *msg.Barrier:
		p.waiting = append(p.waiting, k.ReplyTo())
	case *msg.ConnDown:
		p.orphans.Forget(int64(m.Peer.ID))
	case kit.Timeout:
		p.lost(k, k.CallID(), m.Err)
	case msg.Tick:
		p.tick(k)
	}
	p.answerBarriers()
}

func (p *pool) start(k *kit.Context) {
	tip := p.Board.Tip()
	p.pool = mempool.New(p.Policy, mempool.NewTip(tip.Tip(), p.Board.Params))
	p.pool.SetLoaded()
	p.expired = k.Now()
	p.publish(k)
	k.Every(time.Second, msg.Tick{})
}

func (p *pool) publish(k *kit.Context) { p.Board.PublishPool(p.pool.View(k.Now().Unix())) }

// answerBarriers answers when nothing is on its way and the pool stands on the
// published tip.
func (p *pool) answerBarriers() {
	if len(p.waiting) == 0 || p.move != nil || p.queues.busy() || !p.caughtUp() {
		return
	}
	for _, r := range p.waiting {
		r.Reply(&msg.Done{})
	}
	p.waiting = nil
}

func (p *pool) caughtUp() bool {
	tip := p.pool.Tip()
	return tip.Hash() == p.Board.Tip().Tip().Hash()
}

// tick looks at the clock: old transactions and orphans go.
func (p *pool) tick(k *kit.Context) {
	p.follow(k) // a tip event that was lost is made good
	if now := k.Now(); p.move == nil && (now.Sub(p.expired) >= expireEvery || now.Before(p.expired)) {
		p.expired = now
		p.orphans.Expire(now.Unix())
		if n := p.pool.Expire(now.Unix() - p.Policy.ExpirySeconds); n > 0 {
			p.pool.Drain()
		}
		p.publish(k)
	}
}
