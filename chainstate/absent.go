package chainstate

import (
	"errors"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// confirmMissing is asked before a block is refused for spending a coin that
// is not there: on a damaged disk a coin can look like one that never was
// (chainstore.Snapshot.ConfirmAbsent), and the block is then good. It returns
// the damage, or why it could not look.
func (m *Machine) confirmMissing(b *tx.Block, refusal error) error {
	if !errors.Is(refusal, consensus.ErrMissingInputs) {
		return nil
	}
	snap, err := m.store.Snapshot()
	if err != nil {
		return err
	}
	defer snap.Release()
	// Memory is right about what it knows; the block broke the rule with the
	// first coin that nobody has, or with one that memory knows as spent.
	for _, op := range m.overlay.missing(spends(b), nil) {
		coin, err := snap.Coin(op)
		if err != nil {
			return err
		}
		if coin == nil {
			return snap.ConfirmAbsent(op)
		}
	}
	return nil
}
