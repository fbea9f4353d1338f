package chainstate

import (
	"fmt"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Bits of Node.status that the store has no name for are the machine's own and
// are never written.
const (
	statusDirty  uint32 = 1 << 31 // the record differs from the stored one
	statusLocal         = statusDirty
	failedMask          = chainstore.StatusFailed | chainstore.StatusFailedChild
	statusPruned        = chainstore.StatusPruned
)

// AddHeaders takes headers in order, each on top of one that is known, and
// stops at the first it must refuse. It returns the last one accepted or known
// before (nil when there is none), and a RuleError for the one refused:
//
//   - prev-blk-not-found (MissingParent), bad-prevblk (InvalidParent),
//     duplicate (CachedInvalid) as Core's AcceptBlockHeader
//   - what consensus.CheckHeader and CheckHeaderContext say
//
// Whether a chain of headers has enough work to be worth storing is for the
// caller to decide before (consensus.HeaderWorkThreshold).
func (m *Machine) AddHeaders(now int64, headers []tx.Header) (*Node, error) {
	m.now = now
	if m.err != nil {
		return nil, m.err
	}
	var last *Node
	for i := range headers {
		n, err := m.addHeader(&headers[i], headers[i].Hash())
		if err != nil {
			m.announceBest()
			return last, err
		}
		last = n
	}
	m.announceBest()
	m.commitIfDue()
	m.advance()
	return last, nil
}

func (m *Machine) addHeader(h *tx.Header, hash tx.Hash) (*Node, error) {
	if n := m.index.Get(hash); n != nil {
		if n.Failed() {
			return nil, reject(consensus.ErrDuplicate, consensus.CachedInvalid, fmt.Sprintf("block %s is marked invalid", hash))
		}
		return n, nil
	}
	if err := consensus.CheckHeader(h, hash, m.params); err != nil {
		return nil, err
	}
	parent := m.index.Get(h.Prev)
	if parent == nil {
		return nil, reject(consensus.ErrPrevNotFound, consensus.MissingParent, "previous block "+h.Prev.String()+" is unknown")
	}
	if parent.Failed() {
		return nil, reject(consensus.ErrBadPrev, consensus.InvalidParent, "previous block "+h.Prev.String()+" is invalid")
	}
	if err := consensus.CheckHeaderContext(h, parent, m.now, m.params); err != nil {
		return nil, err
	}
	n := newNode(h, hash, parent)
	m.index.insert(n)
	m.leaves.add(n)
	m.markDirty(n)
	if m.best.work.Less(n.work) {
		m.best = n
	}
	return n, nil
}

// announceBest tells of a best header that differs from the published one.
func (m *Machine) announceBest() {
	if m.published != nil && m.best != m.published.best {
		m.out.BestHeader = m.best
		m.publishView()
	} else if m.published != nil && m.leaves.slice == nil {
		m.publishView()
	}
}

// markFailed marks a block that broke a rule, and everything on top of it.
func (m *Machine) markFailed(n *Node) {
	n.set(chainstore.StatusFailed)
	m.markDirty(n)
	m.leaves.eachDescendant(n, func(d *Node) {
		if !d.has(chainstore.StatusFailedChild) {
			d.set(chainstore.StatusFailedChild)
			m.markDirty(d)
		}
	})
	m.leaves.slice = nil // what it says about branches has changed
	if m.best.Failed() {
		m.findBestHeader()
	}
	m.announceBest()
}

// findBestHeader looks through all branches for the header with the most work
// that has not failed.
func (m *Machine) findBestHeader() {
	var best *Node
	for leaf := range m.leaves.set {
		n := leaf
		for n.Failed() {
			n = n.parent // genesis never fails
		}
		if best == nil || best.work.Less(n.work) || best.work == n.work && preferHeader(n, best, m.connected) {
			best = n
		}
	}
	m.best = best
}

// preferHeader decides between headers with equal work: the connected chain's
// first, then the smaller hash.
func preferHeader(a, b, connected *Node) bool {
	if c := connected.Descends(a); c != connected.Descends(b) {
		return c
	}
	return a.hash.String() < b.hash.String()
}
