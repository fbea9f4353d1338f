package msg

import (
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/tx"
)

// Mint asks for blocks now (generatetoaddress and its relatives).
// Sender: outside. Answer: *Minted.
type Mint struct {
	Blocks   int
	PayTo    []byte // output script
	MaxTries uint64 // hashes to try in all
	// Txs, with Exact, are all that the block holds besides the coinbase, instead
	// of the pool's choice (generateblock).
	Txs   []*tx.Tx
	Exact bool
	// Hold keeps the block back: it is answered, not submitted.
	Hold bool
}

// Minted answers Mint. Err is set when a block was refused; fewer blocks than
// asked for and no error means that MaxTries ran out.
type Minted struct {
	Blocks []*tx.Block
	Err    error
}

var (
	_ = kit.Register[*Mint](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindMinter},
		Reply: "*Minted", Doc: "blocks wanted now",
	})
	_ = kit.Register[*Minted](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindMinter}, To: []string{KindOutside}, Doc: "the blocks, or why not",
	})
)
