package msg

import (
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/tx"
)

// AddHeaders gives chain headers in order, each on top of a known one.
// Sender: headers (from peers), outside (submitheader). Answer: *HeadersAdded.
type AddHeaders struct {
	Headers []tx.Header
}

// Size is what the headers take.
func (m *AddHeaders) Size() int { return 64 + len(m.Headers)*tx.HeaderSize }

// HeadersAdded answers AddHeaders: the last header that is known now (nil if
// none is) and the rule that the first refused one breaks.
type HeadersAdded struct {
	Last *chainstate.Node
	Err  error
}

// AddBlock gives chain a block. Sender: blocks (from peers), minter, outside
// (submitblock, import). Answer: *BlockVerdict, once the block is connected,
// refused, or stored for later.
type AddBlock struct {
	Block *tx.Block
	// Checked says that consensus.CheckBlock found nothing wrong.
	Checked bool
	// Requested says that we asked for it, or that our operator gave it to us.
	Requested bool
}

// Size is what the block takes.
func (m *AddBlock) Size() int { return 256 + m.Block.Size() }

// BlockVerdict answers AddBlock.
type BlockVerdict struct{ chainstate.Verdict }

// BlockTurnedBad says that a block which was stored before, and answered so,
// breaks a rule after all. Sender: chain.
type BlockTurnedBad struct {
	Hash tx.Hash
	Err  error
}

// ChainCommand is an operator's order. Sender: outside. Answer: *Done when the
// reorganisation that follows is over.
type ChainCommand struct {
	What ChainOrder
	Hash tx.Hash
}

// ChainOrder is what a ChainCommand orders.
type ChainOrder uint8

// The orders, as the RPC methods of these names define them.
const (
	InvalidateBlock ChainOrder = iota
	ReconsiderBlock
	PreciousBlock
)

// FlushCoins asks that the coins of the published tip be written, so that whoever walks
// through all of them finds them in the store: during a download they are up to a minute
// behind. Sender: outside. Answer: *Done when the board has a view whose store is there.
type FlushCoins struct{}

// TipChanged says that the board has another tip. It carries nothing: each
// follower walks from its own tip to the published one, so that one lost or
// conflated loses nothing. Sender: chain.
type TipChanged struct{}

// HeaderChanged says that the board has another best header. Sender: chain.
type HeaderChanged struct{}

var (
	_ = kit.Register[*AddHeaders](kit.Message{
		Lane: kit.Headers, Full: kit.Hold, Role: kit.Work,
		From: []string{KindHeaders, KindOutside}, To: []string{KindChain},
		Reply: "*HeadersAdded", Doc: "headers to check and keep",
	})
	_ = kit.Register[*HeadersAdded](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindChain}, To: []string{KindHeaders},
		Doc: "which headers are known now",
	})
	_ = kit.Register[*AddBlock](kit.Message{
		Lane: kit.Block, Full: kit.Hold, Role: kit.Work,
		From: []string{KindBlocks, KindMinter, KindOutside}, To: []string{KindChain},
		Reply: "*BlockVerdict", Doc: "a block to check, keep and perhaps connect",
	})
	_ = kit.Register[*BlockVerdict](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindChain}, To: []string{KindBlocks, KindMinter},
		Doc: "what became of a block",
	})
	_ = kit.Register[*BlockTurnedBad](kit.Message{
		Lane: kit.Control, Full: kit.Shed, Role: kit.Event, From: []string{KindChain}, To: []string{KindBlocks},
		Doc: "a block that was stored is bad after all",
	})
	_ = kit.Register[*ChainCommand](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work,
		From: []string{KindOutside}, To: []string{KindChain},
		Reply: "*Done", Doc: "invalidate, reconsider or prefer a block",
	})
	_ = kit.Register[*FlushCoins](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work,
		From: []string{KindOutside}, To: []string{KindChain},
		Reply: "*Done", Doc: "write the coins of the published tip",
	})
	_ = kit.Register[*TipChanged](kit.Message{
		Lane: kit.Control, Full: kit.Conflate, Role: kit.Event,
		From: []string{KindChain}, To: []string{KindMempool, KindHeaders, KindBlocks, KindMinter, KindConn, KindTxIndex, KindNotify, KindRPC, KindObserver},
		Doc: "the board has another tip",
	})
	_ = kit.Register[*HeaderChanged](kit.Message{
		Lane: kit.Control, Full: kit.Conflate, Role: kit.Event,
		From: []string{KindChain}, To: []string{KindBlocks, KindHeaders, KindNotify},
		Doc: "the board has another best header",
	})
)
