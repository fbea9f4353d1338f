package consensus

import "math"

// BlockVersion is the version a miner gives the block on top of prev: it
// signals for every deployment that has started (Core's ComputeBlockVersion).
func BlockVersion(prev Ancestry, p *Params, cache *DeploymentCache) int32 {
	version := uint32(VersionBitsTop)
	for id := range DeploymentCount {
		switch DeploymentState(id, prev, p, cache) {
		case Started, LockedIn:
			version |= 1 << p.Deployments[id].Bit
		}
	}
	return int32(version)
}

// UnknownDeployments lists the bits by which miners have locked in or
// activated rules that we do not know, for the block on top of prev: a node
// that sees one should tell its owner to upgrade.
func UnknownDeployments(prev Ancestry, p *Params, cache *DeploymentCache) (lockedIn, active []int) {
	if cache == nil {
		cache = NewDeploymentCache()
	}
	for bit := range uint8(VersionBitsCount) {
		c := condition{
			key:       int(DeploymentCount) + int(bit),
			start:     0,
			timeout:   math.MaxInt64,
			threshold: p.RuleChangeThreshold,
			window:    p.MinerConfirmationWindow,
			quiet:     p.MinBIP9WarningHeight,
			signals: func(a Ancestry) bool {
				return a.Height() >= p.MinBIP9WarningHeight && signalsBit(a.Version(), bit) &&
					uint32(BlockVersion(a.Parent(), p, cache))>>bit&1 == 0
			},
		}
		switch c.state(prev, cache) {
		case LockedIn:
			lockedIn = append(lockedIn, int(bit))
		case Active:
			active = append(active, int(bit))
		}
	}
	return lockedIn, active
}
