package mempool

import (
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
)

// maxTries bounds how often a peer's transaction is checked anew because the
// chain or its parents changed meanwhile.
const maxTries = 5

// burst bounds how many transactions one message can begin: most were refused at
// once, or there would not be so many.
const burst = 512

// submission is a transaction on its way, or a package of them.
type submission struct {
	queue   msg.PeerID
	peer    msg.PeerID // who gave it
	tx      *tx.Tx
	pack    []*tx.Tx // instead of tx
	test    bool     // change nothing
	bypass  bool
	batch   uint64 // with bypass: what it came back with
	time    int64  // when it came; 0: now
	maxRate int64
	reply   kit.ReplyTo
	round   *round
	then    func(mempool.Verdict)

	attempt *mempool.Attempt
	tries   int
	checked bool
	refused *mempool.Reject // decided without a check

	// An orphan that was adopted belongs to the transaction that it waited for,
	// whose answer waits until the orphan is decided about, too.
	parent *submission
	orphan *mempool.Orphan // it, or the child in a package
	left   int             // adopted orphans not yet decided about
	answer any
}

func (p *pool) submit(k *kit.Context, m *msg.SubmitTx) {
	p.push(&submission{queue: m.Peer, peer: m.Peer, tx: m.Tx, maxRate: m.MaxFeePerKVB, reply: k.ReplyTo()})
	p.pump(k)
}

// push queues a submission behind the earlier ones of its queue.
func (p *pool) push(s *submission) {
	if s.queue != restored {
		s.round = p.rounds.join()
	}
	p.queues.push(s)
}

// pump gives verify work: one transaction of each peer in turn, as many at once
// as there may be. While the pool moves to another tip only the transactions of
// disconnected blocks are let through.
func (p *pool) pump(k *kit.Context) {
	for begun := 0; len(p.checks) < max(p.AtOnce, 1) && !p.walking && !p.landing(); begun++ {
		if begun == burst {
			k.Self().Post(&more{})
			return
		}
		var s *submission
		if p.moving() {
			s = p.queues.nextOf(unblocked)
		} else {
			s = p.queues.next()
		}
		if s == nil {
			return
		}
		p.begin(k, s)
		p.finishInOrder(k, s.queue) // it may have been decided already
	}
}

// begin prepares a transaction and sends it to be checked.
func (p *pool) begin(k *kit.Context, s *submission) {
	s.checked, s.refused = false, nil
	now := k.Now().Unix()
	switch {
	case !s.bypass && p.caughtUp() && !p.Board.Tip().HasCoins():
		s.refused = mempool.Unavailable("the node is catching up: the coins of its tip are not at hand")
	case s.pack != nil:
		s.attempt, s.refused = p.pool.PreparePackage(s.pack, now)
	case s.peer > 0 && s.orphan == nil && p.pool.RefusedBefore(s.tx):
		s.refused = mempool.TooCheapAlone
	default:
		s.attempt, s.refused = p.pool.Prepare(s.tx, now, s.bypass)
	}
	if s.refused != nil {
		s.checked = true
		return
	}
	s.attempt.MaxRate, s.attempt.Batch = s.maxRate, s.batch
	if s.time != 0 {
		s.attempt.Time = s.time
	}
	s.tries++
	id, result := k.Call(p.Cast.Verify(), &msg.CheckTx{Attempt: s.attempt}, patience)
	if result != kit.Ok {
		s.checked, s.refused = true, mempool.Unavailable("verify has no room")
		return
	}
	p.checks[id] = s
}

// checked takes a transaction back from verify.
func (p *pool) checked(k *kit.Context, id kit.CallID, err error) {
	s := p.checks[id]
	if s == nil {
		return
	}
	delete(p.checks, id)
	s.checked = true
	if err != nil {
		s.refused = mempool.Unavailable(err.Error())
	}
	p.finishInOrder(k, s.queue)
	p.pump(k)
}

// finishInOrder decides about a peer's transactions from the oldest on, as far
// as they have been checked.
func (p *pool) finishInOrder(k *kit.Context, queue msg.PeerID) {
	for {
		s := p.queues.head(queue)
		if s == nil || !s.checked || p.walking || p.moving() && queue != unblocked {
			return
		}
		if s.refused == nil && p.pool.Stale(s.attempt, k.Now().Unix()) {
			if !p.caughtUp() {
				p.follow(k) // and decide when the pool is there
				return
			}
			if p.landing() {
				return
			}
			if s.tries < maxTries {
				p.begin(k, s)
				continue
			}
			if s.bypass {
				s.tries = 0 // the coins stay behind the tip: when the clock ticks
				return
			}
			s.refused = mempool.Unavailable("the chain keeps moving")
		}
		p.queues.pop(queue)
		if s.pack != nil {
			p.finishPackage(k, s)
		} else {
			p.finishOne(k, s)
		}
		p.recheck(k)
	}
}

func (p *pool) finishOne(k *kit.Context, s *submission) {
	now := k.Now().Unix()
	switch {
	case s.refused != nil && s.test:
		p.conclude(s, &msg.TxsTested{Verdicts: []mempool.Verdict{{Reject: s.refused}}})
	case s.test:
		p.conclude(s, &msg.TxsTested{Verdicts: []mempool.Verdict{p.pool.Test(s.attempt, now)}})
	case s.refused != nil:
		p.decided(k, s, p.known(s))
	default:
		p.decided(k, s, p.pool.Finish(s.attempt, now))
	}
}

