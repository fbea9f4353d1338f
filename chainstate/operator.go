package chainstate

import (
	"errors"
	"fmt"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// What the operator can ask in vain.
var (
	ErrUnknownBlock = errors.New("Block not found")
	ErrGenesis      = errors.New("the genesis block cannot be invalidated")
	ErrPruned       = errors.New("Block is pruned and cannot be taken back")
)

// Invalidate marks a block as invalid for ever, as if it broke a rule, and
// moves to the best chain without it (invalidateblock). The work is done when
// Idle reports true.
func (m *Machine) Invalidate(hash tx.Hash) error {
	n, err := m.lookup(hash)
	if err != nil {
		return err
	}
	if n.parent == nil {
		return ErrGenesis
	}
	for m.merging > 0 && m.err == nil {
		m.mergeStep()
	}
	if m.connected.Descends(n) {
		for d := m.connected; d != n.parent; d = d.parent {
			if !d.canLeave() {
				return fmt.Errorf("%w: %s at height %d", ErrPruned, d.hash, d.height)
			}
		}
	}
	m.markFailed(n)
	m.dropFailed(n)
	m.concludeFailed(n, reject(consensus.ErrDuplicate, consensus.CachedInvalid, "block "+n.hash.String()+" was invalidated"))
	m.refillCandidates()
	m.announceBest()
	m.advance()
	return m.err
}

// Reconsider takes back what Invalidate or a broken rule marked: on the block,
// on its ancestors and on everything on top of it (reconsiderblock).
func (m *Machine) Reconsider(hash tx.Hash) error {
	n, err := m.lookup(hash)
	if err != nil {
		return err
	}
	unmark := func(d *Node) {
		if d.Failed() {
			d.clear(failedMask)
			m.markDirty(d)
		}
	}
	for a := n; a != nil; a = a.parent {
		unmark(a)
	}
	m.leaves.eachDescendant(n, unmark)
	m.leaves.slice = nil
	m.findBestHeader()
	m.refillCandidates()
	m.announceBest()
	m.advance()
	return m.err
}
