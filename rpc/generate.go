package rpc

import (
	"errors"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/mining"
	"github.com/troupe-node/troupe/tx"
)

// defaultMaxTries is how many hashes are tried in all, unless the caller says
// otherwise.
const defaultMaxTries = 1_000_000

var maxTriesParam = Param{Name: "maxtries", Kind: Number, Optional: true, Default: "1000000", Doc: "How many iterations to try."}

var generateMethods = []Method{
	{
		Name: "generatetoaddress", Category: "hidden", Hidden: true,
		Params: []Param{
			{Name: "nblocks", Kind: Number, Doc: "How many blocks are generated."},
			{Name: "address", Kind: String, Doc: "The address to send the newly generated bitcoin to."}, maxTriesParam,
		},
		Summary: "Mine to a specified address and return the block hashes.",
		Result:  "[ \"hex\", ... ]    (json array) hashes of blocks generated",
		Handler: func(c *Call) (any, error) {
			tries, err := c.Int32(2, defaultMaxTries)
			if err != nil {
				return nil, err
			}
			// Less than none is more than anybody has, as in Core.
			return c.generate(uint64(tries), func() ([]byte, error) {
				payTo, err := address.Decode(c.String(1, ""), c.Node.Board.Params.Name)
				if err != nil {
					return nil, Errorf(CodeInvalidAddress, "Error: Invalid address")
				}
				return payTo, nil
			})
		},
	},
	{
		Name: "generatetodescriptor", Category: "hidden", Hidden: true,
		Params: []Param{
			{Name: "num_blocks", Kind: Number, Doc: "How many blocks are generated."},
			{Name: "descriptor", Kind: String, Doc: "The descriptor to send the newly generated bitcoin to."}, maxTriesParam,
		},
		Summary: "Mine to a specified descriptor and return the block hashes.",
		Result:  "[ \"hex\", ... ]    (json array) hashes of blocks generated",
		Handler: func(c *Call) (any, error) {
			tries, err := c.Uint64(2, defaultMaxTries)
			if err != nil {
				return nil, err
			}
			return c.generate(tries, func() ([]byte, error) { return c.Node.payToDescriptor(c.String(1, "")) })
		},
	},
	{
		Name: "generateblock", Category: "hidden", Hidden: true,
		Params: []Param{
			{Name: "output", Kind: String, Doc: "The address or descriptor to send the newly generated bitcoin to."},
			{Name: "transactions", Kind: Array, Shape: `["rawtx/txid",...]`, Doc: "An array of hex strings which are either txids or raw transactions.\nTxids must reference transactions currently in the mempool.\nAll transactions must be valid and in valid order, otherwise the block will be rejected."},
			{Name: "submit", Kind: Bool, Optional: true, Default: "true", Doc: "Whether to submit the block before the RPC call returns or to return it as hex."},
		},
		Summary: "Mine a set of ordered transactions to a specified address or descriptor and return the block hash.",
		Result:  "{ \"hash\", \"hex\" }    (json object) hex is only present when submit=false",
		Handler: generateBlock,
	},
	{
		Name: "generate", Category: "hidden", Hidden: true,
		Summary: "has been replaced by the -generate cli option. Refer to -help for more information.",
		Handler: func(c *Call) (any, error) {
			m, _ := c.Server.registry.Lookup("generate")
			return nil, Errorf(CodeMethodNotFound, "%s", m.Help())
		},
	},
}

// payToDescriptor is the output script of a descriptor without range; of combo()
// the P2WPKH one, or P2PKH for uncompressed keys.
func (n *Node) payToDescriptor(text string) ([]byte, error) {
	d, err := n.parseDescriptor(text, false)
	if err != nil {
		return nil, err
	}
	if d.IsRange() {
		return nil, Errorf(CodeInvalidParam, "Ranged descriptor not accepted. Maybe pass through deriveaddresses first?")
	}
	scripts, err := d.Expand(0)
	if err != nil || len(scripts) == 0 {
		return nil, Errorf(CodeInvalidAddress, "Cannot derive script without private keys")
	}
	switch len(scripts) {
	case 1:
		return scripts[0], nil
	case 4:
		return scripts[2], nil
	}
	return scripts[1], nil
}

