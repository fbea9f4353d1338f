package msg

import (
	"github.com/troupe-node/troupe/download"
	"github.com/troupe-node/troupe/tx"
)

// Tree is the header tree as the download machines ask about it.
type Tree struct{ Board *Board }

// Lookup finds a header; a nil interface when it is unknown.
func (t Tree) Lookup(hash tx.Hash) download.Node {
	if n := t.Board.Index.Get(hash); n != nil {
		return n
	}
	return nil
}

// Tip is the last connected block that was published.
func (t Tree) Tip() download.Node { return t.Board.Tip().Tip() }

// Best is the header with the most work that has not failed.
func (t Tree) Best() download.Node { return t.Board.Tip().BestHeader() }
