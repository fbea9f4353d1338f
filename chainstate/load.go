package chainstate

import (
	"errors"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/tx"
)

// Load is a read that a worker does for the machine, so that no input waits
// for the disk: a body with its undo data, or the coins that a block spends.
// Call Run anywhere, then Machine.Loaded.
type Load struct {
	ID   uint64
	Node *Node

	block *tx.Block     // nil: read it
	undo  bool          // read that, too
	ops   []tx.OutPoint // coins to look for

	undoData *chainstore.Undo
	coins    *chainstore.Fetched
	err      error
}

// Run reads from the store. It is safe for concurrent use with everything but
// another Run of the same Load.
func (l *Load) Run(store chainstore.Store) { l.err = l.run(store) }

func (l *Load) run(store chainstore.Store) error {
	snap, err := store.Snapshot()
	if err != nil {
		return err
	}
	defer snap.Release()
	if l.undo {
		if l.undoData, err = snap.Undo(l.Node.hash); err != nil {
			return err
		}
	}
	if l.block == nil {
		if l.block, err = ReadBlock(snap, l.Node); err != nil {
			return err
		}
		if !l.undo {
			l.ops = spends(l.block)
		}
	}
	if len(l.ops) > 0 {
		l.coins, err = snap.Fetch(l.ops)
	}
	return err
}

// loads knows what was asked for, by block. A block is asked for once: what is
// still missing afterwards the machine reads itself.
type loads struct {
	id    uint64
	state map[*Node]*loadState
}

type loadState struct {
	id   uint64 // of the Load under way, 0 when there is none
	undo *chainstore.Undo
}

// loadAheadBlocks is for how many blocks beyond the next one loads go out.
const loadAheadBlocks = 4

func (s *loads) forget(n *Node) { delete(s.state, n) }

func (s *loads) takeUndo(n *Node) *chainstore.Undo {
	if st := s.state[n]; st != nil {
		return st.undo
	}
	return nil
}

// ready returns a block's body once everything it needs is in memory, as far
// as waiting for it is worthwhile.
func (m *Machine) ready(n *Node, undo bool) (*tx.Block, bool) {
	if m.opts.LoadAbove >= 0 {
		m.askFor(n, undo)
		if st := m.loads.state[n]; st.id != 0 {
			return nil, false
		}
	}
	if b := m.bodies.get(n); b != nil {
		return b, true
	}
	snap, err := m.store.Snapshot()
	if err == nil {
		defer snap.Release()
		var b *tx.Block
		if b, err = ReadBlock(snap, n); err == nil {
			return b, true
		}
	}
	m.fail(&internalError{"reading block " + n.hash.String(), err})
	return nil, false
}

// loadAhead asks for what the blocks after n will need on the way to target.
func (m *Machine) loadAhead(n, target *Node) {
	if m.opts.LoadAbove < 0 {
		return
	}
	for h := n.height + 1; h <= min(n.height+loadAheadBlocks, target.height); h++ {
		m.askFor(target.At(h), false)
	}
}

// askFor emits a Load for a block unless it was looked at before or needs
// nothing.
func (m *Machine) askFor(n *Node, undo bool) {
	if m.loads.state[n] != nil {
		return
	}
	st := &loadState{}
	m.loads.state[n] = st
	l := &Load{Node: n, block: m.bodies.get(n), undo: undo && m.undos[n] == nil}
	if l.block != nil && !undo {
		l.ops = m.overlay.missing(spends(l.block), nil)
		if len(l.ops) <= m.opts.LoadAbove {
			return
		}
	} else if l.block != nil && !l.undo {
		return
	}
	m.loads.id++
	l.ID, st.id = m.loads.id, m.loads.id
	m.out.Loads = append(m.out.Loads, l)
}

// Loaded takes back a Load that was run.
func (m *Machine) Loaded(l *Load) {
	st := m.loads.state[l.Node]
	if m.err != nil || st == nil || st.id != l.ID {
		return
	}
	st.id = 0
	if l.err != nil && !errors.Is(l.err, chainstore.ErrSnapshotExpired) {
		m.fail(&internalError{"reading what block " + l.Node.hash.String() + " needs", l.err})
		return
	}
	if l.block != nil {
		m.bodies.read(l.Node, l.block)
	}
	st.undo = l.undoData
	if l.coins != nil {
		m.cache.Insert(l.coins)
	}
	m.advance()
}

// spends lists the coins from before the block that it spends.
func spends(b *tx.Block) []tx.OutPoint {
	made := make(map[tx.Hash]struct{}, len(b.Txs))
	for _, t := range b.Txs {
		made[t.ID()] = struct{}{}
	}
	inputs := 0
	for _, t := range b.Txs[1:] {
		inputs += len(t.Inputs)
	}
	ops := make([]tx.OutPoint, 0, inputs)
	for _, t := range b.Txs[1:] {
		for i := range t.Inputs {
			if _, inside := made[t.Inputs[i].PrevOut.Hash]; !inside {
				ops = append(ops, t.Inputs[i].PrevOut)
			}
		}
	}
	return ops
}
