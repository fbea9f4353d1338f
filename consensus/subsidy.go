package consensus

// Subsidy is how many satoshis the block at height may make out of nothing:
// 50 bitcoins, halved every [Params.SubsidyHalvingPeriod] blocks.
func Subsidy(height int32, p *Params) int64 {
	// A shift by 64 or more gives zero in Go; Core needs a case for it.
	return 50 * SatsPerCoin >> uint(height/p.SubsidyHalvingPeriod)
}
