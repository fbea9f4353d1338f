package consensus

// NextWorkRequired is the bits that a block with this time must carry on top
// of prev (Core's GetNextWorkRequired).
func NextWorkRequired(prev Ancestry, blockTime uint32, p *Params) uint32 {
	if prev == nil {
		return p.Genesis.Header.Bits
	}
	interval := p.RetargetInterval()
	if (prev.Height()+1)%interval == 0 {
		first := prev.Ancestor(prev.Height() - (interval - 1))
		return retarget(prev, first, p)
	}
	if !p.AllowMinDifficulty {
		return prev.Bits()
	}
	// Test networks: a block that took twice the spacing may be easy. The next
	// one returns to the last difficulty that was not that exception.
	limit := p.PowLimit.Compact()
	if int64(blockTime) > int64(prev.Time())+2*p.TargetSpacing {
		return limit
	}
	for a := prev; ; {
		parent := a.Parent()
		if parent == nil || a.Height()%interval == 0 || a.Bits() != limit {
			return a.Bits()
		}
		a = parent
	}
}

// retarget scales the period's target by how long the period took (Core's
// CalculateNextWorkRequired). Multiplication wraps as Core's does.
func retarget(last, first Ancestry, p *Params) uint32 {
	if p.NoRetargeting {
		return last.Bits()
	}
	timespan := int64(last.Time()) - int64(first.Time())
	timespan = min(max(timespan, p.TargetTimespan/4), p.TargetTimespan*4)
	base := last.Bits()
	if p.EnforceBIP94 {
		// The first block of a period may not use the easy exception, so that
		// it always has the real difficulty.
		base = first.Bits()
	}
	return scaleTarget(base, timespan, p).Compact()
}

func scaleTarget(bits uint32, timespan int64, p *Params) Uint256 {
	target, _, _ := TargetFromBits(bits)
	target = target.MulUint64(uint64(timespan)).Div(Uint256{uint64(p.TargetTimespan)})
	if p.PowLimit.Less(target) {
		return p.PowLimit
	}
	return target
}

// PermittedTransition tells whether a header at height could have newBits when
// its parent has oldBits, whatever their times are. It bounds what a peer can
// make us download before its headers prove their work (Core's
// PermittedDifficultyTransition).
func PermittedTransition(height int32, oldBits, newBits uint32, p *Params) bool {
	if p.AllowMinDifficulty {
		return true
	}
	if height%p.RetargetInterval() != 0 {
		return oldBits == newBits
	}
	observed, _, _ := TargetFromBits(newBits)
	easiest, _, _ := TargetFromBits(scaleTarget(oldBits, p.TargetTimespan*4, p).Compact())
	hardest, _, _ := TargetFromBits(scaleTarget(oldBits, p.TargetTimespan/4, p).Compact())
	return !easiest.Less(observed) && !observed.Less(hardest)
}
