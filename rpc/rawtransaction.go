package rpc

import (
	"context"
	"slices"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/address/descriptor"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

var rawTxMethods = []Method{
	{
		Name: "getrawtransaction", Category: "rawtransactions",
		Params: []Param{
			{Name: "txid", Kind: String, Doc: "The transaction id"},
			{Name: "verbosity|verbose", Kind: Level, Optional: true, Default: "0", Doc: "0 for hex-encoded data, 1 for a JSON object, and 2 for JSON object with fee and prevout"},
			{Name: "blockhash", Kind: String, Optional: true, Doc: "The block in which to look for the transaction"},
		},
		Summary: "By default, this call only returns a transaction if it is in the mempool.\nIf a blockhash argument is passed, it will return the transaction if the specified block is available and the transaction is in that block.\n\nIf verbosity is 0 or omitted, returns the serialized transaction as a hex-encoded string.\nIf verbosity is 1, returns a JSON Object with information about the transaction.\nIf verbosity is 2, returns a JSON Object with information about the transaction, including fee and prevout information.",
		Result: `verbosity 0: "hex"    (string)
verbosity 1: { "in_active_chain", "txid", "hash", "version", "size", "vsize", "weight", "locktime",
  "vin": [ { "coinbase" or "txid", "vout", "scriptSig": { "asm", "hex" }; "txinwitness", "sequence" }, ... ],
  "vout": [ { "value", "n", "scriptPubKey": { "asm", "desc", "hex", "address", "type" } }, ... ],
  "hex", "blockhash", "confirmations", "time", "blocktime" }    (json object)
verbosity 2: with the "fee", and the "prevout": { "generated", "height", "value", "scriptPubKey" } of each input`,
		Handler: getRawTransaction,
	},
	{
		Name: "decoderawtransaction", Category: "rawtransactions",
		Params: []Param{
			{Name: "hexstring", Kind: String, Doc: "The transaction hex string"},
			{Name: "iswitness", Kind: Bool, Optional: true, Default: "depends on heuristic tests", Doc: "Whether the transaction hex is a serialized witness transaction."},
		},
		Summary: "Return a JSON object representing the serialized, hex-encoded transaction.",
		Result: `{ "txid", "hash", "version", "size", "vsize", "weight", "locktime",
  "vin": [ { "coinbase" or "txid", "vout", "scriptSig": { "asm", "hex" }; "txinwitness", "sequence" }, ... ],
  "vout": [ { "value", "n", "scriptPubKey": { "asm", "desc", "hex", "address", "type" } }, ... ] }    (json object)`,
		Handler: decodeRawTransaction,
	},
	{
		Name: "decodescript", Category: "rawtransactions",
		Params:  []Param{{Name: "hexstring", Kind: String, Doc: "the hex-encoded script"}},
		Summary: "Decode a hex-encoded script.",
		Result: `{ "asm", "desc", "address", "type", "p2sh",
  "segwit": { "asm", "desc", "hex", "address", "type", "p2sh-segwit" } }    (json object)`,
		Handler: decodeScript,
	},
}

func getRawTransaction(c *Call) (any, error) {
	id, err := c.Hash(0, "parameter 1")
	if err != nil {
		return nil, err
	}
	if id == c.Node.Board.Params.Genesis.Header.MerkleRoot {
		return nil, Errorf(CodeInvalidAddress, "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved")
	}
	verbosity, err := c.Verbosity(1, 0)
	if err != nil {
		return nil, err
	}
	if c.Has(2) {
		return c.rawFromBlock(id, verbosity)
	}
	pool, err := c.Node.pool()
	if err != nil {
		return nil, err
	}
	if e := pool.ByID(id); e != nil {
		if verbosity <= 0 {
			return hexOf(e.Tx.Bytes()), nil
		}
		return describeTx(e.Tx, c.Node.Board.Params.Name, true, nil, false), nil
	}
	return c.rawFromIndex(id, verbosity)
}

// rawFromBlock looks for the transaction in the block that argument 2 names.
func (c *Call) rawFromBlock(id tx.Hash, verbosity int) (any, error) {
	hash, err := c.Hash(2, "parameter 3")
	if err != nil {
		return nil, err
	}
	s, err := c.Node.pinned()
	if err != nil {
		return nil, err
	}
	defer s.Release()
	node := s.Header(hash)
	if node == nil {
		return nil, Errorf(CodeInvalidAddress, "Block hash not found")
	}
	b, err := c.Node.body(s, node)
	if err != nil {
		return nil, Errorf(CodeMisc, "Block not available")
	}
	i := slices.IndexFunc(b.Txs, func(t *tx.Tx) bool { return t.ID() == id })
	if i < 0 {
		return nil, Errorf(CodeInvalidAddress, "No such transaction found in the provided block. Use gettransaction for wallet transactions.")
	}
	if verbosity <= 0 {
		return hexOf(b.Txs[i].Bytes()), nil
	}
	f, err := c.Node.describeConfirmed(s, node, b, i, verbosity)
	if err != nil {
		return nil, err
	}
	active := s.Contains(node)
	f.InActiveChain = &active
	return f, nil
}

// describeConfirmed prints a transaction of a block.
func (n *Node) describeConfirmed(s *chainstate.Snapshot, node *chainstate.Node, b *tx.Block, i, verbosity int) (txFields, error) {
	var spent []consensus.Coin
	if verbosity > 1 && i > 0 && node.HasUndo() {
		undo, err := s.Undo(node)
		if err != nil || len(undo.Txs) < i {
			return txFields{}, Errorf(CodeInternal, "Undo data expected but can't be read. This could be due to disk corruption or a conflict with a pruning event.")
		}
		spent = undo.Txs[i-1]
	}
	f := describeTx(b.Txs[i], n.Board.Params.Name, true, spent, true)
	f.addBlock(s, node)
	return f, nil
}

// rawFromIndex looks for the transaction in the whole chain, if there is an index.
func (c *Call) rawFromIndex(id tx.Hash, verbosity int) (any, error) {
	refuse := func(why string) error {
		return Errorf(CodeInvalidAddress, "%s. Use gettransaction for wallet transactions.", why)
	}
	if !c.Node.Config.Store.TxIndex {
		return nil, refuse("No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries")
	}
	index := c.Node.caughtUpIndex(c.Context)
	if index == nil {
		return nil, refuse("No such mempool transaction. Blockchain transactions are still in the process of being indexed")
	}
	t, node, err := index.Lookup(id)
	switch {
	case err != nil:
		return nil, err
	case t == nil && !index.Synced:
		return nil, refuse("No such mempool transaction. Blockchain transactions are still in the process of being indexed")
	case t == nil:
		return nil, refuse("No such mempool or blockchain transaction")
	case verbosity <= 0:
		return hexOf(t.Bytes()), nil
	}
	s, err := c.Node.pinned()
	if err != nil {
		return nil, err
	}
	defer s.Release()
	b, err := c.Node.body(s, node)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(b.Txs, func(x *tx.Tx) bool { return x.ID() == id })
	if i < 0 {
		return nil, Errorf(CodeInternal, "Transaction index corrupt")
	}
	return c.Node.describeConfirmed(s, node, b, i, verbosity)
}

// caughtUpIndex is the transaction index once it has followed the tip, if it does
// follow it by now; nil before it has started.
func (n *Node) caughtUpIndex(ctx context.Context) *msg.TxIndex {
	if index := n.Board.TxIndex(); index != nil && index.Synced {
		ctx, cancel := context.WithTimeout(ctx, settleFor)
		defer cancel()
		// Too late or not at all: what it has is looked through all the same.
		_, _ = n.System.Ask(ctx, n.Cast.TxIndex(), &msg.Barrier{})
	}
	return n.Board.TxIndex()
}

// addBlock tells which block holds the transaction.
func (f *txFields) addBlock(s *chainstate.Snapshot, node *chainstate.Node) {
	hash, deep := node.Hash(), int32(0)
	f.BlockHash, f.Confirmations = &hash, &deep
	if s.Contains(node) {
		deep = confirmations(s, node)
		at := node.Time()
		f.Time, f.BlockTime = &at, &at
	}
}

func decodeRawTransaction(c *Call) (any, error) {
	hexString := c.String(0, "")
	t, ok := decodeHexTx(hexString)
	if c.Has(1) {
		raw, err := parseHexArg(hexString, "argument")
		if err != nil {
			return nil, Errorf(CodeDeserialization, "TX decode failed")
		}
		if c.Bool(1, true) {
			t, err = tx.Parse(raw)
		} else {
			t, err = tx.ParseStripped(raw)
		}
		ok = err == nil
	}
	if !ok {
		return nil, Errorf(CodeDeserialization, "TX decode failed")
	}
	return describeTx(t, c.Node.Board.Params.Name, false, nil, false), nil
}

type segwitFields struct {
	ScriptPubKey
	P2SHSegwit string `json:"p2sh-segwit"`
}

type decodedScript struct {
	ScriptPubKey
	P2SH   string        `json:"p2sh,omitempty"`
	Segwit *segwitFields `json:"segwit,omitempty"`
}

func decodeScript(c *Call) (any, error) {
	var s []byte
	if text := c.String(0, ""); text != "" {
		var err error
		if s, err = parseHexArg(text, "argument"); err != nil {
			return nil, err
		}
	}
	chain := c.Node.Board.Params.Name
	d := decodedScript{ScriptPubKey: scriptPubKey(s, chain)}
	d.Hex = nil
	class, parts := script.Classify(s)
	if !wrappable(s, class) {
		return d, nil
	}
	d.P2SH, _ = address.Encode(script.PayToScriptHash(script.Hash160(s)), chain)
	program, desc := witnessFor(s, class, parts, chain)
	if program == nil {
		return d, nil
	}
	d.Segwit = &segwitFields{ScriptPubKey: scriptPubKey(program, chain)}
	if desc != "" {
		d.Segwit.Desc = desc
	}
	d.Segwit.P2SHSegwit, _ = address.Encode(script.PayToScriptHash(script.Hash160(program)), chain)
	return d, nil
}

// wrappable tells whether a script may sensibly be a redeem script.
func wrappable(s []byte, class script.Class) bool {
	switch class {
	case script.NullData, script.ScriptHash, script.WitnessUnknown, script.WitnessV1Taproot, script.Anchor:
		return false
	}
	return !script.IsUnspendable(s) && hasValidOps(s) && !hasTapscriptOps(s)
}

// witnessFor is the witness program that stands for a script, with its
// descriptor if more than the program is known of it; nil if there is none.
func witnessFor(s []byte, class script.Class, parts [][]byte, chain string) (program []byte, desc string) {
	switch class {
	case script.MultiSig, script.PubKey:
		for _, p := range parts {
			if len(p) != 1 && len(p) != 33 {
				return nil, "" // segwit wants compressed keys
			}
		}
	case script.NonStandard, script.PubKeyHash:
	default:
		return nil, ""
	}
	switch class {
	case script.PubKey:
		hash := script.Hash160(parts[0])
		return script.PayToWitness(0, hash[:]), ""
	case script.PubKeyHash:
		return script.PayToWitness(0, parts[0]), ""
	}
	return payToWitnessScript(s), wrapDescriptor(class, s, chain)
}

// wrapDescriptor describes the P2WSH output of a script that shows its keys.
func wrapDescriptor(class script.Class, s []byte, chain string) string {
	if class != script.MultiSig {
		return ""
	}
	inner := descriptor.Infer(s, chain)
	wrapped := "wsh(" + inner[:max(0, len(inner)-9)] + ")"
	sum, ok := descriptor.Checksum(wrapped)
	if !ok {
		return ""
	}
	return wrapped + "#" + sum
}
