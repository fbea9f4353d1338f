package rpc

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/download"
	"github.com/troupe-node/troupe/tx"
)

var blockhashParam = func(doc string) []Param { return []Param{{Name: "blockhash", Kind: String, Doc: doc}} }

var timeoutParam = Param{Name: "timeout", Kind: Number, Optional: true, Default: "0", Doc: "Time in milliseconds to wait for a response. 0 indicates no timeout."}

var chainCommandMethods = []Method{
	{
		Name: "preciousblock", Category: "blockchain", Params: blockhashParam("the hash of the block to mark as precious"),
		Summary: "Treats a block as if it were received before others with the same work.\n\nA later preciousblock call can override the effect of an earlier one.\n\nThe effects of preciousblock are not retained across restarts.",
		Result:  "null", Handler: chainOrder(msg.PreciousBlock),
	},
	{
		Name: "getblockfrompeer", Category: "blockchain",
		Params: []Param{
			{Name: "blockhash", Kind: String, Doc: "The block hash to try to fetch"},
			{Name: "peer_id", Kind: Number, Doc: "The peer to fetch it from (see getpeerinfo for peer IDs)"},
		},
		Summary: "Attempt to fetch block from a given peer.\n\nWe must have the header for this block, e.g. using submitheader.\nThe block will not have any undo data which can limit the usage of the block data in a context where the undo data is needed.\nSubsequent calls for the same block may cause the response from the previous peer to be ignored.\nPeers generally ignore requests for a stale block that they never fully verified, or one that is more than a month old..\nNote: The block could be re-pruned as soon as it is received.\n\nReturns an empty JSON object if the request was successfully scheduled.",
		Result:  "{}    (empty JSON object)", Handler: getBlockFromPeer,
		Examples: []string{`getblockfrompeer "00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09" 0`},
	},
	{
		Name: "invalidateblock", Category: "hidden", Hidden: true, Params: blockhashParam("the hash of the block to mark as invalid"),
		Summary: "Permanently marks a block as invalid, as if it violated a consensus rule.",
		Result:  "null", Handler: chainOrder(msg.InvalidateBlock),
	},
	{
		Name: "reconsiderblock", Category: "hidden", Hidden: true, Params: blockhashParam("the hash of the block to reconsider"),
		Summary: "Removes invalidity status of a block, its ancestors and its descendants, reconsider them for activation.\nThis can be used to undo the effects of invalidateblock.",
		Result:  "null", Handler: chainOrder(msg.ReconsiderBlock),
	},
	{
		Name: "pruneblockchain", Category: "blockchain",
		Params:  []Param{{Name: "height", Kind: Number, Doc: "The block height to prune up to. May be set to a discrete height, or to a UNIX epoch time\nto prune blocks whose block time is at least 2 hours older than the provided timestamp."}},
		Summary: "Attempts to delete block and undo data up to a specified height or timestamp, if eligible for pruning.\nRequires `-prune` to be enabled at startup.",
		Result:  "n    (numeric) Height of the last block pruned", Handler: pruneBlockchain,
	},
	{
		Name: "waitfornewblock", Category: "hidden", Hidden: true, Params: []Param{timeoutParam},
		Summary: "Waits for any new block and returns useful info about it.\n\nReturns the current block on timeout or exit.",
		Result:  `{ "hash", "height" }    (json object)`,
		Handler: waitForNewBlock,
	},
	{
		Name: "waitforblock", Category: "hidden", Hidden: true,
		Params:  []Param{{Name: "blockhash", Kind: String, Doc: "Block hash to wait for."}, timeoutParam},
		Summary: "Waits for a specific new block and returns useful info about it.\n\nReturns the current block on timeout or exit.",
		Result:  `{ "hash", "height" }    (json object)`,
		Handler: waitForBlock,
	},
	{
		Name: "waitforblockheight", Category: "hidden", Hidden: true,
		Params:  []Param{{Name: "height", Kind: Number, Doc: "Block height to wait for."}, timeoutParam},
		Summary: "Waits for (at least) block height and returns the height and hash\nof the current tip.\n\nReturns the current block on timeout or exit.",
		Result:  `{ "hash", "height" }    (json object)`,
		Handler: waitForBlockHeight,
	},
	{
		Name: "syncwithvalidationinterfacequeue", Category: "hidden", Hidden: true,
		Summary: "Waits for the validation interface queue to catch up on everything that was there when we entered this function.",
		Result:  "null",
		Handler: func(c *Call) (any, error) { return nil, c.Node.barrier(c.Context) },
	},
}

// chainOrder makes the handler of an operator's order about one block. It answers
// when the reorganisation that follows is over.
func chainOrder(what msg.ChainOrder) func(*Call) (any, error) {
	return func(c *Call) (any, error) {
		_, node, err := c.block(0, "blockhash")
		if err != nil {
			return nil, err
		}
		done, err := ask[*msg.Done](c.Context, c.Node, c.Node.Cast.Chain(), &msg.ChainCommand{What: what, Hash: node.Hash()})
		switch {
		case err != nil:
			return nil, err
		case errors.Is(done.Err, chainstate.ErrUnknownBlock):
			return nil, errNoBlock
		case done.Err != nil:
			return nil, Errorf(CodeDatabase, "%s", done.Err)
		}
		c.Node.settle(c.Context)
		return nil, nil
	}
}

