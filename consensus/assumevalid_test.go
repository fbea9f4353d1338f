package consensus_test

import (
	"math"
	"testing"

	"github.com/troupe-node/troupe/consensus"
)

func TestScriptsAreSkippedOnlyDeepBelowAnAssumedBlock(t *testing.T) {
	// Two weeks of work are 2016 blocks at ten minutes.
	p := params(t, "regtest", consensus.WithMinimumChainWork(consensus.Work{2 * 3000}))
	c := chainOf(p, 3000, 600, 4)
	fork := &chainBuilder{nodes: append([]*node(nil), c.nodes[:100]...)}
	h := c.nodes[99].header
	for range 3000 {
		h.Time += 601
		fork.add(h)
	}
	at := func(n *node) consensus.Chainwork { return consensus.Chainwork{Header: n, Work: n.work()} }
	poor := params(t, "regtest", consensus.WithMinimumChainWork(consensus.Work{2 * 4000}))
	rows := []struct {
		what    string
		p       *consensus.Params
		block   *node
		assumed *node
		best    *node
		want    bool
	}{
		{"deep below both", p, c.nodes[500], c.nodes[2900], c.tip(), true},
		{"the assumed block itself", p, c.nodes[500], c.nodes[500], c.tip(), true},
		{"2016 blocks deep: two weeks are not over", p, c.nodes[3000-2016], c.nodes[2900], c.tip(), false},
		{"2017 blocks deep", p, c.nodes[3000-2017], c.nodes[2900], c.tip(), true},
		{"above the assumed block", p, c.nodes[501], c.nodes[500], c.tip(), false},
		{"the assumed block is on another fork", p, c.nodes[500], fork.nodes[2900], c.tip(), false},
		{"the best header is on another fork", p, c.nodes[500], c.nodes[2900], fork.tip(), false},
		{"below the fork all agree", p, c.nodes[50], fork.nodes[2900], c.tip(), true},
		{"the best header has too little work", poor, c.nodes[500], c.nodes[2900], c.tip(), false},
		{"the best header is at the assumed block", p, c.nodes[100], c.nodes[3000], c.nodes[3000], true},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			if got := consensus.ScriptsAssumedValid(at(row.block), row.assumed, at(row.best), row.p); got != row.want {
				t.Errorf("assumed valid: %v", got)
			}
		})
	}
	if consensus.ScriptsAssumedValid(at(c.nodes[5]), nil, at(c.tip()), p) {
		t.Error("an unknown assumed block skips scripts")
	}
}

func TestWorkBetweenTwoBlocksIsATime(t *testing.T) {
	p := params(t, "main")
	bits := uint32(0x1d00ffff)
	one := consensus.BlockWork(bits)
	if got := consensus.ProofEquivalentTime(one.MulUint64(10), one.MulUint64(3), bits, p); got != 7*600 {
		t.Errorf("seven blocks take %d seconds", got)
	}
	if got := consensus.ProofEquivalentTime(one.MulUint64(3), one.MulUint64(10), bits, p); got != -7*600 {
		t.Errorf("seven blocks back take %d seconds", got)
	}
	if got := consensus.ProofEquivalentTime(consensus.Work{0, 0, 0, 1}, consensus.Work{}, 0x207fffff, p); got != math.MaxInt64 {
		t.Errorf("too long a time is %d", got)
	}
}

func TestHeadersNeedAboutTheWorkOfOurTip(t *testing.T) {
	p := params(t, "regtest", consensus.WithMinimumChainWork(consensus.Work{100}))
	c := chainOf(p, 400, 600, 4)
	at := func(n *node) consensus.Chainwork { return consensus.Chainwork{Header: n, Work: n.work()} }
	rows := []struct {
		what string
		tip  consensus.Chainwork
		want uint64
	}{
		{"no tip", consensus.Chainwork{}, 100},
		{"a short chain", at(c.nodes[100]), 100},
		{"144 blocks below a long one", at(c.nodes[400]), 2 * (401 - 144)},
	}
	for _, row := range rows {
		if got := consensus.HeaderWorkThreshold(row.tip, p); got != (consensus.Work{row.want}) {
			t.Errorf("%s: %s, want %d", row.what, got, row.want)
		}
	}
	if !p.HasMinimumWork(consensus.Work{100}) || p.HasMinimumWork(consensus.Work{99}) {
		t.Error("the minimum work is not the least that is enough")
	}
}
