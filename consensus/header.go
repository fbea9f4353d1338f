package consensus

import (
	"fmt"

	"github.com/troupe-node/troupe/tx"
)

// CheckHeader checks what a header shows by itself: that its hash, which the
// caller has at hand, is at or below its target.
func CheckHeader(h *tx.Header, hash tx.Hash, p *Params) error {
	target, ok := ValidTarget(h.Bits, p.PowLimit)
	if !ok || target.Less(Uint256FromHash(&hash)) {
		return Reject(ErrHighHash, HeaderInvalid, "proof of work failed")
	}
	return nil
}

// CheckHeaderContext checks a header against its ancestors and the local
// clock, now in seconds since 1970 (Core's ContextualCheckBlockHeader). Only
// the clock can make it pass later: that refusal's result is TimeFuture.
func CheckHeaderContext(h *tx.Header, prev Ancestry, now int64, p *Params) error {
	height := nextHeight(prev)
	if h.Bits != NextWorkRequired(prev, h.Time, p) {
		return Reject(ErrBadDiffBits, HeaderInvalid, "incorrect proof of work")
	}
	if prev != nil {
		if err := checkHeaderTime(h, height, prev, p); err != nil {
			return err
		}
	}
	if int64(h.Time) > now+MaxFutureBlockTime {
		return Reject(ErrTimeTooNew, TimeFuture, "block timestamp too far in the future")
	}
	if h.Version < 2 && p.ActiveAt(HeightInCoinbase, height) ||
		h.Version < 3 && p.ActiveAt(DERSig, height) ||
		h.Version < 4 && p.ActiveAt(CLTV, height) {
		return &RuleError{
			Kind:   ErrBadVersion,
			Result: HeaderInvalid,
			Detail: fmt.Sprintf("%s(0x%08x)", string(ErrBadVersion), uint32(h.Version)),
			Debug:  fmt.Sprintf("rejected nVersion=0x%08x block", uint32(h.Version)),
		}
	}
	return nil
}

func checkHeaderTime(h *tx.Header, height int32, prev Ancestry, p *Params) error {
	if int64(h.Time) <= MedianTimePast(prev) {
		return Reject(ErrTimeTooOld, HeaderInvalid, "block's timestamp is too early")
	}
	// BIP94: a period cannot be made to begin long before the last one ended,
	// which would let miners lower the difficulty at will.
	if p.EnforceBIP94 && height%p.RetargetInterval() == 0 &&
		int64(h.Time) < int64(prev.Time())-MaxTimewarp {
		return Reject(ErrTimeTimewarp, HeaderInvalid, "block's timestamp is too early on diff adjustment block")
	}
	return nil
}

// MinimumBlockTime is the earliest time a block on top of prev may carry. It
// keeps the distance of BIP94 on every chain, as Core's miner does, so that a
// block stays good should the rule come.
func MinimumBlockTime(prev Ancestry, p *Params) int64 {
	earliest := MedianTimePast(prev) + 1
	if (prev.Height()+1)%p.RetargetInterval() == 0 {
		earliest = max(earliest, int64(prev.Time())-MaxTimewarp)
	}
	return earliest
}
