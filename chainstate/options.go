package chainstate

import (
	"github.com/troupe-node/troupe/consensus"
)

// Options bound what the machine holds in memory and how far it runs ahead.
// The zero value of a field means its default.
type Options struct {
	// CacheBytes bounds the coin cache (-dbcache).
	CacheBytes int
	// AheadBlocks and AheadInputs bound the blocks whose coins are applied
	// while their scripts are still being verified. One block is always let in.
	AheadBlocks, AheadInputs int
	// BatchInputs is about how many inputs one verification batch has.
	BatchInputs int
	// BodyBytes bounds the bodies kept in memory after they were stored.
	BodyBytes int
	// StepCoins is after how many coin changes a call returns with Ready.More.
	StepCoins int
	// LayerBytes bounds the coins kept for readers between two commits while
	// the node is catching up.
	LayerBytes int
	// ReorgCoins is after how many coin changes a reorganisation that is
	// already better than the published tip is published without waiting for
	// its end.
	ReorgCoins int
	// FlushSeconds is how long connected blocks wait for a commit while the
	// node is catching up, IdleSeconds when no block came in the meantime.
	FlushSeconds, IdleSeconds int64
	// MaxTipAge is how old, in seconds, the tip may be for the initial download
	// to count as finished (-maxtipage).
	MaxTipAge int64
	// LoadAbove is how many coins may be missing in memory for the machine to
	// read them itself. With more, and for bodies, it asks for a Load. A
	// negative number means that it reads everything itself.
	LoadAbove int
}

// Core's numbers where it has them.
const (
	defaultCacheBytes   = 450 << 20
	defaultAheadBlocks  = 16
	defaultAheadInputs  = 20_000
	defaultBatchInputs  = 64
	defaultBodyBytes    = 32 << 20
	defaultStepCoins    = 6_000
	defaultLayerBytes   = 16 << 20
	defaultReorgCoins   = 4_000_000
	defaultFlushSeconds = 60
	defaultIdleSeconds  = 2
	defaultMaxTipAge    = 24 * 60 * 60
	defaultLoadAbove    = 64
	// maxAheadUnrequested is how far above the tip a block that nobody asked
	// for may be (Core's MIN_BLOCKS_TO_KEEP).
	maxAheadUnrequested = 288
	// keepBlocks below the tip are never pruned, for reorganisations and for
	// peers (Core's MIN_BLOCKS_TO_KEEP).
	keepBlocks = 288
)

func (o Options) withDefaults() Options {
	fill := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	fill64 := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	fill(&o.CacheBytes, defaultCacheBytes)
	fill(&o.AheadBlocks, defaultAheadBlocks)
	fill(&o.AheadInputs, defaultAheadInputs)
	fill(&o.BatchInputs, defaultBatchInputs)
	fill(&o.BodyBytes, defaultBodyBytes)
	fill(&o.StepCoins, defaultStepCoins)
	fill(&o.LayerBytes, defaultLayerBytes)
	fill(&o.ReorgCoins, defaultReorgCoins)
	fill64(&o.FlushSeconds, defaultFlushSeconds)
	fill64(&o.IdleSeconds, defaultIdleSeconds)
	fill64(&o.MaxTipAge, defaultMaxTipAge)
	fill(&o.LoadAbove, defaultLoadAbove)
	return o
}

// internalError wraps what the store said: never a verdict about a block.
type internalError struct {
	what string
	err  error
}

func (e *internalError) Error() string { return e.what + ": " + e.err.Error() }
func (e *internalError) Unwrap() error { return e.err }

func reject(kind consensus.Kind, result consensus.Result, debug string) error {
	return consensus.Reject(kind, result, debug)
}
