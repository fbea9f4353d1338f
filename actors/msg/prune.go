package msg

import (
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/chainstate"
)

// PruneChain asks for bodies and undo data up to a height to be deleted
// (pruneblockchain). What is within 288 blocks of the tip stays. Sender: outside.
// Answer: *Done, once they are gone; the published tip's PruneHeight says how far
// that is. It takes as long as it takes: give the call minutes.
type PruneChain struct{ Height int32 }

// MeasureBodies asks how much room bodies and undo data take, and which of them
// to delete: all up to Height, and as many more from the bottom as it takes to
// stay under Limit, neither within 288 blocks of the tip. Sender: chain.
// Answer: *BodiesMeasured.
type MeasureBodies struct {
	Limit  int64 // bytes; 0: none
	Height int32 // 0: none
}

// BodiesMeasured answers MeasureBodies.
type BodiesMeasured struct {
	Usage  BodyUsage
	Old    []*chainstate.Node // to delete, lowest first
	Height int32              // as asked
	Err    error
}

// BodyUsage is the view of what bodies and undo data take. Owner: chain.
type BodyUsage struct {
	Bytes  int64
	Blocks int // with a body, undo data or both
}

var (
	_ = kit.Register[*PruneChain](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindChain},
		Reply: "*Done", Doc: "delete old bodies and undo data",
	})
	_ = kit.Register[*MeasureBodies](kit.Message{
		Lane: kit.Headers, Full: kit.Hold, Role: kit.Work, From: []string{KindChain}, To: []string{KindStore},
		Reply: "*BodiesMeasured", Doc: "how much room bodies take, and which are old",
	})
	_ = kit.Register[*BodiesMeasured](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindStore}, To: []string{KindChain}, Doc: "how much room bodies take",
	})
)
