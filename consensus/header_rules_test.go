package consensus_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

func TestAHeaderInItsPlaceBreaksTheRuleItShould(t *testing.T) {
	regtest := params(t, "regtest")
	relaxed := params(t, "regtest", consensus.WithBIP94(false))
	old := params(t, "regtest", consensus.WithActivationHeight("bip34@10"),
		consensus.WithActivationHeight("dersig@20"), consensus.WithActivationHeight("cltv@30"))
	at := func(height int) *node { return chainOf(regtest, height-1, 600, 4).tip() }
	with := func(prev *node, change func(h *tx.Header)) *tx.Header {
		h := headerOn(prev)
		change(&h)
		return &h
	}
	const now = 1296688602 + 600*1000
	plain, period := at(50), at(144)
	mtp := consensus.MedianTimePast(plain)
	rows := []struct {
		what   string
		p      *consensus.Params
		prev   *node
		header *tx.Header
		want   consensus.Kind
		result consensus.Result
	}{
		{"a good header", regtest, plain, with(plain, func(h *tx.Header) {}), "", consensus.Valid},
		{"other bits", regtest, plain, with(plain, func(h *tx.Header) { h.Bits-- }), consensus.ErrBadDiffBits, consensus.HeaderInvalid},
		{"the median time past", regtest, plain, with(plain, func(h *tx.Header) { h.Time = uint32(mtp) }), consensus.ErrTimeTooOld, consensus.HeaderInvalid},
		{"a second after the median time past", regtest, plain, with(plain, func(h *tx.Header) { h.Time = uint32(mtp) + 1 }), "", consensus.Valid},
		{"two hours ahead of the clock", regtest, plain, with(plain, func(h *tx.Header) { h.Time = now + 7200 }), "", consensus.Valid},
		{"a second more", regtest, plain, with(plain, func(h *tx.Header) { h.Time = now + 7201 }), consensus.ErrTimeTooNew, consensus.TimeFuture},
		{"a period that begins 600 seconds early", regtest, period, with(period, func(h *tx.Header) { h.Time = period.Time() - 600 }), "", consensus.Valid},
		{"a period that begins 601 seconds early", regtest, period, with(period, func(h *tx.Header) { h.Time = period.Time() - 601 }), consensus.ErrTimeTimewarp, consensus.HeaderInvalid},
		{"the same without BIP94", relaxed, period, with(period, func(h *tx.Header) { h.Time = period.Time() - 601 }), "", consensus.Valid},
		{"601 seconds early within a period", regtest, plain, with(plain, func(h *tx.Header) { h.Time = plain.Time() - 601 }), "", consensus.Valid},
		{"version 1 before BIP34", old, at(9), with(at(9), func(h *tx.Header) { h.Version = 1 }), "", consensus.Valid},
		{"version 1 with BIP34", old, at(10), with(at(10), func(h *tx.Header) { h.Version = 1 }), consensus.ErrBadVersion, consensus.HeaderInvalid},
		{"version 2 before BIP66", old, at(19), with(at(19), func(h *tx.Header) { h.Version = 2 }), "", consensus.Valid},
		{"version 2 with BIP66", old, at(20), with(at(20), func(h *tx.Header) { h.Version = 2 }), consensus.ErrBadVersion, consensus.HeaderInvalid},
		{"version 3 before BIP65", old, at(29), with(at(29), func(h *tx.Header) { h.Version = 3 }), "", consensus.Valid},
		{"version 3 with BIP65", old, at(30), with(at(30), func(h *tx.Header) { h.Version = 3 }), consensus.ErrBadVersion, consensus.HeaderInvalid},
		{"a negative version", regtest, plain, with(plain, func(h *tx.Header) { h.Version = -1 }), consensus.ErrBadVersion, consensus.HeaderInvalid},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			wantRule(t, consensus.CheckHeaderContext(row.header, row.prev, now, row.p), row.want, row.result)
		})
	}
}

func TestTheRejectStringOfAVersionHasTheVersion(t *testing.T) {
	p := params(t, "regtest")
	prev := chainOf(p, 3, 600, 4).tip()
	for version, want := range map[int32]string{1: "bad-version(0x00000001)", -2: "bad-version(0xfffffffe)"} {
		h := headerOn(prev)
		h.Version = version
		err := consensus.CheckHeaderContext(&h, prev, int64(h.Time), p)
		rule, ok := err.(*consensus.RuleError)
		if !ok || rule.Reason() != want {
			t.Errorf("version %d is refused as %v, want %s", version, err, want)
		}
	}
}

func TestProofOfWorkNeedsAValidTargetAndAHashBelowIt(t *testing.T) {
	p := params(t, "main")
	limit := p.PowLimit.Compact()
	target, _, _ := consensus.TargetFromBits(limit)
	atTarget := hashOf(target)
	aboveTarget := hashOf(target.Add(consensus.Uint256{1}))
	rows := []struct {
		what string
		bits uint32
		hash tx.Hash
		ok   bool
	}{
		{"a hash at the target", limit, atTarget, true},
		{"a hash one above it", limit, aboveTarget, false},
		{"a target above the limit", limit + 1, tx.Hash{}, false},
		{"a negative target", 0x1d80ffff, tx.Hash{}, false},
		{"an overflowing target", 0xff123456, tx.Hash{}, false},
		{"a target of zero", 0, tx.Hash{}, false},
		{"the smallest target", 0x01010000, hashOf(consensus.Uint256{1}), true},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			err := consensus.CheckHeader(&tx.Header{Bits: row.bits}, row.hash, p)
			if row.ok {
				wantRule(t, err, "", consensus.Valid)
			} else {
				wantRule(t, err, consensus.ErrHighHash, consensus.HeaderInvalid)
			}
		})
	}
}

func hashOf(x consensus.Uint256) (h tx.Hash) {
	be := x.Bytes()
	slices.Reverse(be[:])
	return be
}

func TestMedianTimePastIsTheMedianOfTheLastEleven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c chainBuilder
		times := rapid.SliceOfN(rapid.Uint32(), 1, 30).Draw(t, "times")
		for _, at := range times {
			c.add(tx.Header{Time: at})
		}
		last := slices.Clone(times[max(0, len(times)-11):])
		slices.Sort(last)
		if got, want := consensus.MedianTimePast(c.tip()), int64(last[len(last)/2]); got != want {
			t.Fatalf("median of %v is %d, want %d", last, got, want)
		}
	})
}

func TestMedianTimePastNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c chainBuilder
		c.add(tx.Header{Time: rapid.Uint32Range(1000, 2000).Draw(t, "genesis")})
		for range 40 {
			before := consensus.MedianTimePast(c.tip())
			c.add(tx.Header{Time: uint32(before) + rapid.Uint32Range(1, 5000).Draw(t, "step")})
			if after := consensus.MedianTimePast(c.tip()); after < before {
				t.Fatalf("it went from %d to %d", before, after)
			}
		}
	})
}

func TestTheEarliestBlockTimeIsJustGoodEnough(t *testing.T) {
	p := params(t, "regtest")
	for _, height := range []int{0, 5, 142, 143, 144} {
		prev := chainOf(p, height, 3000, 4).tip()
		h := headerOn(prev)
		h.Time = uint32(consensus.MinimumBlockTime(prev, p))
		if err := consensus.CheckHeaderContext(&h, prev, int64(h.Time), p); err != nil {
			t.Errorf("on height %d: %v", height, err)
		}
		h.Time--
		if err := consensus.CheckHeaderContext(&h, prev, int64(h.Time), p); err == nil {
			t.Errorf("on height %d a second less is accepted", height)
		}
	}
}
