package chainstate

import (
	"slices"
	"sort"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/tx"
)

// PruneTargets lists up to max blocks, lowest first, whose bodies and undo
// data may be deleted: at or below the height, on whatever branch, and at
// least 288 blocks below both the published tip and the committed one, so that
// reorganisations, peers and a restart find what they need.
func (m *Machine) PruneTargets(height int32, max int) []*Node {
	if m.err != nil {
		return nil
	}
	height = min(height, m.pruneCeiling())
	var targets []*Node
	if height <= 0 {
		return nil
	}
	m.index.All(func(n *Node) bool {
		if n.height > 0 && n.height <= height && (n.HasBody() || n.HasUndo()) && m.settledOnDisk(n) {
			targets = append(targets, n)
		}
		return true
	})
	slices.SortFunc(targets, func(a, b *Node) int { return int(a.height) - int(b.height) })
	return targets[:min(len(targets), max)]
}

// MayPrune reports whether one block may be deleted: see PruneTargets.
func (m *Machine) MayPrune(n *Node) bool {
	return m.err == nil && n.height > 0 && n.height <= m.pruneCeiling() && m.settledOnDisk(n)
}

func (m *Machine) pruneCeiling() int32 {
	return min(m.published.tip.height, m.base.tip.height) - keepBlocks
}

// settledOnDisk reports whether neither body nor undo data are still wanted in
// memory.
func (m *Machine) settledOnDisk(n *Node) bool { return m.bodies.get(n) == nil && m.undos[n] == nil }

// Prune forgets the bodies and undo data of blocks from PruneTargets, or that MayPrune; the next
// Ready has the Write that deletes them.
func (m *Machine) Prune(targets []*Node) {
	if m.err != nil || len(targets) == 0 {
		return
	}
	m.reached = nil
	hashes := make([]tx.Hash, 0, len(targets))
	for _, n := range targets {
		n.clear(chainstore.StatusHaveBody | chainstore.StatusHaveUndo)
		n.set(statusPruned)
		m.markDirty(n)
		hashes = append(hashes, n.hash)
	}
	m.write(&Write{Commit: &chainstore.Commit{Prune: hashes}})
}

// PruneHeight is the lowest height from which on the best chain's bodies and undo
// data are all here: 0 when nothing was pruned. Pruning begins at the bottom, so that
// what is left is one piece; a pruned block that was fetched again has no undo data
// and does not count (Core's GetPruneHeight).
func (s *Snapshot) PruneHeight() int32 {
	first := 1 + int32(sort.Search(int(s.tip.height), func(below int) bool {
		n := s.tip.At(int32(below) + 1)
		return n.HasBody() && n.HasUndo()
	}))
	if first == 1 { // genesis never has undo data
		return 0
	}
	return first
}
