package consensus

// Subsidy is how many satoshis the block at height may make out of nothing:
// 50 bitcoins, halved every [Params.SubsidyHalvingPeriod] blocks.
func Subsidy(height int32, p *Params) int64 {
	halvings := height / p.SubsidyHalvingPeriod
	if halvings >= 64 { // as in Core, where a shift by 64 is undefined
		return 0
	}
	return 50 * SatsPerCoin >> uint(halvings)
}
