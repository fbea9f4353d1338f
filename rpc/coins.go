package rpc

import (
	"errors"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/tx"
)

var coinMethods = []Method{
	{
		Name: "gettxout", Category: "blockchain",
		Params: []Param{
			{Name: "txid", Kind: String, Doc: "The transaction id"},
			{Name: "n", Kind: Number, Doc: "vout number"},
			{Name: "include_mempool", Kind: Bool, Optional: true, Default: "true", Doc: "Whether to include the mempool. Note that an unspent output that is spent in the mempool won't appear."},
		},
		Summary: "Returns details about an unspent transaction output.",
		Result:  "null if the UTXO was not found, otherwise\n{ \"bestblock\", \"confirmations\", \"value\", \"scriptPubKey\": { \"asm\", \"desc\", \"hex\", \"address\", \"type\" }, \"coinbase\" }    (json object)",
		Handler: getTxOut,
	},
	{
		Name: "gettxoutsetinfo", Category: "blockchain",
		Params: []Param{
			{Name: "hash_type", Kind: String, Optional: true, Default: "hash_serialized_3", Doc: "Which UTXO set hash should be calculated. Options: 'hash_serialized_3' (the legacy algorithm), 'muhash', 'none'."},
			{Name: "hash_or_height", Kind: Any, Optional: true, Default: "the current best block", Doc: "The block hash or height of the target height (only available with coinstatsindex)."},
			{Name: "use_index", Kind: Bool, Optional: true, Default: "true", Doc: "Use coinstatsindex, if available."},
		},
		Summary: "Returns statistics about the unspent transaction output set.\nNote this call may take some time if you are not using coinstatsindex.",
		Result:  "{ \"height\", \"bestblock\", \"txouts\", \"bogosize\", \"hash_serialized_3\" or \"muhash\", \"total_amount\", \"transactions\", \"disk_size\" }    (json object)",
		Handler: getTxOutSetInfo,
	},
	{
		Name: "scantxoutset", Category: "blockchain",
		Params: []Param{
			{Name: "action", Kind: String, Doc: "The action to execute\n\"start\" for starting a scan\n\"abort\" for aborting the current scan (returns true when abort was successful)\n\"status\" for progress report (in %) of the current scan"},
			{Name: "scanobjects", Kind: Array, Optional: true, Shape: "[scanobjects,...]", Doc: "Array of scan objects. Required for \"start\" action\nEvery scan object is either a string descriptor or an object:\n{ \"desc\": \"str\", \"range\": n or [n,n] }"},
		},
		Summary: "Scans the unspent transaction output set for entries that match certain output descriptors.",
		Result: `start: { "success", "txouts", "height", "bestblock", "unspents": [ { "txid", "vout", "scriptPubKey", "desc", "amount", "coinbase", "height",
  "blockhash", "confirmations" }, ... ], "total_amount" }    (json object)
abort: true|false    (boolean)
status: null, or { "progress" }    (json object)`,
		Handler: scanTxOutSet,
	},
}

type txOutFields struct {
	BestBlock     tx.Hash      `json:"bestblock"`
	Confirmations int32        `json:"confirmations"`
	Value         Amount       `json:"value"`
	ScriptPubKey  ScriptPubKey `json:"scriptPubKey"`
	Coinbase      bool         `json:"coinbase"`
}

func getTxOut(c *Call) (any, error) {
	hash, err := c.Hash(0, "txid")
	if err != nil {
		return nil, err
	}
	index, err := c.Int(1, 0)
	if err != nil {
		return nil, err
	}
	if index < 0 || index > 1<<32-1 {
		return nil, Errorf(CodeMisc, "JSON integer out of range")
	}
	op := tx.OutPoint{Hash: hash, Index: uint32(index)}
	s, err := c.settledCoins()
	if err != nil {
		return nil, err
	}
	defer s.Release()
	f := txOutFields{BestBlock: s.CoinsTip().Hash()}
	chain := c.Node.Board.Params.Name
	if c.Bool(2, true) {
		pool, err := c.Node.pool()
		if err != nil {
			return nil, err
		}
		if pool.Spender(op) != nil {
			return nil, nil
		}
		if e := pool.ByID(hash); e != nil {
			if int(op.Index) >= len(e.Tx.Outputs) {
				return nil, nil
			}
			o := e.Tx.Outputs[op.Index]
			f.Value, f.ScriptPubKey = Amount(o.Value), scriptPubKey(o.PkScript, chain)
			return f, nil
		}
	}
	coin, err := s.Coin(op)
	if err != nil || coin == nil {
		return nil, err
	}
	f.Confirmations = s.CoinsTip().Height() - coin.Height + 1
	f.Value, f.ScriptPubKey, f.Coinbase = Amount(coin.Output.Value), scriptPubKey(coin.Output.PkScript, chain), coin.Coinbase
	return f, nil
}

