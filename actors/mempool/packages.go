package mempool

import (
	"errors"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
)

var errNothing = errors.New("there is no transaction in the list")

func (p *pool) submitPackage(k *kit.Context, m *msg.SubmitPackage) {
	if len(m.Txs) == 0 {
		k.Reply(&msg.PackageJudged{PackageVerdict: mempool.PackageVerdict{Reject: mempool.Unavailable(errNothing.Error())}})
		return
	}
	p.push(&submission{queue: operator, pack: m.Txs, maxRate: m.MaxRate, reply: k.ReplyTo()})
	p.pump(k)
}

// test queues behind what was submitted before it.
func (p *pool) test(k *kit.Context, m *msg.TestTxs) {
	s := &submission{queue: operator, test: true, reply: k.ReplyTo()}
	switch len(m.Txs) {
	case 0:
		k.Reply(&msg.TxsTested{Package: mempool.Unavailable(errNothing.Error())})
		return
	case 1:
		s.tx = m.Txs[0]
	default:
		s.pack = m.Txs
	}
	p.push(s)
	p.pump(k)
}

// finishPackage decides about a package that was checked.
func (p *pool) finishPackage(k *kit.Context, s *submission) {
	now := k.Now().Unix()
	v := &mempool.PackageVerdict{Reject: s.refused}
	switch {
	case s.refused != nil:
		p.settleFamily(k, s, v)
	case s.test:
		v = p.pool.TestPackage(s.attempt, now)
	default:
		v = p.pool.FinishPackage(s.attempt, now, s.maxRate)
		p.settleFamily(k, s, v)
		p.settlePackage(k, s, v)
		if s.parent != nil && !v.Txs[0].Unknown {
			s.parent.answer = &msg.TxVerdict{Verdict: v.Txs[0]} // of the parent, after all
		}
	}
	if !s.test {
		p.conclude(s, &msg.PackageJudged{PackageVerdict: *v})
		return
	}
	answer := &msg.TxsTested{Verdicts: v.Txs}
	if v.Reject != nil && !errors.Is(v.Reject, mempool.ErrPackageFailed) {
		answer.Package = v.Reject
	}
	if answer.Verdicts == nil {
		answer.Verdicts = unknown(s.pack)
	}
	p.conclude(s, answer)
}

func unknown(txs []*tx.Tx) []mempool.Verdict {
	list := make([]mempool.Verdict, len(txs))
	for i := range list {
		list[i].Unknown = true
	}
	return list
}

// settleFamily notes that a child could not pay for its parent. It waits on unless it
// was itself found wanting.
func (p *pool) settleFamily(k *kit.Context, s *submission, v *mempool.PackageVerdict) {
	if s.orphan == nil || v.Reject == nil {
		return
	}
	if v.Reject.Result != mempool.Unknown {
		p.pool.NoteFamily(s.pack)
	}
	if len(v.Txs) == 0 || v.Txs[1].Unknown || v.Txs[1].Reject != nil && v.Txs[1].Reject.Result == mempool.MissingInputs {
		p.pool.Orphans().Restore(s.orphan, k.Rand())
	}
}

// settlePackage notes what became of each transaction. Those that were in before
// are announced again, with the new ones. Packages are announced this once: only
// what came alone from our operator is announced until somebody asks for it, as in
// Core, whose submitpackage broadcasts what is in the pool already.
func (p *pool) settlePackage(k *kit.Context, s *submission, v *mempool.PackageVerdict) {
	for i := range v.Txs {
		one := &v.Txs[i]
		switch {
		case one.Entry != nil && !one.Known:
			p.accepted(k, s, one.Entry)
			p.adopt(s, one.Entry.Tx)
		case one.Entry != nil && s.queue == operator:
			p.pool.Announce(one.Entry)
			p.dirty = true
		case one.Reject != nil && (s.orphan == nil || one.Reject.Result != mempool.MissingInputs):
			p.refuse(k, s, s.pack[i], one.Reject)
		}
	}
	p.drain()
}