// generate mints argument 0 blocks.
func (c *Call) generate(tries uint64, payTo func() ([]byte, error)) (any, error) {
	blocks, err := c.Int32(0, 0)
	if err != nil {
		return nil, err
	}
	pkScript, err := payTo()
	if err != nil {
		return nil, err
	}
	hashes := []tx.Hash{}
	if blocks <= 0 || tries == 0 {
		return hashes, nil
	}
	minted, err := c.mint(&msg.Mint{Blocks: int(blocks), PayTo: pkScript, MaxTries: tries})
	if err != nil {
		return nil, err
	}
	for _, b := range minted.Blocks {
		hashes = append(hashes, b.Hash())
	}
	if n := len(minted.Blocks); n > 0 {
		c.Node.templates.assembled(c.Node.sizeOf(minted.Blocks[n-1].Txs[1:]))
	}
	return hashes, nil
}

// mint asks the minter, and makes an error of a block that was refused.
func (c *Call) mint(order *msg.Mint) (*msg.Minted, error) {
	minted, err := ask[*msg.Minted](c.Context, c.Node, c.Node.Cast.Minter(), order)
	if err != nil {
		return nil, err
	}
	var broken *consensus.RuleError
	switch {
	case errors.As(minted.Err, &broken):
		return nil, Errorf(CodeInternal, "ProcessNewBlock, block not accepted: %s", broken)
	case minted.Err != nil:
		return nil, Errorf(CodeInternal, "%s", minted.Err)
	}
	c.Node.settle(c.Context)
	return minted, nil
}

func generateBlock(c *Call) (any, error) {
	output := c.String(0, "")
	payTo, err := c.Node.payToDescriptor(output)
	var e *Error
	if errors.As(err, &e) && e.Code == CodeInvalidAddress && e.Message != "Cannot derive script without private keys" {
		if payTo, err = address.Decode(output, c.Node.Board.Params.Name); err != nil {
			return nil, Errorf(CodeInvalidAddress, "Error: Invalid address or descriptor")
		}
	}
	if err != nil {
		return nil, err
	}
	txs, err := c.blockTxs()
	if err != nil {
		return nil, err
	}
	c.Node.templates.assembled(c.Node.sizeOf(nil)) // Core assembles an empty block and puts them in
	if err := c.tryBlock(payTo, txs); err != nil {
		return nil, err
	}
	submit := c.Bool(2, true)
	minted, err := c.mint(&msg.Mint{Blocks: 1, PayTo: payTo, MaxTries: defaultMaxTries, Txs: txs, Exact: true, Hold: !submit})
	if err != nil {
		return nil, err
	}
	if len(minted.Blocks) == 0 {
		return nil, Errorf(CodeMisc, "Failed to make block.")
	}
	b := minted.Blocks[0]
	result := Object{{"hash", b.Hash()}}
	if !submit {
		result = append(result, Field{"hex", hexOf(b.Bytes())})
	}
	return result, nil
}

// blockTxs reads argument 1: transactions of the pool by id, others in full.
func (c *Call) blockTxs() (txs []*tx.Tx, err error) {
	pool, err := c.Node.pool()
	if err != nil {
		return nil, err
	}
	for _, raw := range c.Elements(1) {
		s, err := text(raw)
		if err != nil {
			return nil, err
		}
		if isHash(s) {
			id, err := tx.ParseHash(s)
			if err != nil {
				return nil, err
			}
			e := pool.ByID(id)
			if e == nil {
				return nil, Errorf(CodeInvalidAddress, "Transaction %s not in mempool.", s)
			}
			txs = append(txs, e.Tx)
			continue
		}
		t, ok := decodeHexTx(s)
		if !ok {
			return nil, Errorf(CodeDeserialization, "Transaction decode failed for %s. Make sure the tx has at least one input.", s)
		}
		txs = append(txs, t)
	}
	return txs, nil
}

// tryBlock checks a block of these transactions as if it were solved.
func (c *Call) tryBlock(payTo []byte, txs []*tx.Tx) error {
	n := c.Node
	s, err := c.settledCoins()
	if err != nil {
		return err
	}
	defer s.Release()
	t := mining.Assemble(mining.Job{Params: n.Board.Params, Prev: s.Tip(), Now: n.now().Unix(), PayTo: payTo, Txs: txs})
	if err := n.checkUnsolved(s, t.Block); err != nil {
		return Errorf(CodeVerify, "testBlockValidity failed: %s", err)
	}
	return nil
}
