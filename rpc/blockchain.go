package rpc

import (
	"errors"
	"fmt"

	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

var chainMethods = []Method{
	{
		Name: "getblockchaininfo", Category: "blockchain",
		Summary: "Returns an object containing various state info regarding blockchain processing.",
		Result:  "{ \"chain\", \"blocks\", \"headers\", \"bestblockhash\", \"difficulty\", \"time\", \"mediantime\", \"verificationprogress\",\n  \"initialblockdownload\", \"chainwork\", \"size_on_disk\", \"pruned\", \"pruneheight\", \"automatic_pruning\",\n  \"prune_target_size\", \"warnings\": [ ... ] }    (json object)",
		Handler: getBlockchainInfo,
	},
	{
		Name: "getblockcount", Category: "blockchain",
		Summary: "Returns the height of the most-work fully-validated chain.\nThe genesis block has height 0.",
		Result:  "n    (numeric) The current block count",
		Handler: func(c *Call) (any, error) {
			s, err := c.Node.chain()
			if err != nil {
				return nil, err
			}
			return s.Tip().Height(), nil
		},
	},
	{
		Name: "getbestblockhash", Category: "blockchain",
		Summary: "Returns the hash of the best (tip) block in the most-work fully-validated chain.",
		Result:  "\"hex\"    (string) the block hash, hex-encoded",
		Handler: func(c *Call) (any, error) {
			s, err := c.Node.chain()
			if err != nil {
				return nil, err
			}
			return s.Tip().Hash(), nil
		},
	},
	{
		Name: "getdifficulty", Category: "blockchain",
		Summary: "Returns the proof-of-work difficulty as a multiple of the minimum difficulty.",
		Result:  "n    (numeric) the proof-of-work difficulty as a multiple of the minimum difficulty.",
		Handler: func(c *Call) (any, error) {
			s, err := c.Node.chain()
			if err != nil {
				return nil, err
			}
			return Float(consensus.Difficulty(s.Tip().Bits())), nil
		},
	},
	{
		Name: "getblockhash", Category: "blockchain",
		Params:  []Param{{Name: "height", Kind: Number, Doc: "The height index"}},
		Summary: "Returns hash of block in best-block-chain at height provided.",
		Result:  "\"hex\"    (string) The block hash", Examples: []string{"getblockhash 1000"},
		Handler: getBlockHash,
	},
	{
		Name: "getblockheader", Category: "blockchain",
		Params: []Param{
			{Name: "blockhash", Kind: String, Doc: "The block hash"},
			{Name: "verbose", Kind: Bool, Optional: true, Default: "true", Doc: "true for a json object, false for the hex-encoded data"},
		},
		Summary: "If verbose is false, returns a string that is serialized, hex-encoded data for blockheader 'hash'.\nIf verbose is true, returns an Object with information about blockheader <hash>.",
		Result: `verbose=true: { "hash", "confirmations", "height", "version", "versionHex", "merkleroot", "time", "mediantime", "nonce", "bits", "difficulty",
  "chainwork", "nTx", "previousblockhash", "nextblockhash" }    (json object)
verbose=false: "hex"    (string)`,
		Handler: getBlockHeader,
	},
	{
		Name: "getblock", Category: "blockchain",
		Params: []Param{
			{Name: "blockhash", Kind: String, Doc: "The block hash"},
			{Name: "verbosity|verbose", Kind: Level, Optional: true, Default: "1", Doc: "0 for hex-encoded data, 1 for a JSON object, 2 for JSON object with transaction data, and 3 for JSON object with transaction data including prevout information for inputs"},
		},
		Summary: "If verbosity is 0, returns a string that is serialized, hex-encoded data for block 'hash'.\nIf verbosity is 1, returns an Object with information about block <hash>.\nIf verbosity is 2, returns an Object with information about block <hash> and information about each transaction.\nIf verbosity is 3, returns an Object with information about block <hash> and information about each transaction, including prevout information for inputs (only for unpruned blocks in the current best chain).",
		Result: `verbosity 0: "hex"    (string)
verbosity 1: { "hash", "confirmations", "height", "version", "versionHex", "merkleroot", "time", "mediantime", "nonce", "bits", "difficulty",
  "chainwork", "nTx", "previousblockhash", "nextblockhash",
  "strippedsize", "size", "weight", "tx": [ "txid", ... ] }    (json object)
verbosity 2: with whole transactions, as getrawtransaction shows them, and the "fee" of each
verbosity 3: and with the "prevout": { "generated", "height", "value", "scriptPubKey" } of each input`,
		Handler: getBlock,
	},
}

type blockchainInfo struct {
	Chain                string  `json:"chain"`
	Blocks               int32   `json:"blocks"`
	Headers              int32   `json:"headers"`
	BestBlockHash        tx.Hash `json:"bestblockhash"`
	Difficulty           Float   `json:"difficulty"`
	Time                 uint32  `json:"time"`
	MedianTime           int64   `json:"mediantime"`
	VerificationProgress Float   `json:"verificationprogress"`
	InitialBlockDownload bool    `json:"initialblockdownload"`
	Chainwork            string  `json:"chainwork"`
	SizeOnDisk           int64   `json:"size_on_disk"`
	Pruned               bool    `json:"pruned"`
	PruneHeight          *int32  `json:"pruneheight,omitempty"`
	AutomaticPruning     *bool   `json:"automatic_pruning,omitempty"`
	PruneTargetSize      *int64  `json:"prune_target_size,omitempty"`
	Warnings             any     `json:"warnings"`
}

func getBlockchainInfo(c *Call) (any, error) {
	n := c.Node
	s, err := n.chain()
	if err != nil {
		return nil, err
	}
	tip := s.Tip()
	info := blockchainInfo{
		Chain: n.Board.Params.Name, Blocks: tip.Height(),
		// Nobody must see more blocks than headers, whatever was published in between.
		Headers: max(s.BestHeader().Height(), tip.Height()), BestBlockHash: tip.Hash(),
		Difficulty: Float(consensus.Difficulty(tip.Bits())), Time: tip.Time(), MedianTime: consensus.MedianTimePast(tip),
		VerificationProgress: Float(s.Progress(n.now().Unix())), InitialBlockDownload: s.InitialDownload(),
		Chainwork: tip.Work().String(), SizeOnDisk: n.Board.Bodies().Bytes, Pruned: n.Config.Store.Prune, Warnings: n.warnings(),
	}
	if info.Pruned {
		height, automatic := s.PruneHeight(), n.Config.Store.PruneTarget > 0
		info.PruneHeight, info.AutomaticPruning = &height, &automatic
		if automatic {
			info.PruneTargetSize = &n.Config.Store.PruneTarget
		}
	}
	return info, nil
}

// usage tells where the store's bytes are; zero for a store without a disk.
func (n *Node) usage() chainstore.Usage {
	if s, ok := n.Board.Store.(interface {
		Usage() (chainstore.Usage, error)
	}); ok {
		if u, err := s.Usage(); err == nil {
			return u
		}
	}
	return chainstore.Usage{}
}

func getBlockHash(c *Call) (any, error) {
	height, err := c.Int32(0, 0)
	if err != nil {
		return nil, err
	}
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	node := s.AtHeight(height)
	if node == nil {
		return nil, Errorf(CodeInvalidParam, "Block height out of range")
	}
	return node.Hash(), nil
}

// errNoBlock is the answer to a hash that nobody knows.
var errNoBlock = Errorf(CodeInvalidAddress, "Block not found")

// block finds the header that argument i names.
func (c *Call) block(i int, name string) (*chainstate.Snapshot, *chainstate.Node, error) {
	hash, err := c.Hash(i, name)
	if err != nil {
		return nil, nil, err
	}
	s, err := c.Node.chain()
	if err != nil {
		return nil, nil, err
	}
	node := s.Header(hash)
	if node == nil {
		return nil, nil, errNoBlock
	}
	return s, node, nil
}

// blockAt finds the block that argument i names by hash or by height.
func (c *Call) blockAt(i int) (*chainstate.Snapshot, *chainstate.Node, error) {
	if c.Kind(i) != Number {
		if c.Kind(i) != String {
			return nil, nil, unexpected(c.args[i], String)
		}
		return c.block(i, "hash_or_height")
	}
	height, err := c.Int32(i, 0)
	if err != nil {
		return nil, nil, err
	}
	s, err := c.Node.chain()
	switch {
	case err != nil:
		return nil, nil, err
	case height < 0:
		return nil, nil, Errorf(CodeInvalidParam, "Target block height %d is negative", height)
	case height > s.Tip().Height():
		return nil, nil, Errorf(CodeInvalidParam, "Target block height %d after current tip %d", height, s.Tip().Height())
	}
	return s, s.AtHeight(height), nil
}

type headerFields struct {
	Hash          tx.Hash  `json:"hash"`
	Confirmations int32    `json:"confirmations"`
	Height        int32    `json:"height"`
	Version       int32    `json:"version"`
	VersionHex    string   `json:"versionHex"`
	MerkleRoot    tx.Hash  `json:"merkleroot"`
	Time          uint32   `json:"time"`
	MedianTime    int64    `json:"mediantime"`
	Nonce         uint32   `json:"nonce"`
	Bits          string   `json:"bits"`
	Difficulty    Float    `json:"difficulty"`
	Chainwork     string   `json:"chainwork"`
	NTx           uint32   `json:"nTx"`
	PreviousHash  *tx.Hash `json:"previousblockhash,omitempty"`
	NextHash      *tx.Hash `json:"nextblockhash,omitempty"`
}

func describeHeader(s *chainstate.Snapshot, node *chainstate.Node) headerFields {
	h := node.Header()
	f := headerFields{
		Hash: node.Hash(), Confirmations: confirmations(s, node), Height: node.Height(),
		Version: h.Version, VersionHex: fmt.Sprintf("%08x", uint32(h.Version)), MerkleRoot: h.MerkleRoot, Time: h.Time,
		MedianTime: consensus.MedianTimePast(node), Nonce: h.Nonce, Bits: fmt.Sprintf("%08x", h.Bits),
		Difficulty: Float(consensus.Difficulty(h.Bits)), Chainwork: node.Work().String(), NTx: node.Txs(),
	}
	if prev := node.Prev(); prev != nil {
		hash := prev.Hash()
		f.PreviousHash = &hash
	}
	if next := s.AtHeight(node.Height() + 1); next != nil && next.Prev() == node {
		hash := next.Hash()
		f.NextHash = &hash
	}
	return f
}

// confirmations are -1 for a block outside the best chain.
func confirmations(s *chainstate.Snapshot, node *chainstate.Node) int32 {
	if !s.Contains(node) {
		return -1
	}
	return s.Tip().Height() - node.Height() + 1
}

func getBlockHeader(c *Call) (any, error) {
	s, node, err := c.block(0, "hash")
	if err != nil {
		return nil, err
	}
	if !c.Bool(1, true) {
		h := node.Header()
		raw := h.Bytes()
		return hexOf(raw[:]), nil
	}
	return describeHeader(s, node), nil
}

type blockFields struct {
	headerFields
	StrippedSize int `json:"strippedsize"`
	Size         int `json:"size"`
	Weight       int `json:"weight"`
	Tx           any `json:"tx"`
}

func getBlock(c *Call) (any, error) {
	_, node, err := c.block(0, "blockhash")
	if err != nil {
		return nil, err
	}
	verbosity, err := c.Verbosity(1, 1)
	if err != nil {
		return nil, err
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
	if verbosity <= 0 {
		return hexOf(b.Bytes()), nil
	}
	f := blockFields{headerFields: describeHeader(s, node), StrippedSize: b.StrippedSize(), Size: b.Size(), Weight: b.Weight()}
	f.NTx = uint32(len(b.Txs))
	if verbosity == 1 {
		ids := make([]tx.Hash, len(b.Txs))
		for i, t := range b.Txs {
			ids[i] = t.ID()
		}
		f.Tx = ids
		return f, nil
	}
	f.Tx, err = c.Node.describeTxs(s, node, b, verbosity > 2)
	return f, err
}

// describeTxs prints a block's transactions, with fees and prevouts when its
// undo data is there.
func (n *Node) describeTxs(s *chainstate.Snapshot, node *chainstate.Node, b *tx.Block, prevouts bool) ([]txFields, error) {
	spent := make([][]consensus.Coin, len(b.Txs))
	if node.HasUndo() {
		undo, err := s.Undo(node)
		if err != nil || len(undo.Txs) != len(b.Txs)-1 {
			return nil, Errorf(CodeInternal, "Undo data expected but can't be read. This could be due to disk corruption or a conflict with a pruning event.")
		}
		copy(spent[1:], undo.Txs)
	}
	list := make([]txFields, len(b.Txs))
	for i, t := range b.Txs {
		list[i] = describeTx(t, n.Board.Params.Name, true, spent[i], prevouts)
	}
	return list, nil
}

// body reads a block, or says in Core's words why it is not there.
func (n *Node) body(s *chainstate.Snapshot, node *chainstate.Node) (*tx.Block, error) {
	if node.Height() == 0 {
		return n.Board.Params.Genesis, nil
	}
	if !node.HasBody() {
		if n.Config.Store.Prune && node.Txs() > 0 {
			return nil, Errorf(CodeMisc, "Block not available (pruned data)")
		}
		return nil, Errorf(CodeMisc, "Block not available (not fully downloaded)")
	}
	b, err := s.Block(node)
	if errors.Is(err, chainstore.ErrNotFound) {
		return nil, Errorf(CodeMisc, "Block not found on disk")
	}
	return b, err
}