// known is the verdict on what was refused before any check. What our operator
// offers again is announced again.
func (p *pool) known(s *submission) mempool.Verdict {
	e := p.pool.ByID(s.tx.ID())
	if e == nil || s.queue != operator {
		return mempool.Verdict{Reject: s.refused}
	}
	p.pool.Announce(e)
	p.dirty = true
	return mempool.Verdict{Entry: e, Known: true, Fee: e.Fee, VSize: e.VSize}
}

// decided notes what became of a transaction, and lets its orphans follow.
func (p *pool) decided(k *kit.Context, s *submission, v mempool.Verdict) {
	answer := &msg.TxVerdict{Verdict: v}
	switch {
	case v.Entry != nil && !v.Known:
		p.accepted(k, s, v.Entry)
		p.adopt(s, s.tx)
	case v.Entry != nil:
	case v.Reject.Result == mempool.MissingInputs && s.orphan != nil:
		p.pool.Orphans().Restore(s.orphan, k.Rand()) // another parent is missing
	case v.Reject.Result == mempool.MissingInputs && s.peer > 0:
		p.Log.TxRefused(mempool.Refused{Tx: s.tx, Peer: int64(s.peer), Reject: v.Reject})
		answer.Kept = p.keepOrphan(k, s)
	default:
		if v.Reject != mempool.TooCheapAlone {
			p.refuse(k, s, s.tx, v.Reject)
		}
		if v.Reject.Result == mempool.Reconsiderable {
			p.tryFamily(k, s)
		}
	}
	p.drain()
	if s.then != nil {
		s.then(v)
	}
	p.conclude(s, answer)
}

func (p *pool) accepted(k *kit.Context, s *submission, e *mempool.Entry) {
	p.dirty = true
	if s.queue == operator && s.pack == nil {
		p.pool.MarkUnbroadcast(e.Tx.ID())
	}
	if p.teaches(k, s, e) {
		p.estimates.Added(e.Tx.ID(), e.Height, e.FeePerKVB())
	}
	p.Log.TxAccepted(e, s.peer, p.pool.Count())
}

// refuse notes a refusal. Who gave an orphan hears nothing of it with an answer, and
// is held to account by a message.
func (p *pool) refuse(k *kit.Context, s *submission, t *tx.Tx, r *mempool.Reject) {
	switch r.Result {
	case mempool.WitnessStripped, mempool.Unknown, mempool.Conflict:
	default:
		p.pool.Recall(t)
	}
	peer := s.peer
	if s.orphan != nil && s.orphan.Tx == t {
		peer = msg.PeerID(s.orphan.Peer)
	}
	if peer > 0 {
		p.pool.NoteRefused(t, r.Result)
	}
	p.Log.TxRefused(mempool.Refused{Tx: t, Peer: int64(peer), Reject: r})
	if r.Result == mempool.Consensus && s.orphan != nil && s.orphan.Tx == t {
		k.Send(p.Cast.TxFetch(), &msg.OrphanTurnedBad{Peer: peer, Reject: r})
	}
}

// keepOrphan keeps a transaction until its parents come, unless there is nothing to
// wait for.
func (p *pool) keepOrphan(k *kit.Context, s *submission) bool {
	o := p.pool.KeepOrphan(s.tx, int64(s.peer), k.Now().Unix(), k.Rand())
	switch {
	case o.Hopeless:
		p.Log.OrphanNote("not keeping orphan with rejected parents %s (wtxid=%s)", s.tx.ID(), s.tx.WitnessID())
	case o.Fresh:
		p.Log.OrphanNote("stored orphan tx %s (wtxid=%s), weight: %d (mapsz %d)", s.tx.ID(), s.tx.WitnessID(), s.tx.Weight(), p.pool.Orphans().Len()+o.Evicted)
	}
	if o.Evicted > 0 {
		p.Log.OrphanNote("orphanage overflow, removed %d tx", o.Evicted)
	}
	return !o.Hopeless
}

// adopt queues the orphans that waited for a transaction.
func (p *pool) adopt(parent *submission, t *tx.Tx) {
	for _, o := range p.pool.Orphans().Adopt(t) {
		parent.left++
		p.push(&submission{queue: adopted, peer: msg.PeerID(o.Peer), tx: o.Tx, orphan: o, parent: parent})
	}
}

// tryFamily tries a transaction that pays too little alone together with a child
// that came before it (Core's 1-parent-1-child relay).
func (p *pool) tryFamily(k *kit.Context, s *submission) {
	if s.peer <= 0 || s.orphan != nil {
		return
	}
	if child := p.pool.TakeChild(s.tx, int64(s.peer), k.Rand()); child != nil {
		s.left++
		p.push(&submission{queue: adopted, peer: s.peer, pack: []*tx.Tx{s.tx, child.Tx}, orphan: child, parent: s})
	}
}

// conclude keeps the answer until the view is published, and until the orphans
// that came with a transaction are decided about.
func (p *pool) conclude(s *submission, answer any) {
	s.answer = answer
	for ; s != nil && s.left == 0; s = s.parent {
		p.acks = append(p.acks, ack{s.reply, s.answer})
		s.round.leave()
		if s.parent != nil {
			s.parent.left--
		}
	}
}
