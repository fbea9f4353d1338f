package consensus

// assumedValidDepth is how many seconds of work must lie on a block before its
// scripts are skipped: whoever wants to fool a node that assumes an invalid
// block must burn two weeks of the network's work.
const assumedValidDepth = 60 * 60 * 24 * 7 * 2

// Chainwork is a header and the work of the chain up to it.
type Chainwork struct {
	Header Ancestry
	Work   Work
}

// ScriptsAssumedValid tells whether the scripts of block need no verification
// because somebody has reviewed a chain it belongs to (-assumevalid): it is an
// ancestor of the assumed block and of the best header, that header has the
// minimum work, and two weeks of work lie between. assumed is the header with
// the hash p.AssumeValid, nil while it is unknown or none is assumed.
func ScriptsAssumedValid(block Chainwork, assumed Ancestry, best Chainwork, p *Params) bool {
	if assumed == nil || best.Header == nil {
		return false
	}
	if !hasAncestor(assumed, block.Header) || !hasAncestor(best.Header, block.Header) ||
		!p.HasMinimumWork(best.Work) {
		return false
	}
	return ProofEquivalentTime(best.Work, block.Work, best.Header.Bits(), p) > assumedValidDepth
}

// hasAncestor tells whether ancestor is descendant or lies below it.
func hasAncestor(descendant, ancestor Ancestry) bool {
	a := descendant.Ancestor(ancestor.Height())
	return a != nil && a.Hash() == ancestor.Hash()
}

// HeaderWorkThreshold is the work that a chain of headers must reach before
// its headers are stored: the minimum, or our tip's less 144 blocks (Core's
// GetAntiDoSWorkThreshold).
func HeaderWorkThreshold(tip Chainwork, p *Params) Work {
	threshold := p.MinimumChainWork
	if tip.Header == nil {
		return threshold
	}
	buffer := BlockWork(tip.Header.Bits()).MulUint64(144)
	if buffer.Less(tip.Work) {
		if near := tip.Work.Sub(buffer); threshold.Less(near) {
			threshold = near
		}
	}
	return threshold
}
