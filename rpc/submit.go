package rpc

import (
	"encoding/hex"
	"errors"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

var submitMethods = []Method{
	{
		Name: "submitblock", Category: "mining",
		Params: []Param{
			{Name: "hexdata", Kind: String, Doc: "the hex-encoded block data to submit"},
			{Name: "dummy", Kind: String, Optional: true, Default: "ignored", Doc: "dummy value, for compatibility with BIP22. This value is ignored."},
		},
		Summary: "Attempts to submit new block to network.\nSee https://en.bitcoin.it/wiki/BIP_0022 for full specification.",
		Result:  "null if the block was accepted, otherwise a string according to BIP22",
		Handler: submitBlock,
	},
	{
		Name: "submitheader", Category: "mining",
		Params:  []Param{{Name: "hexdata", Kind: String, Doc: "the hex-encoded block header data"}},
		Summary: "Decode the given hexdata as a header and submit it as a candidate chain tip if valid.\nThrows when the header is invalid.",
		Result:  "null", Handler: submitHeader,
	},
}

func submitBlock(c *Call) (any, error) {
	b, ok := decodeHexBlock(c.String(0, ""))
	if !ok {
		return nil, Errorf(CodeDeserialization, "Block decode failed")
	}
	if len(b.Txs) == 0 || !b.Txs[0].IsCoinbase() {
		return nil, Errorf(CodeDeserialization, "Block does not start with a coinbase")
	}
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	if node := s.Header(b.Hash()); node != nil {
		switch {
		case node.Failed():
			return "duplicate-invalid", nil
		case node.ScriptsValid():
			return "duplicate", nil
		}
	}
	if prev := s.Header(b.Header.Prev); prev != nil {
		b = withWitnessNonce(b, prev.Height()+1, c.Node.Board.Params)
	}
	v, err := ask[*msg.BlockVerdict](c.Context, c.Node, c.Node.Cast.Chain(), &msg.AddBlock{Block: b, Requested: true})
	if err != nil {
		return nil, err
	}
	switch v.Outcome {
	case chainstate.Connected:
		c.Node.settle(c.Context)
		return nil, nil
	case chainstate.Duplicate:
		return "duplicate", nil
	case chainstate.Refused:
		return rejectReason(v.Err)
	case chainstate.Failed:
		return nil, Errorf(CodeVerify, "%s", v.Err)
	}
	return "inconclusive", nil
}

// rejectReason answers as BIP22 wants: the broken rule by name.
func rejectReason(err error) (any, error) {
	var broken *consensus.RuleError
	switch {
	case err == nil:
		return nil, nil
	case !errors.As(err, &broken):
		return nil, Errorf(CodeVerify, "%s", err)
	case broken.Reason() == "":
		return "rejected", nil
	}
	return broken.Reason(), nil
}

// withWitnessNonce adds the reserved value that a commitment needs when a miner
// who knows nothing of segwit left it out (Core's
// UpdateUncommittedBlockStructures).
func withWitnessNonce(b *tx.Block, height int32, p *consensus.Params) *tx.Block {
	coinbase := b.Txs[0]
	if consensus.WitnessCommitmentIndex(coinbase) < 0 || coinbase.HasWitness() || !p.ActiveAt(consensus.Segwit, height) {
		return b
	}
	in := coinbase.Inputs[0]
	in.Witness = [][]byte{make([]byte, 32)}
	txs := append([]*tx.Tx{tx.New(coinbase.Version, []tx.Input{in}, coinbase.Outputs, coinbase.LockTime)}, b.Txs[1:]...)
	return tx.NewBlock(b.Header, txs)
}

func submitHeader(c *Call) (any, error) {
	raw, err := hex.DecodeString(c.String(0, ""))
	if err != nil || len(raw) < tx.HeaderSize {
		return nil, Errorf(CodeDeserialization, "Block header decode failed")
	}
	h, err := tx.ParseHeader(raw)
	if err != nil {
		return nil, Errorf(CodeDeserialization, "Block header decode failed")
	}
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	if s.Header(h.Prev) == nil {
		return nil, Errorf(CodeVerify, "Must submit previous header (%s) first", h.Prev)
	}
	added, err := ask[*msg.HeadersAdded](c.Context, c.Node, c.Node.Cast.Chain(), &msg.AddHeaders{Headers: []tx.Header{h}})
	if err != nil {
		return nil, err
	}
	var broken *consensus.RuleError
	if errors.As(added.Err, &broken) {
		return nil, Errorf(CodeVerify, "%s", broken.Reason())
	}
	if added.Err != nil {
		return nil, Errorf(CodeVerify, "%s", added.Err)
	}
	return nil, nil
}

// checkUnsolved checks a block on the tip in every respect but its proof of work
// (Core's TestBlockValidity). It runs here, not in an actor: it changes nothing.
func (n *Node) checkUnsolved(s *chainstate.Snapshot, b *tx.Block) error {
	p, prev := n.Board.Params, s.Tip()
	if b.Header.Prev != prev.Hash() {
		return consensus.Reject("inconclusive-not-best-prevblk", consensus.MissingParent, "")
	}
	if s.CoinsTip() != prev {
		return errors.New("the coins of the tip are not at hand while the node is catching up")
	}
	if err := consensus.CheckHeaderContext(&b.Header, prev, n.now().Unix(), p); err != nil {
		return err
	}
	if err := consensus.CheckUnsolvedBlock(b); err != nil {
		return err
	}
	if err := consensus.CheckBlockContext(b, prev, p); err != nil {
		return err
	}
	connected, err := consensus.ConnectBlock(b, prev, s, p)
	if err != nil {
		return err
	}
	for i, t := range b.Txs {
		if i == 0 {
			continue
		}
		spends := script.NewTxContext(t, connected.Txs[i].Spent)
		for in := range t.Inputs {
			if err := spends.Verify(in, connected.Flags, nil); err != nil {
				return consensus.RejectScript(err, "input "+t.Inputs[in].PrevOut.String()+" of "+t.ID().String())
			}
		}
	}
	return nil
}
