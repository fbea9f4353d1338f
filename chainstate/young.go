package chainstate

import (
	"errors"
	"sync"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/tx"
)

// young is what the tree says is here and the store may not have yet: bodies and
// undo data, from their arrival until they are written. A block is published as soon
// as its scripts are good, so that its announcement does not wait for the disk: a
// commit takes as long as all else together, and now and then ten times that. A body
// that awaits its parent is here for two seconds before it is written.
//
// The machine adds before it says so in the tree and removes after the write, so that
// what is neither here nor in a snapshot of the store is in the store as it is now, or
// was pruned. One writer, any number of readers.
type young struct {
	store  chainstore.Store
	bodies sync.Map // *Node: *tx.Block
	undos  sync.Map // *Node: *chainstore.Undo
}

func (y *young) addBody(n *Node, b *tx.Block)          { y.bodies.Store(n, b) }
func (y *young) addUndo(n *Node, u *chainstore.Undo)   { y.undos.Store(n, u) }
func (y *young) bodyStored(n *Node)                    { y.bodies.Delete(n) }
func (y *young) undoStored(n *Node)                    { y.undos.Delete(n) }
func (y *young) body(n *Node) (b *tx.Block, ok bool)   { return look[*tx.Block](&y.bodies, n) }
func (y *young) undo(n *Node) (*chainstore.Undo, bool) { return look[*chainstore.Undo](&y.undos, n) }

func look[T any](m *sync.Map, n *Node) (v T, ok bool) {
	x, ok := m.Load(n)
	if ok {
		v = x.(T)
	}
	return v, ok
}

// read finds what belongs to a block: it is young, or in the snapshot that readers
// share, or in the store as it is now.
func read[T any](s *Snapshot, fresh func() (T, bool), stored func(*chainstore.Snapshot) (T, error)) (v T, err error) {
	if s.refs.Load() <= 0 {
		return v, ErrReleased
	}
	if v, ok := fresh(); ok {
		return v, nil
	}
	if v, err = stored(s.base.snap); !errors.Is(err, chainstore.ErrNotFound) {
		return v, err
	}
	now, err := s.young.store.Snapshot()
	if err != nil {
		return v, err
	}
	defer now.Release()
	return stored(now)
}

// Block reads and parses a body, which is not to be changed. chainstore.ErrNotFound
// means that it was pruned or never here.
func (s *Snapshot) Block(n *Node) (*tx.Block, error) {
	return read(s,
		func() (*tx.Block, bool) { return s.young.body(n) },
		func(snap *chainstore.Snapshot) (*tx.Block, error) { return ReadBlock(snap, n) })
}

// Body reads the bytes of a body, and fails as Block does.
func (s *Snapshot) Body(n *Node) ([]byte, error) {
	return read(s,
		func() ([]byte, bool) {
			b, ok := s.young.body(n)
			if !ok {
				return nil, false
			}
			return b.Bytes(), true
		},
		func(snap *chainstore.Snapshot) ([]byte, error) { return snap.Block(n.hash) })
}

// Undo reads what a block spent. It is not to be changed.
func (s *Snapshot) Undo(n *Node) (*chainstore.Undo, error) {
	return read(s,
		func() (*chainstore.Undo, bool) { return s.young.undo(n) },
		func(snap *chainstore.Snapshot) (*chainstore.Undo, error) { return snap.Undo(n.hash) })
}
