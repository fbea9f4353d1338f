package rpc

import (
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

var verifyChainMethods = []Method{{
	Name: "verifychain", Category: "blockchain",
	Params: []Param{
		{Name: "checklevel", Kind: Number, Optional: true, Default: "3, range=0-4", Doc: "How thorough the block verification is:\n- level 0 reads the blocks from disk\n- level 1 verifies block validity\n- level 2 verifies undo data\n- level 3 checks what the blocks spend against undo data\n- level 4 verifies the scripts again"},
		{Name: "nblocks", Kind: Number, Optional: true, Default: "6, 0=all", Doc: "The number of blocks to check."},
	},
	Summary: "Verifies blockchain database.",
	Result:  "true|false    (boolean) Verification finished successfully. If false, check debug log for reason.",
	Handler: verifyChain,
}}

func verifyChain(c *Call) (any, error) {
	level, err := c.Int32(0, 3)
	if err != nil {
		return nil, err
	}
	count, err := c.Int32(1, 6)
	if err != nil {
		return nil, err
	}
	s, err := c.Node.pinned()
	if err != nil {
		return nil, err
	}
	defer s.Release()
	if tip := s.Tip().Height(); count <= 0 || count > tip {
		count = tip
	}
	for node := s.Tip(); count > 0; node, count = node.Prev(), count-1 {
		if err := c.interrupted(); err != nil {
			return nil, err
		}
		if c.Node.Config.Store.Prune && !node.HasBody() {
			break // the rest is gone, and was good once
		}
		if err := c.Node.verifyBlock(s, node, level); err != nil {
			logs.NodeWarning.Log(c.Node.Log, logs.Warning.Is("verifychain: block "+node.Hash().String()+": "+err.Error()))
			return false, nil
		}
	}
	return true, nil
}

// verifyBlock checks a stored block again, as thoroughly as the level says.
func (n *Node) verifyBlock(s *chainstate.Snapshot, node *chainstate.Node, level int32) error {
	b, err := n.body(s, node)
	if err != nil {
		return err
	}
	if level >= 1 {
		if err := consensus.CheckBlock(b, n.Board.Params); err != nil {
			return err
		}
	}
	if level < 2 {
		return nil
	}
	undo, err := s.Undo(node)
	if err != nil {
		return err
	}
	if len(undo.Txs) != len(b.Txs)-1 {
		return Errorf(CodeInternal, "undo data is of another block")
	}
	flags := consensus.ScriptFlags(node.Hash(), node.Height(), n.Board.Params)
	for i, t := range b.Txs[1:] {
		coins := undo.Txs[i]
		if len(coins) != len(t.Inputs) {
			return Errorf(CodeInternal, "undo data of %s is of another transaction", t.ID())
		}
		if level >= 3 {
			if _, err := consensus.CheckTxInputs(t, coins, node.Height()); err != nil {
				return err
			}
		}
		if level < 4 {
			continue
		}
		spent := make([]tx.Output, len(coins))
		for in := range coins {
			spent[in] = coins[in].Output
		}
		spends := script.NewTxContext(t, spent)
		for in := range t.Inputs {
			if err := spends.Verify(in, flags, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