// getBlockFromPeer has one peer asked for a block that we know the header of.
func getBlockFromPeer(c *Call) (any, error) {
	hash, err := c.Hash(0, "blockhash")
	if err != nil {
		return nil, err
	}
	id, err := c.Int(1, 0)
	if err != nil {
		return nil, err
	}
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	switch node := s.Header(hash); {
	case node == nil:
		return nil, Errorf(CodeMisc, "Block header missing")
	case c.Node.Config.Store.Prune && node.Height() > s.Tip().Height():
		// What lies above the tip is wanted anyway, in its turn.
		return nil, Errorf(CodeMisc, "In prune mode, only blocks that the node has already synced previously can be fetched from a peer")
	case node.HasBody():
		return nil, Errorf(CodeMisc, "Block already downloaded")
	}
	peer := msg.FromShownID(id)
	if !slices.ContainsFunc(c.Node.Board.Peers().Peers, func(p *msg.Peer) bool { return p.ID == peer }) {
		return nil, Errorf(CodeMisc, "%s", download.ErrNoPeer)
	}
	done, err := ask[*msg.Done](c.Context, c.Node, c.Node.Cast.Blocks(), &msg.FetchBlock{Peer: peer, Hash: hash})
	if err == nil {
		err = done.Err
	}
	return Object{}, err
}

// pruneBlockchain deletes bodies up to a height, or up to the first block that
// may have been made after a time.
func pruneBlockchain(c *Call) (any, error) {
	if !c.Node.Config.Store.Prune {
		return nil, Errorf(CodeMisc, "Cannot prune blocks because node is not in prune mode.")
	}
	height, err := c.Int32(0, 0)
	if err != nil {
		return nil, err
	}
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	if height < 0 {
		return nil, Errorf(CodeInvalidParam, "Negative block height.")
	}
	// What is above a billion is no height, and below it no time of a block.
	if height > 1_000_000_000 {
		since := int64(height) - consensus.MaxFutureBlockTime
		if height = firstAtLeast(s.Tip(), since); height < 0 {
			return nil, Errorf(CodeInvalidParam, "Could not find block with at least the specified timestamp.")
		}
	}
	switch tip := s.Tip().Height(); {
	case tip < c.Node.Board.Params.PruneAfterHeight:
		return nil, Errorf(CodeMisc, "Blockchain is too short for pruning.")
	case height > tip:
		return nil, Errorf(CodeInvalidParam, "Blockchain is shorter than the attempted prune height.")
	}
	done, err := ask[*msg.Done](c.Context, c.Node, c.Node.Cast.Chain(), &msg.PruneChain{Height: height})
	if err != nil {
		return nil, err
	}
	if s, err = c.Node.chain(); err != nil {
		return nil, err
	}
	return s.PruneHeight() - 1, done.Err
}

// firstAtLeast is the height of the first block of a chain whose time, or that of
// a block before it, reaches a time; -1 if there is none. Times of blocks are not
// in order.
func firstAtLeast(tip *chainstate.Node, time int64) int32 {
	found := int32(-1)
	for n := tip; n != nil; n = n.Prev() {
		if int64(n.Time()) >= time {
			found = n.Height()
		}
	}
	return found
}

// barrier waits for the whole cast.
func (n *Node) barrier(ctx context.Context) error {
	if n.Barrier == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return n.Barrier(ctx)
}

// settleFor bounds how long an order that moved the chain waits for what follows.
const settleFor = 5 * time.Second

// settle waits until chain has connected what it can and the pool stands on the
// tip, so that whoever moved the chain sees all of it in the next call, as in
// Core. A node that is busy with other blocks is not waited for for ever.
func (n *Node) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleFor)
	defer cancel()
	if _, err := n.System.Ask(ctx, n.Cast.Chain(), &msg.Barrier{}); err != nil {
		return
	}
	for tip := n.Board.Tip(); ctx.Err() == nil; tip = n.Board.Tip() {
		if pool := n.Board.Pool(); pool != nil && pool.Tip() == tip.Tip().Hash() {
			return
		}
		if n.System.Env().Sleep(ctx, time.Millisecond/4) != nil {
			return
		}
	}
}

type tipFields struct {
	Hash   tx.Hash `json:"hash"`
	Height int32   `json:"height"`
}

// awaitTip waits for a tip with a property, for at most the time that argument i
// says.
func (c *Call) awaitTip(i int, done func(*chainstate.Node) bool) (any, error) {
	timeout, err := c.Int32(i, 0)
	if err != nil {
		return nil, err
	}
	if timeout < 0 {
		return nil, Errorf(CodeMisc, "Negative timeout")
	}
	tip, err := c.Node.waitTip(c.Context, time.Duration(timeout)*time.Millisecond, done)
	if err != nil {
		return nil, err
	}
	return tipFields{tip.Hash(), tip.Height()}, nil
}

func waitForNewBlock(c *Call) (any, error) {
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	old := s.Tip()
	return c.awaitTip(0, func(tip *chainstate.Node) bool { return tip != old })
}

func waitForBlock(c *Call) (any, error) {
	hash, err := c.Hash(0, "blockhash")
	if err != nil {
		return nil, err
	}
	return c.awaitTip(1, func(tip *chainstate.Node) bool { return tip.Hash() == hash })
}

func waitForBlockHeight(c *Call) (any, error) {
	height, err := c.Int32(0, 0)
	if err != nil {
		return nil, err
	}
	return c.awaitTip(1, func(tip *chainstate.Node) bool { return tip.Height() >= height })
}
