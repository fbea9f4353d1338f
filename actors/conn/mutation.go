package conn

import (
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// checkBlock is what a reader finds out about a block before anybody hears of
// it: first whether these bytes are what the header commits to, as far as its
// parent is known (Core's IsBlockMutated; the parent tells whether witnesses
// count), then what it shows by itself. The roots are kept in the block, so that
// chain need not compute them again.
func checkBlock(b *tx.Block, board *msg.Board) error {
	if prev := board.Index.Get(b.Header.Prev); prev != nil {
		segwit := board.Params.ActiveAt(consensus.Segwit, prev.Height()+1)
		if err := consensus.CheckMutation(b, segwit); err != nil {
			return err
		}
	}
	return consensus.CheckBlock(b, board.Params)
}
