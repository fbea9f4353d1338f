package consensus

import "github.com/troupe-node/troupe/tx"

// Ancestry is a header that was accepted, and through it all headers before
// it. Whoever keeps the header tree implements it.
type Ancestry interface {
	Height() int32
	Hash() tx.Hash
	Version() int32
	Time() uint32 // seconds since 1970
	Bits() uint32
	// Parent is the header before, or a nil interface for a genesis block.
	Parent() Ancestry
	// Ancestor is the header at a height at or below this one's, or a nil
	// interface for a negative or higher one.
	Ancestor(height int32) Ancestry
}

// medianTimeSpan is how many headers the median time past looks at.
const medianTimeSpan = 11

// MedianTimePast is the median of the times of the header and the ten before
// it, or of as many as there are. It never goes back along a chain.
func MedianTimePast(a Ancestry) int64 {
	var times [medianTimeSpan]uint32
	n := 0
	for ; n < medianTimeSpan && a != nil; n++ {
		t := a.Time()
		i := n
		for ; i > 0 && times[i-1] > t; i-- {
			times[i] = times[i-1]
		}
		times[i] = t
		a = a.Parent()
	}
	return int64(times[n/2])
}

// nextHeight is the height of a block on top of prev.
func nextHeight(prev Ancestry) int32 {
	if prev == nil {
		return 0
	}
	return prev.Height() + 1
}
