package chainstate

import (
	"bytes"
	"slices"

	"github.com/troupe-node/troupe/consensus"
)

// TipStatus is what getchaintips says about a branch, in Core's words.
type TipStatus string

// The states of a branch.
const (
	TipActive       TipStatus = "active"        // the best chain
	TipInvalid      TipStatus = "invalid"       // contains a block that broke a rule
	TipHeadersOnly  TipStatus = "headers-only"  // a body is missing
	TipValidFork    TipStatus = "valid-fork"    // was connected once
	TipValidHeaders TipStatus = "valid-headers" // bodies are here, never connected
)

// ChainTip is one leaf of the header tree.
type ChainTip struct {
	Node      *Node
	BranchLen int32 // blocks between the leaf and the best chain
	Status    TipStatus
}

// Tips lists the leaves of the header tree and the best chain's tip, highest
// first: getchaintips.
func (s *Snapshot) Tips() []ChainTip {
	tips := make([]ChainTip, 0, len(s.leaves)+1)
	seen := false
	for _, n := range s.leaves {
		if n == s.tip {
			seen = true
		} else if s.Contains(n) {
			continue
		}
		tips = append(tips, s.chainTip(n))
	}
	if !seen {
		tips = append(tips, s.chainTip(s.tip))
	}
	slices.SortFunc(tips, func(a, b ChainTip) int {
		if a.Node.height != b.Node.height {
			return int(b.Node.height) - int(a.Node.height)
		}
		return bytes.Compare(a.Node.hash[:], b.Node.hash[:])
	})
	return tips
}

// OutworkedBy is the end of an invalid branch that has more work than the best
// chain and so many blocks like its tip: nil if there is none (Core's
// CheckForkWarningConditions).
func (s *Snapshot) OutworkedBy(blocks int) *Node {
	bar := s.tip.work
	for range blocks {
		bar = bar.Add(consensus.BlockWork(s.tip.bits))
	}
	var most *Node
	for _, n := range s.leaves {
		if n.Failed() && bar.Less(n.work) {
			most, bar = n, n.work
		}
	}
	return most
}

func (s *Snapshot) chainTip(n *Node) ChainTip {
	t := ChainTip{Node: n, BranchLen: n.height - Fork(n, s.tip).height}
	switch {
	case n == s.tip:
		t.Status = TipActive
	case n.Failed():
		t.Status = TipInvalid
	case n.ChainTxs() == 0:
		t.Status = TipHeadersOnly
	case n.ScriptsValid():
		t.Status = TipValidFork
	default:
		t.Status = TipValidHeaders
	}
	return t
}

// leaves keeps the ends of the header tree. The published slice is made anew
// after a change and never written again.
type leaves struct {
	set   map[*Node]struct{}
	slice []*Node
}

func (l *leaves) add(n *Node) {
	if n.parent != nil {
		delete(l.set, n.parent)
	}
	l.set[n] = struct{}{}
	l.slice = nil
}

func (l *leaves) list() []*Node {
	if l.slice == nil {
		l.slice = make([]*Node, 0, len(l.set))
		for n := range l.set {
			l.slice = append(l.slice, n)
		}
		slices.SortFunc(l.slice, func(a, b *Node) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	}
	return l.slice
}

// eachDescendant visits every node above n, lower branches perhaps more than
// once: f must not mind.
func (l *leaves) eachDescendant(n *Node, f func(*Node)) {
	for _, leaf := range l.list() {
		if leaf == n || !leaf.Descends(n) {
			continue
		}
		for d := leaf; d != n; d = d.parent {
			f(d)
		}
	}
}
