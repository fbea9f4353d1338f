package chainstate

import (
	"slices"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/tx"
)

// youngBlock is a block that readers may see before the store has it, with what it
// spent. A block is published as soon as its scripts are good, so that its announcement
// does not wait for the disk: a commit takes as long as all else together, and now and
// then ten times that.
type youngBlock struct {
	node  *Node
	block *tx.Block
	undo  *chainstore.Undo
}

// keepYoung holds a block for readers until the store has it. Snapshots share the list:
// it is only ever appended to, or replaced.
func (m *Machine) keepYoung(s *step) {
	if undo := m.undos[s.node]; undo != nil || m.bodies.unstored(s.node) {
		m.young = append(m.young, youngBlock{s.node, s.block, undo})
	}
}

// growUp lets go of the blocks that the store's snapshot for readers has.
func (m *Machine) growUp() {
	var kept []youngBlock
	for _, y := range m.young {
		if m.undos[y.node] != nil || m.bodies.unstored(y.node) {
			kept = append(kept, y)
		}
	}
	m.young = kept
}

// findYoung looks for a block that the store may not have.
func (s *Snapshot) findYoung(n *Node) *youngBlock {
	for i := range slices.Backward(s.young) {
		if s.young[i].node == n {
			return &s.young[i]
		}
	}
	return nil
}
