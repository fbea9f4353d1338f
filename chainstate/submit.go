package chainstate

import (
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Submission says where a block comes from and what is known about it.
type Submission struct {
	// Origin comes back in the Verdict. The machine does not look at it.
	Origin uint64
	// Checked says that consensus.CheckBlock found nothing wrong.
	Checked bool
	// Requested says that we asked for the block, or that the operator gave it
	// to us. Others are stored only when they could matter soon: as much work
	// as our tip and the minimum, and not far above it.
	Requested bool
}

// AddBlock takes a block whose parent's header is known, in any order, and
// answers with a Verdict: at once, or when its fate is known.
func (m *Machine) AddBlock(now int64, b *tx.Block, s Submission) {
	m.now = now
	hash := b.Hash()
	if m.err != nil {
		m.verdict(Verdict{Origin: s.Origin, Hash: hash, Outcome: Failed, Err: m.err})
		return
	}
	n, outcome, err := m.accept(b, hash, s)
	m.announceBest()
	switch {
	case err != nil:
		m.verdict(Verdict{Origin: s.Origin, Hash: hash, Node: n, Outcome: Refused, Err: err})
		m.failOnContext(n, err)
	case outcome == Duplicate && m.deciding(n):
		m.subs.add(n, subscriber{origin: s.Origin, duplicate: true})
	case outcome != Undecided:
		m.verdict(Verdict{Origin: s.Origin, Hash: hash, Node: n, Outcome: outcome})
	default:
		m.subs.add(n, subscriber{origin: s.Origin})
		m.settleStored(n)
	}
	m.advance()
}

// accept does what Core's ProcessNewBlock and AcceptBlock do, in their order,
// up to the block being stored.
func (m *Machine) accept(b *tx.Block, hash tx.Hash, s Submission) (*Node, Outcome, error) {
	known := m.index.Get(hash)
	if !s.Checked && (known == nil || !known.HasBody()) {
		// Not remembered as failed, as in Core: whoever sends it again hears
		// the same.
		if err := consensus.CheckBlock(b, m.params); err != nil {
			return nil, Refused, err
		}
	}
	n, err := m.addHeader(&b.Header, hash)
	if err != nil {
		return nil, Refused, err
	}
	if n.HasBody() {
		return n, Duplicate, nil
	}
	if !s.Requested && !m.wanted(n) {
		return n, Ignored, nil
	}
	if err := consensus.CheckBlockContext(b, n.Parent(), m.params); err != nil {
		return n, Refused, err
	}
	m.storeBody(n, b)
	return n, Undecided, nil
}

// wanted decides about a block that nobody asked for.
func (m *Machine) wanted(n *Node) bool {
	tip := m.published.tip
	return n.txs.Load() == 0 && // otherwise it was pruned: we had it
		!n.work.Less(tip.work) &&
		n.height <= tip.height+maxAheadUnrequested &&
		m.params.HasMinimumWork(n.work)
}

// failOnContext marks a block whose body breaks a rule in its place in the
// chain. A mutated body says nothing about the block.
func (m *Machine) failOnContext(n *Node, err error) {
	if n != nil && consensus.ResultOf(err).Permanent() {
		m.markFailed(n)
		m.dropFailed(n)
	}
}

// storeBody notes that the body is here and, if its chain is complete, that it
// and what was waiting for it can be connected.
func (m *Machine) storeBody(n *Node, b *tx.Block) {
	m.bodies.put(n, b)
	m.young.addBody(n, b)
	m.commits.addBody(b)
	again := n.txs.Load() != 0
	n.txs.Store(uint32(len(b.Txs)))
	n.clear(statusPruned)
	n.set(chainstore.StatusHaveBody)
	m.markDirty(n)
	switch {
	case again && n.chainTxs.Load() != 0:
		m.refillCandidates() // what lies above was complete before it was pruned
	case n.parent.chainTxs.Load() == 0:
		m.waiting[n.parent] = append(m.waiting[n.parent], n)
	default:
		m.link(n)
	}
}

// Completes is the block with the most work whose chain becomes complete with the
// body of this one, because the bodies between are here already: nil if none is.
func (m *Machine) Completes(hash tx.Hash) (best *Node) {
	n := m.index.Get(hash)
	if n == nil || n.HasBody() || n.parent == nil || n.parent.chainTxs.Load() == 0 {
		return nil
	}
	queue := append([]*Node(nil), m.waiting[n]...)
	for ; len(queue) > 0; queue = queue[1:] {
		d := queue[0]
		if best == nil || best.work.Less(d.work) {
			best = d
		}
		queue = append(queue, m.waiting[d]...)
	}
	return best
}

// link completes the chains that end at n and at those waiting for it, in the
// order in which they become complete (Core's ReceivedBlockTransactions).
func (m *Machine) link(n *Node) {
	queue := []*Node{n}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		n.chainTxs.Store(n.parent.chainTxs.Load() + uint64(n.txs.Load()))
		m.order++
		n.order = m.order
		m.markDirty(n)
		m.candidates.add(n)
		queue = append(queue, m.waiting[n]...)
		delete(m.waiting, n)
	}
}
