package mempool

import (
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
)

// maxTries bounds how often a transaction is checked anew because the chain or
// its parents changed meanwhile.
const maxTries = 5

// Queues of their own for what no peer sent.
const (
	operator  msg.PeerID = 0  // our operator's transactions, and adopted orphans
	unblocked msg.PeerID = -1 // of disconnected blocks
)

// submission is a transaction on its way.
type submission struct {
	tx      *tx.Tx
	peer    msg.PeerID
	bypass  bool
	reply   kit.ReplyTo
	attempt *mempool.Attempt
	tries   int
	checked bool
	verdict *mempool.Verdict // when it was decided without a check

	// An orphan that was adopted belongs to the transaction that it waited for,
	// whose answer waits until the orphan is decided about, too.
	parent *submission
	left   int // adopted orphans not yet decided about
}

// submit queues a transaction behind its peer's earlier ones.
func (p *pool) submit(k *kit.Context, m *msg.SubmitTx) {
	p.queues.push(&submission{tx: m.Tx, peer: m.Peer, reply: k.ReplyTo()})
	p.pump(k)
}

// pump gives verify work: one transaction of each peer in turn, as many at once
// as there may be. While the pool moves to another tip only the transactions of
// disconnected blocks are let through.
func (p *pool) pump(k *kit.Context) {
	for len(p.checks) < p.AtOnce {
		s := p.queues.next(p.move != nil)
		if s == nil {
			return
		}
		p.begin(k, s)
	}
}

// begin prepares a transaction and sends it to be checked.
func (p *pool) begin(k *kit.Context, s *submission) {
	s.checked, s.verdict = false, nil
	attempt, refused := p.pool.Prepare(s.tx, k.Now().Unix(), s.bypass)
	if refused != nil {
		p.decide(k, s, mempool.Verdict{Reject: refused})
		return
	}
	s.attempt = attempt
	s.tries++
	id, result := k.Call(p.Cast.Verify(), &msg.CheckTx{Attempt: attempt}, patience)
	if result != kit.Ok {
		p.decide(k, s, mempool.Verdict{Reject: mempool.Unavailable("verify has no room")})
		return
	}
	p.checks[id] = s
}

// decide notes a verdict that needs no check, and finishes what it was holding
// up.
func (p *pool) decide(k *kit.Context, s *submission, v mempool.Verdict) {
	s.checked, s.verdict = true, &v
	p.finishInOrder(k, s.peer)
}

// checked takes a transaction back from verify.
func (p *pool) checked(k *kit.Context, m *msg.TxChecked) {
	s := p.checks[k.CallID()]
	if s == nil {
		return
	}
	delete(p.checks, k.CallID())
	s.checked = true
	if m.Err != nil {
		s.verdict = &mempool.Verdict{Reject: mempool.Unavailable(m.Err.Error())}
	}
	p.finishInOrder(k, s.peer)
	p.pump(k)
}

// lost is a check that nobody answered.
func (p *pool) lost(k *kit.Context, id kit.CallID, err error) {
	if s := p.checks[id]; s != nil {
		delete(p.checks, id)
		p.decide(k, s, mempool.Verdict{Reject: mempool.Unavailable(err.Error())})
		p.pump(k)
	}
}

// finishInOrder decides about a peer's transactions from the oldest on, as far
// as they have been checked.
func (p *pool) finishInOrder(k *kit.Context, peer msg.PeerID) {
	for {
		s := p.queues.head(peer)
		if s == nil || !s.checked || p.move != nil && peer != unblocked {
			return
		}
		if s.verdict == nil && p.pool.Stale(s.attempt) {
			if s.tries < maxTries {
				p.begin(k, s)
				return
			}
			s.verdict = &mempool.Verdict{Reject: mempool.Unavailable("the chain keeps moving")}
		}
		p.queues.pop(peer)
		v := s.verdict
		if v == nil {
			found := p.pool.Finish(s.attempt, k.Now().Unix())
			v = &found
		}
		p.concluded(k, s, v)
	}
}

// concluded publishes what a verdict changed, and only then answers.
func (p *pool) concluded(k *kit.Context, s *submission, v *mempool.Verdict) {
	p.pool.Drain()
	switch {
	case v.Entry != nil:
		if p.move == nil {
			p.publish(k)
		}
		p.Log.TxAccepted(v.Entry, s.peer, p.Board.Pool().Count())
		p.adopt(k, s)
	case v.Reject.Result == mempool.MissingInputs && s.peer > 0:
		p.orphans.Add(s.tx, int64(s.peer), k.Now().Unix(), k.Rand())
	default:
		p.Log.TxRefused(mempool.Refused{Tx: s.tx, Peer: int64(s.peer), Reject: v.Reject})
	}
	s.verdict = v
	s.answer()
	if s.peer == unblocked {
		p.recheck(k)
	}
}

// adopt tries the orphans that waited for a transaction.
func (p *pool) adopt(k *kit.Context, parent *submission) {
	for _, o := range p.orphans.Adopt(parent.tx) {
		parent.left++
		p.queues.push(&submission{tx: o.Tx, peer: operator, parent: parent})
	}
	p.pump(k)
}

// answer replies once the orphans that came with it are decided about.
func (s *submission) answer() {
	for ; s != nil && s.left == 0; s = s.parent {
		s.reply.Reply(&msg.TxVerdict{Verdict: *s.verdict})
		if s.parent != nil {
			s.parent.left--
		}
	}
}
