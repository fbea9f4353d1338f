package mempool

import "math"

// rollingHalfLife is how fast the raised minimum falls again, in seconds
// (Core's ROLLING_FEE_HALFLIFE): faster while the pool has room.
const rollingHalfLife = 60 * 60 * 12

// rollingFee is the feerate that the last eviction has shown to be needed.
type rollingFee struct {
	rate       float64 // satoshis per kvB
	at         int64   // when it was last computed, seconds since 1970
	blockSince bool    // it falls only after a block
}

func (r *rollingFee) raise(rate float64) {
	if rate > r.rate {
		r.rate, r.blockSince = rate, false
	}
}

// block lets the feerate fall from now on.
func (r *rollingFee) block(now int64) { r.at, r.blockSince = now, true }

// rollingMin is Core's GetMinFee: what eviction asks for, in satoshis per kvB; 0
// while it asks for nothing.
func (p *Pool) rollingMin(now int64) int64 {
	r := &p.rolling
	if r.rate == 0 || !r.blockSince {
		return int64(math.Round(r.rate))
	}
	if now > r.at+10 {
		halfLife := float64(rollingHalfLife)
		switch {
		case p.usage < p.policy.MaxBytes/4:
			halfLife /= 4
		case p.usage < p.policy.MaxBytes/2:
			halfLife /= 2
		}
		r.rate /= math.Pow(2, float64(now-r.at)/halfLife)
		r.at = now
		if r.rate < float64(p.policy.IncrementalFee)/2 {
			r.rate = 0
			return 0
		}
	}
	return max(int64(math.Round(r.rate)), p.policy.IncrementalFee)
}

// minFee is the feerate that a newcomer must pay, in satoshis per kvB.
func (p *Pool) minFee(now int64) int64 { return max(p.rollingMin(now), p.policy.MinRelayFee) }
