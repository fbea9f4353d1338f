package consensus

import "math"

// BlockWork is how many hashes a block with these bits takes on average:
// 2^256 / (target + 1), computed within 256 bits. Bits that are no target are
// worth nothing (Core's GetBlockProof).
func BlockWork(compact uint32) Work {
	target, negative, overflow := TargetFromBits(compact)
	if negative || overflow || target.IsZero() {
		return Work{}
	}
	one := Uint256{1}
	inverse := Uint256{^target[0], ^target[1], ^target[2], ^target[3]}
	return inverse.Div(target.Add(one)).Add(one)
}

// ProofEquivalentTime is how many seconds the work between two blocks takes at
// the rate of a tip with tipBits: negative when to has less work than from
// (Core's GetBlockProofEquivalentTime).
func ProofEquivalentTime(to, from Work, tipBits uint32, p *Params) int64 {
	sign := int64(1)
	diff := to.Sub(from)
	if !from.Less(to) {
		diff, sign = from.Sub(to), -1
	}
	rate := BlockWork(tipBits)
	if rate.IsZero() {
		return sign * math.MaxInt64
	}
	seconds := diff.MulUint64(uint64(p.TargetSpacing)).Div(rate)
	if seconds.BitLen() > 63 {
		return sign * math.MaxInt64
	}
	return sign * int64(seconds[0])
}
