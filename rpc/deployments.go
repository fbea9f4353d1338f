package rpc

import (
	"math"
	"strings"

	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

var treeMethods = []Method{
	{
		Name: "getchaintips", Category: "blockchain",
		Summary: "Return information about all known tips in the block tree, including the main chain as well as orphaned branches.",
		Result:  "[ { \"height\", \"hash\", \"branchlen\", \"status\" }, ... ]    (json array) status is invalid, headers-only, valid-headers, valid-fork or active",
		Handler: getChainTips,
	},
	{
		Name: "getchainstates", Category: "blockchain",
		Summary: "Return information about chainstates.",
		Result:  "{ \"headers\", \"chainstates\": [ { \"blocks\", \"bestblockhash\", \"difficulty\", \"verificationprogress\", \"coins_db_cache_bytes\", \"coins_tip_cache_bytes\", \"validated\" } ] }    (json object) there is one chainstate, for no snapshot of coins is taken",
		Handler: getChainStates,
	},
	{
		Name: "getdeploymentinfo", Category: "blockchain",
		Params:  []Param{{Name: "blockhash", Kind: String, Optional: true, Default: "hash of current chain tip", Doc: "The block hash at which to query deployment state"}},
		Summary: "Returns an object containing various state info regarding deployments of consensus changes.",
		Result: `{ "hash", "height", "deployments": { "bip34", "bip66", "bip65", "csv", "segwit", "testdummy", "taproot": each { "type", "height", "active", "bip9": { "bit", "start_time", "timeout", "min_activation_height",
  "status", "since", "status_next", "statistics": { "period", "elapsed", "count", "threshold", "possible" }, "signalling" } } } }    (json object)`,
		Handler: getDeploymentInfo,
	},
	{
		Name: "getchaintxstats", Category: "blockchain",
		Params: []Param{
			{Name: "nblocks", Kind: Number, Optional: true, Default: "one month", Doc: "Size of the window in number of blocks"},
			{Name: "blockhash", Kind: String, Optional: true, Default: "chain tip", Doc: "The hash of the block that ends the window."},
		},
		Summary: "Compute statistics about the total number and rate of transactions in the chain.",
		Result: `{ "time", "txcount", "window_final_block_hash", "window_final_block_height", "window_block_count", "window_interval",
  "window_tx_count", "txrate" }    (json object)`,
		Handler: getChainTxStats,
	},
}

type chainTip struct {
	Height    int32                `json:"height"`
	Hash      tx.Hash              `json:"hash"`
	BranchLen int32                `json:"branchlen"`
	Status    chainstate.TipStatus `json:"status"`
}

func getChainTips(c *Call) (any, error) {
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	list := []chainTip{}
	for _, t := range s.Tips() {
		list = append(list, chainTip{t.Node.Height(), t.Node.Hash(), t.BranchLen, t.Status})
	}
	return list, nil
}

type chainState struct {
	Blocks               int32   `json:"blocks"`
	BestBlockHash        tx.Hash `json:"bestblockhash"`
	Difficulty           Float   `json:"difficulty"`
	VerificationProgress Float   `json:"verificationprogress"`
	DatabaseCache        int64   `json:"coins_db_cache_bytes"`
	CoinsCache           int64   `json:"coins_tip_cache_bytes"`
	Validated            bool    `json:"validated"`
}

// getChainStates tells of the one chain of ours, whose coins have all of -dbcache.
func getChainStates(c *Call) (any, error) {
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	tip := s.Tip()
	ours := chainState{
		Blocks: tip.Height(), BestBlockHash: tip.Hash(), Difficulty: Float(consensus.Difficulty(tip.Bits())),
		VerificationProgress: Float(s.Progress(c.Node.now().Unix())), CoinsCache: c.Node.Config.Store.DBCache, Validated: true,
	}
	return Object{{"headers", max(s.BestHeader().Height(), tip.Height())}, {"chainstates", []chainState{ours}}}, nil
}

type bip9Statistics struct {
	Period    int32  `json:"period"`
	Elapsed   int32  `json:"elapsed"`
	Count     int32  `json:"count"`
	Threshold *int32 `json:"threshold,omitempty"`
	Possible  *bool  `json:"possible,omitempty"`
}

type bip9Fields struct {
	Bit                 *uint8          `json:"bit,omitempty"`
	StartTime           int64           `json:"start_time"`
	Timeout             int64           `json:"timeout"`
	MinActivationHeight int32           `json:"min_activation_height"`
	Status              string          `json:"status"`
	Since               int32           `json:"since"`
	StatusNext          string          `json:"status_next"`
	Statistics          *bip9Statistics `json:"statistics,omitempty"`
	Signalling          string          `json:"signalling,omitempty"`
}

type buriedDeployment struct {
	Type   string `json:"type"`
	Active bool   `json:"active"`
	Height int32  `json:"height"`
}

type bip9Deployment struct {
	Type   string     `json:"type"`
	Height *int32     `json:"height,omitempty"`
	Active bool       `json:"active"`
	BIP9   bip9Fields `json:"bip9"`
}

func getDeploymentInfo(c *Call) (any, error) {
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	at := s.Tip()
	if c.Has(0) {
		if s, at, err = c.block(0, "blockhash"); err != nil {
			return nil, err
		}
	}
	var list Object
	for _, d := range s.Deployments(at) {
		if never := d.Buried && d.Height == math.MaxInt32 || !d.Buried && d.BIP9.StartTime == consensus.NeverActive; never {
			continue
		}
		if d.Buried {
			list = append(list, Field{d.Name, buriedDeployment{"buried", d.Active, d.Height}})
			continue
		}
		out := bip9Deployment{Type: "bip9", Active: d.Active, BIP9: describeBIP9(d.BIP9)}
		if d.Active {
			out.Height = &d.Height
		}
		list = append(list, Field{d.Name, out})
	}
	return Object{{"hash", at.Hash()}, {"height", at.Height()}, {"deployments", list}}, nil
}

func describeBIP9(b *chainstate.BIP9Info) bip9Fields {
	f := bip9Fields{
		StartTime: b.StartTime, Timeout: b.Timeout, MinActivationHeight: b.MinActivationHeight,
		Status: b.State.String(), Since: b.Since, StatusNext: b.Next.String(),
	}
	if b.Stats == nil {
		return f
	}
	f.Bit = &b.Bit
	f.Statistics = &bip9Statistics{Period: b.Stats.Window, Elapsed: b.Stats.Elapsed, Count: b.Stats.Count}
	if b.State != consensus.LockedIn {
		f.Statistics.Threshold, f.Statistics.Possible = &b.Stats.Threshold, &b.Stats.Possible
	}
	var signals strings.Builder
	for _, yes := range b.Stats.Signals {
		if yes {
			signals.WriteByte('#')
		} else {
			signals.WriteByte('-')
		}
	}
	f.Signalling = signals.String()
	return f
}

type chainTxStats struct {
	Time           uint32  `json:"time"`
	TxCount        *uint64 `json:"txcount,omitempty"`
	FinalHash      tx.Hash `json:"window_final_block_hash"`
	FinalHeight    int32   `json:"window_final_block_height"`
	BlockCount     int32   `json:"window_block_count"`
	WindowInterval *int64  `json:"window_interval,omitempty"`
	WindowTxCount  *uint64 `json:"window_tx_count,omitempty"`
	TxRate         *Float  `json:"txrate,omitempty"`
}

func getChainTxStats(c *Call) (any, error) {
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	final := s.Tip()
	if c.Has(1) {
		if s, final, err = c.block(1, "blockhash"); err != nil {
			return nil, err
		}
		if !s.Contains(final) {
			return nil, Errorf(CodeInvalidParam, "Block is not in main chain")
		}
	}
	const month = 30 * 24 * 60 * 60
	count := max(0, min(int32(month/c.Node.Board.Params.TargetSpacing), final.Height()-1))
	if c.Has(0) {
		if count, err = c.Int32(0, 0); err != nil {
			return nil, err
		}
		if count < 0 || (count > 0 && count >= final.Height()) {
			return nil, Errorf(CodeInvalidParam, "Invalid block count: should be between 0 and the block's height - 1")
		}
	}
	past := final.At(final.Height() - count)
	f := chainTxStats{Time: final.Time(), FinalHash: final.Hash(), FinalHeight: final.Height(), BlockCount: count}
	all, before := final.ChainTxs(), past.ChainTxs()
	if all > 0 {
		f.TxCount = &all
	}
	if count == 0 {
		return f, nil
	}
	interval := consensus.MedianTimePast(final) - consensus.MedianTimePast(past)
	f.WindowInterval = &interval
	if all > 0 && before > 0 {
		txs := all - before
		f.WindowTxCount = &txs
		if interval > 0 {
			rate := Float(float64(txs) / float64(interval))
			f.TxRate = &rate
		}
	}
	return f, nil
}