type txOutSetInfo struct {
	Height         int32    `json:"height"`
	BestBlock      tx.Hash  `json:"bestblock"`
	TxOuts         uint64   `json:"txouts"`
	BogoSize       uint64   `json:"bogosize"`
	HashSerialized *tx.Hash `json:"hash_serialized_3,omitempty"`
	MuHash         *tx.Hash `json:"muhash,omitempty"`
	TotalAmount    Amount   `json:"total_amount"`
	Transactions   uint64   `json:"transactions"`
	DiskSize       int64    `json:"disk_size"`
}

func getTxOutSetInfo(c *Call) (any, error) {
	kinds := chainstore.HashKind(0)
	switch kind := c.String(0, "hash_serialized_3"); kind {
	case "hash_serialized_3":
		kinds = chainstore.HashSerialized
	case "muhash":
		kinds = chainstore.HashMuHash
	case "none":
		kinds = chainstore.HashNone
	default:
		return nil, Errorf(CodeInvalidParam, "'%s' is not a valid hash_type", kind)
	}
	if c.Has(1) {
		return nil, Errorf(CodeInvalidParam, "Querying specific block heights requires coinstatsindex")
	}
	s, err := c.storedCoins()
	if err != nil {
		return nil, err
	}
	defer s.Release()
	info, err := chainstore.SetInfo(s.Stored(), kinds, func(uint64) error { return c.interrupted() })
	if err != nil {
		return nil, longRead(err)
	}
	f := txOutSetInfo{
		BestBlock: info.Tip, TxOuts: info.TxOuts, BogoSize: info.BogoSize, TotalAmount: Amount(info.TotalAmount),
		Transactions: info.Transactions, DiskSize: max(c.Node.usage().Coins, int64(info.BogoSize)), // what is young may not be in tables yet
	}
	if node := s.Header(info.Tip); node != nil {
		f.Height = node.Height()
	}
	switch kinds {
	case chainstore.HashSerialized:
		f.HashSerialized = &info.HashSerialized
	case chainstore.HashMuHash:
		f.MuHash = &info.MuHash
	}
	return f, nil
}

// settledCoins is a view whose coins are those of its tip. During a download readers' coins
// may stay behind, at the last commit: then another one is asked for. To be released.
func (c *Call) settledCoins() (*chainstate.Snapshot, error) {
	return c.flushedView(func(s *chainstate.Snapshot) bool { return s.HasCoins() })
}

// storedCoins is a view whose tip is the store's, for walking through all coins (Core's
// ForceFlushStateToDisk). To be released.
func (c *Call) storedCoins() (*chainstate.Snapshot, error) {
	return c.flushedView(func(s *chainstate.Snapshot) bool { return s.Stored().Tip() == s.Tip().Hash() })
}

// flushedView has chain write what there is if the view is not good as it is. Should more
// blocks have come meanwhile, the answer is about the block that was asked about.
func (c *Call) flushedView(good func(*chainstate.Snapshot) bool) (*chainstate.Snapshot, error) {
	s, err := c.Node.pinned()
	if err != nil || good(s) {
		return s, err
	}
	s.Release()
	if _, err := ask[*msg.Done](c.Context, c.Node, c.Node.Cast.Chain(), &msg.FlushCoins{}); err != nil {
		return nil, err
	}
	return c.Node.pinned()
}

// interrupted tells long work to end when nobody waits for it any more.
func (c *Call) interrupted() error {
	if c.Context.Err() != nil {
		return Errorf(CodeNotConnected, "Shutting down")
	}
	return nil
}

// longRead explains why a walk through all coins did not come to its end.
func longRead(err error) error {
	if errors.Is(err, chainstore.ErrSnapshotExpired) {
		return Errorf(CodeInternal, "Unable to read UTXO set: %s (the walk took longer than a snapshot may be held; try again when the node is less busy)", err)
	}
	return err
}
