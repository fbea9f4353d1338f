package chainstate

import (
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// bodyStore keeps bodies in memory from their arrival until they are stored
// and connected. Of those that are stored and still waiting for their turn it
// keeps what fits into a budget; the rest is read again.
type bodyStore struct {
	held   map[*Node]*heldBody
	bytes  int // of the bodies that are stored already
	budget int
}

type heldBody struct {
	block  *tx.Block
	stored bool
	used   bool // connected: drop it as soon as it is stored
}

func newBodyStore(budget int) bodyStore {
	return bodyStore{held: make(map[*Node]*heldBody), budget: budget}
}

func (s *bodyStore) get(n *Node) *tx.Block {
	if h := s.held[n]; h != nil {
		return h.block
	}
	return nil
}

// put keeps a body that has just arrived.
func (s *bodyStore) put(n *Node, b *tx.Block) { s.held[n] = &heldBody{block: b} }

// read keeps a body that was read from the store.
func (s *bodyStore) read(n *Node, b *tx.Block) {
	if s.held[n] == nil {
		s.held[n] = &heldBody{block: b, stored: true}
		s.bytes += b.Size()
	}
}

// stored notes that the store has the body.
func (s *bodyStore) stored(n *Node) {
	h := s.held[n]
	if h == nil || h.stored {
		return
	}
	h.stored = true
	s.bytes += h.block.Size()
	if h.used || s.bytes > s.budget {
		s.drop(n)
	}
}

// settled notes that the body did its duty.
func (s *bodyStore) settled(n *Node) {
	if h := s.held[n]; h != nil {
		h.used = true
		if h.stored {
			s.drop(n)
		}
	}
}

func (s *bodyStore) drop(n *Node) {
	s.bytes -= s.held[n].block.Size()
	delete(s.held, n)
}

// keepUndo holds a block's undo data until the store has it.
func (m *Machine) keepUndo(s *step) {
	n := s.node
	if n.HasUndo() {
		return // connected once before: the same block spends the same coins
	}
	undo := &chainstore.Undo{}
	for _, t := range s.connected.Txs[1:] {
		undo.Txs = append(undo.Txs, t.Coins)
	}
	m.undos[n] = undo
	m.young.addUndo(n, undo)
	m.commits.addUndo(n, undo)
	n.set(chainstore.StatusHaveUndo)
	m.markDirty(n)
}

// undoOf finds a block's undo data in memory or in the store.
func (m *Machine) undoOf(n *Node) (*chainstore.Undo, error) {
	if undo := m.undos[n]; undo != nil {
		return undo, nil
	}
	if undo := m.loads.takeUndo(n); undo != nil {
		return undo, nil
	}
	snap, err := m.store.Snapshot()
	if err != nil {
		return nil, err
	}
	defer snap.Release()
	return snap.Undo(n.hash)
}

// unspendable outputs never become coins.
func unspendable(out *tx.Output) bool { return script.IsUnspendable(out.PkScript) }
