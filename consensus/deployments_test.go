package consensus_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/consensus"
)

const (
	signal  = consensus.VersionBitsTop | 1<<28
	silence = consensus.VersionBitsTop
	window  = 144
)

// windows makes a regtest chain: one number a window says how many of its
// blocks signal for testdummy. Blocks are a second apart.
func windows(p *consensus.Params, signals ...int) *chainBuilder {
	c := &chainBuilder{}
	h := p.Genesis.Header
	h.Version = silence
	for i, n := range signals {
		for j := range window {
			if i > 0 || j > 0 {
				h.Time++
			}
			h.Version = silence
			if j < n {
				h.Version = signal
			}
			c.add(h)
		}
	}
	return c
}

func TestADeploymentMovesThroughItsStates(t *testing.T) {
	const (
		d, s, l, a, f = consensus.Defined, consensus.Started, consensus.LockedIn, consensus.Active, consensus.Failed
	)
	rows := []struct {
		what    string
		params  string
		signals []int
		want    []consensus.ThresholdState // of the window behind each
	}{
		{"it starts, locks in and is active", "testdummy:0:9999999999", []int{0, 108, 0, 0}, []consensus.ThresholdState{s, l, a, a}},
		{"one signal too few", "testdummy:0:9999999999", []int{0, 107, 144, 0}, []consensus.ThresholdState{s, s, l, a}},
		{"signals before the start do not count", "testdummy:0:9999999999", []int{144, 0}, []consensus.ThresholdState{s, s}},
		{"it waits for its start", "testdummy:1296688900:9999999999", []int{144, 144, 144, 144}, []consensus.ThresholdState{d, d, s, l}},
		{"it times out", "testdummy:0:1296688800", []int{0, 0, 0, 144}, []consensus.ThresholdState{s, f, f, f}},
		{"the last signals win over the timeout", "testdummy:0:1296688800", []int{0, 108, 0}, []consensus.ThresholdState{s, l, a}},
		{"it waits for its height", "testdummy:0:9999999999:576", []int{0, 144, 0, 0}, []consensus.ThresholdState{s, l, l, a}},
		{"always", "testdummy:-1:0", []int{0}, []consensus.ThresholdState{a}},
		{"never", "testdummy:-2:0", []int{144, 144}, []consensus.ThresholdState{f, f}},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			p := params(t, "regtest", consensus.WithVersionBits(row.params))
			c := windows(p, row.signals...)
			cache := consensus.NewDeploymentCache()
			for i, want := range row.want {
				end := c.nodes[window*(i+1)-1]
				if got := consensus.DeploymentState(consensus.TestDummy, end, p, cache); got != want {
					t.Errorf("behind window %d it is %v, want %v", i, got, want)
				}
				// Within a window nothing changes.
				if i > 0 {
					before := c.nodes[window*(i+1)-2]
					if got := consensus.DeploymentState(consensus.TestDummy, before, p, nil); got != row.want[i-1] {
						t.Errorf("in window %d it is %v, want %v", i, got, row.want[i-1])
					}
				}
			}
		})
	}
}

func TestADeploymentKnowsSinceWhenItIsInItsState(t *testing.T) {
	p := params(t, "regtest")
	c := windows(p, 0, 50, 108, 0, 0, 0)
	for height, want := range map[int]int32{0: 0, 142: 0, 143: 144, 300: 144, 431: 432, 574: 432, 575: 576, 863: 576} {
		if got := consensus.DeploymentSince(consensus.TestDummy, c.nodes[height], p, nil); got != want {
			t.Errorf("above height %d since %d, want %d", height, got, want)
		}
	}
	if got := consensus.DeploymentSince(consensus.Taproot, c.tip(), p, nil); got != 0 {
		t.Errorf("taproot since %d", got)
	}
	if got := consensus.DeploymentSince(consensus.TestDummy, nil, p, nil); got != 0 {
		t.Errorf("before any block since %d", got)
	}
}

func TestStatisticsCountTheWindowUpToTheBlock(t *testing.T) {
	p := params(t, "regtest")
	c := windows(p, 0, 40)
	rows := []struct {
		height         int
		elapsed, count int32
		possible       bool
	}{
		{143, 144, 0, false}, {144, 1, 1, true}, {183, 40, 40, true}, {184, 41, 40, true}, {219, 76, 40, true},
		{220, 77, 40, false}, {287, 144, 40, false},
	}
	for _, row := range rows {
		s := consensus.DeploymentStatistics(consensus.TestDummy, c.nodes[row.height], p)
		if s.Elapsed != row.elapsed || s.Count != row.count || s.Possible != row.possible || s.Window != window || s.Threshold != 108 {
			t.Errorf("at %d: %+v", row.height, s)
		}
		if len(s.Signals) != int(row.elapsed) {
			t.Errorf("at %d: signals of %d blocks", row.height, len(s.Signals))
		}
		for i, yes := range s.Signals {
			if yes != (row.height >= 144 && i < 40) {
				t.Errorf("at %d: block %d of the window signals: %v", row.height, i, yes)
			}
		}
	}
	if s := consensus.DeploymentStatistics(consensus.TestDummy, nil, p); s.Window != window || s.Elapsed != 0 {
		t.Errorf("before any block: %+v", s)
	}
}

func TestAMinerSignalsWhileADeploymentIsStartedOrLockedIn(t *testing.T) {
	p := params(t, "regtest")
	c := windows(p, 0, 108, 0, 0)
	for height, want := range map[int]int32{142: silence, 143: signal, 286: signal, 287: signal, 430: signal, 431: silence} {
		if got := consensus.BlockVersion(c.nodes[height], p, nil); got != want {
			t.Errorf("above %d: version %08x, want %08x", height, got, want)
		}
	}
}

func TestBitsNobodyKnowsAreNoticed(t *testing.T) {
	p := params(t, "regtest")
	c := &chainBuilder{}
	h := p.Genesis.Header
	for i := range 4 * window {
		h.Time++
		h.Version = silence
		if i/window == 1 {
			h.Version |= 1 << 5
		}
		c.add(h)
	}
	lockedIn, active := consensus.UnknownDeployments(c.nodes[2*window-1], p, nil)
	if !slices.Equal(lockedIn, []int{5}) || len(active) > 0 {
		t.Errorf("behind the second window: %v locked in, %v active", lockedIn, active)
	}
	lockedIn, active = consensus.UnknownDeployments(c.nodes[3*window-1], p, consensus.NewDeploymentCache())
	if len(lockedIn) > 0 || !slices.Equal(active, []int{5}) {
		t.Errorf("behind the third window: %v locked in, %v active", lockedIn, active)
	}
}

func TestACacheDoesNotChangeTheAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := consensus.ParamsFor("regtest", consensus.WithVersionBits("testdummy:1296688700:1296689500:700"))
		if err != nil {
			t.Fatal(err)
		}
		c := windows(p, rapid.SliceOfN(rapid.SampledFrom([]int{0, 107, 108, 144}), 1, 8).Draw(t, "signals")...)
		cache := consensus.NewDeploymentCache()
		for range 20 {
			at := c.nodes[rapid.IntRange(0, len(c.nodes)-1).Draw(t, "height")]
			if got, want := consensus.DeploymentState(consensus.TestDummy, at, p, cache), consensus.DeploymentState(consensus.TestDummy, at, p, nil); got != want {
				t.Fatalf("at %d the cache says %v, not %v", at.Height(), got, want)
			}
		}
	})
}
