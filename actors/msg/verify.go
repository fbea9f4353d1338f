package msg

import (
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/mempool"
)

// CheckBlock asks verify to run a block's scripts. Sender: chain.
// Answer: *BlockChecked.
type CheckBlock struct{ Job *chainstate.VerifyJob }

// BlockChecked answers CheckBlock: Err is the broken rule or an internal failure.
type BlockChecked struct {
	Job *chainstate.VerifyJob
	Err error
}

// CheckTx asks verify to look up a transaction's coins and run its scripts.
// Sender: mempool. Answer: *TxChecked.
type CheckTx struct{ Attempt *mempool.Attempt }

// TxChecked answers CheckTx; the attempt carries what was found. Err is set
// only for an internal failure.
type TxChecked struct {
	Attempt *mempool.Attempt
	Err     error
}

var (
	_ = kit.Register[*CheckBlock](kit.Message{
		Lane: kit.Block, Full: kit.Hold, Role: kit.Work, From: []string{KindChain}, To: []string{KindVerify},
		Reply: "*BlockChecked", Doc: "scripts of a block to run",
	})
	_ = kit.Register[*BlockChecked](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindVerify}, To: []string{KindChain}, Doc: "a block's scripts are good or not",
	})
	_ = kit.Register[*CheckTx](kit.Message{
		Lane: kit.Tx, Full: kit.Hold, Role: kit.Work, From: []string{KindMempool}, To: []string{KindVerify},
		Reply: "*TxChecked", Doc: "a transaction to check against a snapshot",
	})
	_ = kit.Register[*TxChecked](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindVerify}, To: []string{KindMempool}, Doc: "what a check found",
	})
)
