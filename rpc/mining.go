package rpc

import (
	"maps"
	"slices"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
)

var miningMethods = []Method{
	{
		Name: "getmininginfo", Category: "mining",
		Summary: "Returns a json object containing mining-related information.",
		Result:  `{ "blocks", "currentblockweight", "currentblocktx", "difficulty", "networkhashps", "pooledtx", "chain", "warnings": [ ... ] }    (json object)`,
		Handler: getMiningInfo,
	},
	{
		Name: "getnetworkhashps", Category: "mining",
		Params: []Param{
			{Name: "nblocks", Kind: Number, Optional: true, Default: "120", Doc: "The number of previous blocks to calculate estimate from, or -1 for blocks since last difficulty change."},
			{Name: "height", Kind: Number, Optional: true, Default: "-1", Doc: "To estimate at the time of the given height."},
		},
		Summary: "Returns the estimated network hashes per second based on the last n blocks.\nPass in [blocks] to override # of blocks, -1 specifies since last difficulty change.\nPass in [height] to estimate the network speed at the time when a certain block was found.",
		Result:  "n    (numeric) Hashes per second estimated",
		Handler: getNetworkHashPS,
	},
	{
		Name: "prioritisetransaction", Category: "mining",
		Params: []Param{
			{Name: "txid", Kind: String, Doc: "The transaction id."},
			{Name: "dummy", Kind: Number, Optional: true, Doc: "API-Compatibility for previous API. Must be zero or null.\nDEPRECATED. For forward compatibility use named arguments and omit this parameter."},
			{Name: "fee_delta", Kind: Number, Doc: "The fee value (in satoshis) to add (or subtract, if negative).\nNote, that this value is not a fee rate. It is a value to modify absolute fee of the TX.\nThe fee is not actually paid, only the algorithm for selecting transactions into a block\nconsiders the transaction as it would have paid a higher (or lower) fee."},
		},
		Summary: "Accepts the transaction into mined blocks at a higher (or lower) priority",
		Result:  "true    (boolean) Returns true", Handler: prioritiseTransaction,
	},
	{
		Name: "getprioritisedtransactions", Category: "mining",
		Summary: "Returns a map of all user-created (see prioritisetransaction) fee deltas by txid, and whether the tx is present in mempool.",
		Result:  `{ "txid": { "fee_delta", "in_mempool", "modified_fee" }, ... }    (json object)`,
		Handler: getPrioritisedTransactions,
	},
}

type miningInfo struct {
	Blocks             int32  `json:"blocks"`
	CurrentBlockWeight *int   `json:"currentblockweight,omitempty"`
	CurrentBlockTx     *int   `json:"currentblocktx,omitempty"`
	Difficulty         Float  `json:"difficulty"`
	NetworkHashPS      Float  `json:"networkhashps"`
	PooledTx           int    `json:"pooledtx"`
	Chain              string `json:"chain"`
	Warnings           any    `json:"warnings"`
}

func getMiningInfo(c *Call) (any, error) {
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	pool, err := c.Node.pool()
	if err != nil {
		return nil, err
	}
	p := c.Node.Board.Params
	info := miningInfo{
		Blocks: s.Tip().Height(), Difficulty: Float(consensus.Difficulty(s.Tip().Bits())),
		NetworkHashPS: hashesPerSecond(s.Tip(), 120, p), PooledTx: pool.Count(), Chain: p.Name, Warnings: c.Node.warnings(),
	}
	if last := c.Node.templates.lastSize(); last != nil {
		info.CurrentBlockWeight, info.CurrentBlockTx = &last.weight, &last.txs
	}
	return info, nil
}

func getNetworkHashPS(c *Call) (any, error) {
	blocks, err := c.Int32(0, 120)
	if err != nil {
		return nil, err
	}
	height, err := c.Int32(1, -1)
	if err != nil {
		return nil, err
	}
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	if blocks < -1 || blocks == 0 {
		return nil, Errorf(CodeInvalidParam, "Invalid nblocks. Must be a positive number or -1.")
	}
	if height < -1 || height > s.Tip().Height() {
		return nil, Errorf(CodeInvalidParam, "Block does not exist at specified height")
	}
	at := s.Tip()
	if height >= 0 {
		at = s.AtHeight(height)
	}
	return hashesPerSecond(at, blocks, c.Node.Board.Params), nil
}

// hashesPerSecond divides the work of so many blocks up to one by the time they
// span; -1 means those since the last change of difficulty.
func hashesPerSecond(at *chainstate.Node, blocks int32, p *consensus.Params) Float {
	if at.Height() == 0 {
		return 0
	}
	if blocks == -1 {
		blocks = at.Height()%p.RetargetInterval() + 1
	}
	blocks = min(blocks, at.Height())
	first, least, most := at, at.Time(), at.Time()
	for range blocks {
		first = first.Prev()
		least, most = min(least, first.Time()), max(most, first.Time())
	}
	if least == most {
		return 0
	}
	return Float(at.Work().Sub(first.Work()).Float64() / float64(most-least))
}

func prioritiseTransaction(c *Call) (any, error) {
	id, err := c.Hash(0, "txid")
	if err != nil {
		return nil, err
	}
	dummy, err := c.Float(1, 0)
	if err != nil {
		return nil, err
	}
	delta, err := c.Int(2, 0)
	if err != nil {
		return nil, err
	}
	if dummy != 0 {
		return nil, Errorf(CodeInvalidParam, "Priority is no longer supported, dummy argument to prioritisetransaction must be 0.")
	}
	done, err := ask[*msg.Done](c.Context, c.Node, c.Node.Cast.Mempool(), &msg.Prioritise{ID: id, Delta: delta})
	if err != nil {
		return nil, err
	}
	return true, done.Err
}

type prioritised struct {
	FeeDelta    int64  `json:"fee_delta"`
	InMempool   bool   `json:"in_mempool"`
	ModifiedFee *int64 `json:"modified_fee,omitempty"`
}

func getPrioritisedTransactions(c *Call) (any, error) {
	pool, err := c.Node.pool()
	if err != nil {
		return nil, err
	}
	deltas := maps.Collect(pool.Deltas())
	list := Object{}
	for _, id := range slices.SortedFunc(maps.Keys(deltas), compareHashes) {
		p := prioritised{FeeDelta: deltas[id]}
		if e := pool.ByID(id); e != nil {
			fee := e.ModifiedFee()
			p.InMempool, p.ModifiedFee = true, &fee
		}
		list = append(list, Field{id.String(), p})
	}
	return list, nil
}
