// Package mempool is the actor that owns the pool of unconfirmed transactions.
//
// It is a shell around [mempool.Pool]: transactions come in, are prepared, go to
// verify with all they need, come back, and are decided about, in the order in
// which each peer sent them. Peers take turns, so that one who sends much does
// not keep the others waiting. When the chain moves, the pool moves with it, as
// one event: readers see the old view or the new one.
//
// It restarts with what it saved. Start reading at [Spec], then admit.go and
// follow.go.
package mempool

import (
	"maps"
	"slices"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/mempool/estimate"
)

// Deps is what the actor is made of.
type Deps struct {
	Board  *msg.Board
	Cast   *msg.Cast
	Policy mempool.Policy
	// AtOnce is how many transactions may be with verify.
	AtOnce int
	// File is where the pool is saved on demand (mempool.dat). Keep saves it at
	// every stop, too, and loads it at the start (-persistmempool).
	File string
	Keep bool
	Fees Fees
	Log  Log
	// Opened is told when readers have the first view of each life; may be nil.
	Opened func()
}

// Log is told what people want to know of the pool.
type Log interface {
	TxAccepted(e *mempool.Entry, peer msg.PeerID, poolSize int)
	// TxRefused has Core's words.
	TxRefused(t mempool.Refused)
	PoolNote(text string)
	// OrphanNote has Core's words.
	OrphanNote(format string, args ...any)
	// FeesNote may come from any goroutine.
	FeesNote(text string)
	// FeesLearned tells from how many of the pool's transactions that a block
	// confirmed something was learned, and the longest target for which there may be
	// an estimate now.
	FeesLearned(height int32, learned, confirmed, longest int)
}

const (
	// patience is how long verify may take for one transaction; the slowest that
	// policy lets in takes a second or so.
	patience    = 5 * time.Minute
	expireEvery = 5 * time.Minute
	// Our operator's transactions that nobody asked for are announced again after
	// ten to fifteen minutes, as in Core.
	reannounceAfter, reannounceSpread = 10 * time.Minute, 5 * time.Minute
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
	pool   *mempool.Pool
	queues queues
	checks map[kit.CallID]*submission
	rounds rounds

	walking    bool  // the blocks to another tip are being read
	fork       int32 // how far down a reorganisation under way went; -1: none is
	returned   []returnedTx
	batch      uint64 // of the last of them
	rechecking bool

	restore  *restore // of mempool.dat, under way
	queued   []*restore
	poolFile file

	estimates      *estimate.Estimator
	estimatesReady bool // what the last run had learned is there
	feesFile       file
	flushAt        time.Time
	questions      []question

	dirty      bool   // the pool is not as published
	acks       []ack  // to be sent when it is
	key        uint64 // for hiding the saved file's bytes
	expired    time.Time
	reannounce time.Time
}

// ack is an answer that waits for the view to be published.
type ack struct {
	to     kit.ReplyTo
	answer any
}

func newPool(d Deps) *pool {
	return &pool{
		Deps: d, estimates: estimate.New(),
		queues: newQueues(), checks: map[kit.CallID]*submission{}, fork: -1,
		poolFile: file{path: d.File}, feesFile: file{path: d.Fees.File},
	}
}

// Receive handles one message, and publishes what it has changed before anybody
// is told.
func (p *pool) Receive(k *kit.Context, m any) {
	p.handle(k, m)
	if p.pool == nil {
		return
	}
	if p.dirty && !p.moving() {
		p.publish(k)
	}
	for i, a := range p.acks {
		a.to.Reply(a.answer)
		p.acks[i] = ack{}
	}
	p.acks = p.acks[:0]
	p.answerBarriers()
	p.answerFees()
}

func (p *pool) handle(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		p.start(k)
	case *msg.SubmitTx:
		p.submit(k, m)
	case *msg.TxChecked:
		p.checked(k, k.CallID(), m.Err)
	case kit.Timeout:
		p.checked(k, k.CallID(), m.Err)
	case *msg.SubmitPackage:
		p.submitPackage(k, m)
	case *msg.TestTxs:
		p.test(k, m)
	case *msg.TipChanged:
		p.resume(k)
	case *walked:
		p.arrive(k, m)
	case *rechecked:
		p.settle(k, m)
	case *msg.PickTxs:
		p.pick(k)
	case *msg.Barrier:
		p.rounds.close(k.ReplyTo())
	case *msg.SavePool:
		p.save(k)
	case *msg.ImportPool:
		p.load(k, &restore{ImportPool: *m, reply: k.ReplyTo()})
	case *more:
		p.goOn(k)
	case *fileRead:
		p.fileRead(k, m)
	case *estimatesRead:
		p.estimatesRead(k, m)
	case msg.Tick:
		p.tick(k)
	case kit.Stopping:
		p.stop()
	default:
		p.command(k, m)
	}
}

