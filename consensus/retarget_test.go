package consensus_test

import (
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// sparse is a chain of which only two headers matter: the last of a period
// and the first.
type sparse struct {
	height      int32
	time, first uint32
	bits, early uint32
}

func (s sparse) Height() int32              { return s.height }
func (s sparse) Hash() tx.Hash              { return tx.Hash{} }
func (s sparse) Version() int32             { return 4 }
func (s sparse) Time() uint32               { return s.time }
func (s sparse) Bits() uint32               { return s.bits }
func (s sparse) Parent() consensus.Ancestry { return s.Ancestor(s.height - 1) }
func (s sparse) Ancestor(h int32) consensus.Ancestry {
	if h == s.height-2015 {
		return sparse{height: h, time: s.first, bits: s.early}
	}
	return sparse{height: h, time: s.time, bits: s.bits}
}

// The first four rows are those of Core's pow_tests.
func TestRetargetingFollowsThePeriod(t *testing.T) {
	main, testnet4 := params(t, "main"), params(t, "testnet4")
	rows := []struct {
		what string
		p    *consensus.Params
		last sparse
		want uint32
	}{
		{"a faster period", main, sparse{32255, 1262152739, 1261130161, 0x1d00ffff, 0x1d00ffff}, 0x1d00d86a},
		{"the limit of easiness", main, sparse{2015, 1233061996, 1231006505, 0x1d00ffff, 0x1d00ffff}, 0x1d00ffff},
		{"at most four times harder", main, sparse{68543, 1279297671, 1279008237, 0x1c05a3f4, 0x1c05a3f4}, 0x1c0168fd},
		{"at most four times easier", main, sparse{46367, 1269211443, 1263163443, 0x1c387f6f, 0x1c387f6f}, 0x1d00e1fd},
		{"BIP94 starts from the period's first block", testnet4, sparse{4031, 1_700_000_000 + twoWeeks, 1_700_000_000, 0x1d00ffff, 0x1c05a3f4}, 0x1c05a3f4},
		{"without BIP94 from its last", main, sparse{4031, 1_700_000_000 + twoWeeks, 1_700_000_000, 0x1c05a3f4, 0x1d00ffff}, 0x1c05a3f4},
		{"a period that ends before it began counts as the shortest", main, sparse{4031, 1_699_000_000, 1_700_000_000, 0x1c05a3f4, 0x1c05a3f4}, 0x1c0168fd},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			got := consensus.NextWorkRequired(row.last, row.last.time+600, row.p)
			if got != row.want {
				t.Errorf("next bits are %08x, want %08x", got, row.want)
			}
			if !consensus.PermittedTransition(row.last.height+1, row.last.bits, got, main) && row.p == main {
				t.Error("the transition is not permitted")
			}
		})
	}
}

const twoWeeks = 14 * 24 * 60 * 60

// The rows are those of Core's pow_tests.
func TestTransitionsBeyondTheBoundsAreNotPermitted(t *testing.T) {
	main := params(t, "main")
	rows := []struct {
		what     string
		height   int32
		old, new uint32
		want     bool
	}{
		{"the hardest", 68544, 0x1c05a3f4, 0x1c0168fd, true},
		{"harder than that", 68544, 0x1c05a3f4, 0x1c0168fc, false},
		{"the easiest", 46368, 0x1c387f6f, 0x1d00e1fd, true},
		{"easier than that", 46368, 0x1c387f6f, 0x1d00e1fe, false},
		{"a change within a period", 46369, 0x1c387f6f, 0x1c387f70, false},
		{"none within a period", 46369, 0x1c387f6f, 0x1c387f6f, true},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			if got := consensus.PermittedTransition(row.height, row.old, row.new, main); got != row.want {
				t.Errorf("permitted: %v", got)
			}
		})
	}
	if !consensus.PermittedTransition(46369, 0x1c387f6f, 0x1d00ffff, params(t, "test")) {
		t.Error("test networks permit everything")
	}
}

func TestALateBlockOfATestNetworkMayBeEasyAndTheNextReturns(t *testing.T) {
	const hard, easy = 0x1c05a3f4, 0x1d00ffff
	p := params(t, "test")
	var c chainBuilder
	h := tx.Header{Version: 4, Time: 1_700_000_000, Bits: hard}
	c.add(h) // a genesis block whose bits are not the limit
	next := func(after, bits uint32) {
		h.Time += after
		h.Bits = bits
		c.add(h)
	}
	check := func(what string, after uint32, want uint32) {
		t.Helper()
		if got := consensus.NextWorkRequired(c.tip(), h.Time+after, p); got != want {
			t.Errorf("%s: %08x, want %08x", what, got, want)
		}
	}
	next(600, hard)
	check("in time", 1200, hard)
	check("a second late", 1201, easy)
	next(1201, easy)
	next(1201, easy)
	check("in time after two easy ones", 600, hard)
	check("late once more", 1201, easy)
	// A period that begins easy stays so: nobody looks beyond its first block.
	for len(c.nodes) < 2016 {
		next(600, hard)
	}
	next(1201, easy)
	next(1201, easy)
	check("after a period that begins easy", 600, easy)
	// On main net being late changes nothing.
	if got := consensus.NextWorkRequired(c.nodes[5], c.nodes[5].Time()+100_000, params(t, "main")); got != hard {
		t.Errorf("main net: %08x", got)
	}
}

func TestRegtestNeverRetargets(t *testing.T) {
	p := params(t, "regtest")
	chain := chainOf(p, 143, 1, 4)
	if got := consensus.NextWorkRequired(chain.tip(), chain.tip().Time()+1, p); got != 0x207fffff {
		t.Errorf("bits at the end of a fast period: %08x", got)
	}
}

func TestTheSubsidyHalvesUntilNothingIsLeft(t *testing.T) {
	p := params(t, "main")
	rows := []struct {
		height int32
		want   int64
	}{
		{0, 50_0000_0000}, {209_999, 50_0000_0000}, {210_000, 25_0000_0000}, {840_000, 3_1250_0000},
		{210_000*33 - 1, 1}, {210_000 * 33, 0}, {210_000 * 64, 0}, {0x7fffffff, 0},
	}
	for _, row := range rows {
		if got := consensus.Subsidy(row.height, p); got != row.want {
			t.Errorf("subsidy at %d is %d, want %d", row.height, got, row.want)
		}
	}
	total := int64(0)
	for era := int32(0); era < 70; era++ {
		total += consensus.Subsidy(era*210_000, p) * 210_000
	}
	if total != 2_099_999_997_690_000 {
		t.Errorf("all money there will be: %d satoshis", total)
	}
	if got := consensus.Subsidy(150, params(t, "regtest")); got != 25_0000_0000 {
		t.Errorf("regtest's subsidy at 150 is %d", got)
	}
}