// command carries out what changes or asks little.
func (p *pool) command(k *kit.Context, m any) {
	switch m := m.(type) {
	case *msg.Prioritise:
		p.pool.Prioritise(m.ID, m.Delta)
		p.dirty = true
		p.acks = append(p.acks, ack{k.ReplyTo(), &msg.Done{}})
	case *msg.Forward:
		p.reannounce, p.flushAt = p.reannounce.Add(-m.By), p.flushAt.Add(-m.By)
		p.tick(k)
		p.acks = append(p.acks, ack{k.ReplyTo(), &msg.Done{}})
	case *msg.ListDeltas:
		k.Reply(&msg.DeltasListed{Deltas: p.pool.Deltas()})
	case *msg.AnnounceTx:
		if e := p.pool.ByID(m.ID); e != nil {
			p.pool.Announce(e)
			p.dirty = true
		}
	case *msg.TxServed:
		p.pool.Broadcast(m.ID)
		p.dirty = true
	case *msg.EstimateFee, *msg.EstimateRawFee:
		p.askFee(k, m)
	}
}

func (p *pool) start(k *kit.Context) {
	tip := p.Board.Tip()
	p.pool = mempool.New(p.Policy, mempool.NewTip(tip.Tip(), p.Board.Params))
	if old := p.Board.Pool(); old != nil {
		p.pool.Continue(old) // after a failure: readers walk on
	}
	p.key = k.Rand().Uint64()
	p.expired, p.reannounce = k.Now(), k.Now().Add(reannounceAfter)
	p.flushAt = k.Now().Add(estimate.FlushInterval)
	k.Every(time.Second, msg.Tick{})
	if !p.Keep || p.File == "" {
		p.pool.SetLoaded()
	}
	if p.openEstimates(k); p.estimatesReady {
		p.openFile(k)
	}
	p.dirty = true
}

func (p *pool) publish(k *kit.Context) {
	p.Board.PublishPool(p.pool.View(k.Now().Unix()))
	p.dirty = false
	if p.Opened != nil {
		p.Opened()
		p.Opened = nil
	}
}

// pick hands out what a block may hold, unless the pool is on its way.
func (p *pool) pick(k *kit.Context) {
	tip := p.pool.Tip()
	answer := &msg.TxsPicked{Tip: tip.Hash()}
	if p.moving() {
		answer.Tip = [32]byte{} // nobody's: ask again
	} else {
		answer.Sequence, answer.Picks = p.pool.Sequence(), p.pool.Candidates()
	}
	k.Reply(answer)
}

// answerBarriers answers those before which nothing is on its way any more, once
// the pool stands on the published tip.
func (p *pool) answerBarriers() {
	if len(p.rounds.barriers) == 0 || p.moving() || !p.caughtUp() {
		return
	}
	for _, r := range p.rounds.due() {
		r.Reply(&msg.Done{})
	}
}

// tick looks at the clock: old transactions and orphans go.
func (p *pool) tick(k *kit.Context) {
	p.resume(k) // a tip event that was lost is made good
	p.flushEstimates(k)
	p.forgetGone()
	now := k.Now()
	if now.Before(p.expired) {
		p.expired = now // a mock clock was set back
	}
	if p.moving() {
		return
	}
	if now.Sub(p.expired) >= expireEvery {
		p.expired = now
		p.pool.Orphans().Expire(now.Unix())
		p.pool.Expire(now.Unix())
		p.drain()
		p.dirty = true // the minimum fee falls with time
	}
	if !now.Before(p.reannounce) {
		p.reannounce = now.Add(reannounceAfter + time.Duration(k.Rand().Int64N(int64(reannounceSpread))))
		if p.pool.Reannounce() > 0 {
			p.dirty = true
		}
	}
}

// forgetGone drops the orphans of peers that have gone.
func (p *pool) forgetGone() {
	if p.pool.Orphans().Len() == 0 {
		return
	}
	here := map[int64]bool{}
	for _, peer := range p.Board.Peers().Peers {
		here[int64(peer.ID)] = true
	}
	gone := p.pool.Orphans().Keep(func(peer int64) bool { return here[peer] })
	for _, peer := range slices.Sorted(maps.Keys(gone)) {
		p.Log.OrphanNote("Erased %d orphan transaction(s) from peer=%d", gone[peer], msg.ShownID(msg.PeerID(peer)))
	}
}

// drain tells the estimator what left the pool unconfirmed.
func (p *pool) drain() {
	for _, r := range p.pool.Drain() {
		if r.Why != mempool.RemovedForBlock {
			p.estimates.Removed(r.Entry.Tx.ID())
		}
		p.dirty = true
	}
}
