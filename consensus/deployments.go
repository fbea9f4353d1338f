package consensus

import "fmt"

// Bits of a header's version that BIP9 uses.
const (
	// VersionBitsTop is the value of the top bits in a version that signals.
	VersionBitsTop = 0x20000000
	// VersionBitsTopMask selects those bits.
	VersionBitsTopMask = 0xe0000000
	// VersionBitsCount is how many bits are left for signals.
	VersionBitsCount = 29
)

// ThresholdState is how far a deployment has come (BIP9).
type ThresholdState uint8

// The states, in the only order in which they follow each other; Failed
// follows Started.
const (
	Defined ThresholdState = iota
	Started
	LockedIn
	Active
	Failed
)

var stateNames = [...]string{"defined", "started", "locked_in", "active", "failed"}

// String is the name that getdeploymentinfo shows.
func (s ThresholdState) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// DeploymentCache remembers states at the ends of windows, so that a new tip
// costs one step. It belongs to one goroutine and one [Params]; nil works and
// remembers nothing between calls.
type DeploymentCache struct {
	states map[cacheKey]ThresholdState
}

type cacheKey struct {
	deployment int
	windowEnd  Ancestry // an Ancestry's dynamic type must be comparable: a pointer is
}

// NewDeploymentCache returns an empty cache.
func NewDeploymentCache() *DeploymentCache {
	return &DeploymentCache{states: make(map[cacheKey]ThresholdState)}
}

// condition is a deployment or something that looks like one.
type condition struct {
	key       int // in the cache
	start     int64
	timeout   int64
	minHeight int32
	signals   func(Ancestry) bool
	threshold int32
	window    int32
	quiet     int32 // windows that end below it have no signals, and need not be counted
}

func (p *Params) condition(id DeploymentID) condition {
	d := &p.Deployments[id]
	return condition{
		key:       int(id),
		start:     d.StartTime,
		timeout:   d.Timeout,
		minHeight: d.MinActivationHeight,
		signals:   func(a Ancestry) bool { return signalsBit(a.Version(), d.Bit) },
		threshold: p.RuleChangeThreshold,
		window:    p.MinerConfirmationWindow,
	}
}

func signalsBit(version int32, bit uint8) bool {
	return uint32(version)&VersionBitsTopMask == VersionBitsTop && uint32(version)>>bit&1 != 0
}

// DeploymentState is the state of a deployment for the block on top of prev.
func DeploymentState(id DeploymentID, prev Ancestry, p *Params, cache *DeploymentCache) ThresholdState {
	return p.condition(id).state(prev, cache)
}

// windowEnd is the last header at or below a that ends a window: a state
// changes only there. It is nil before the first.
func (c *condition) windowEnd(a Ancestry) Ancestry {
	if a == nil {
		return nil
	}
	return a.Ancestor(a.Height() - (a.Height()+1)%c.window)
}

func (c condition) state(prev Ancestry, cache *DeploymentCache) ThresholdState {
	switch c.start {
	case AlwaysActive:
		return Active
	case NeverActive:
		return Failed
	}
	if cache == nil {
		cache = NewDeploymentCache()
	}
	// Back in whole windows to one whose state is known.
	var unknown []Ancestry
	state := Defined
	end := c.windowEnd(prev)
	for ; end != nil; end = end.Ancestor(end.Height() - c.window) {
		known, ok := cache.states[cacheKey{c.key, end}]
		if ok {
			state = known
			break
		}
		if MedianTimePast(end) < c.start {
			cache.states[cacheKey{c.key, end}] = Defined // and so is all before
			break
		}
		unknown = append(unknown, end)
	}
	for i := len(unknown) - 1; i >= 0; i-- {
		state = c.next(state, unknown[i])
		cache.states[cacheKey{c.key, unknown[i]}] = state
	}
	return state
}

// next is the state of the window after the one that ends with end.
func (c *condition) next(state ThresholdState, end Ancestry) ThresholdState {
	switch state {
	case Defined:
		if MedianTimePast(end) >= c.start {
			return Started
		}
	case Started:
		if end.Height() >= c.quiet && c.count(end, c.window) >= c.threshold {
			return LockedIn
		}
		if MedianTimePast(end) >= c.timeout {
			return Failed
		}
	case LockedIn:
		if end.Height()+1 >= c.minHeight {
			return Active
		}
	}
	return state
}

// count is how many of the last n headers up to a signal.
func (c *condition) count(a Ancestry, n int32) int32 {
	count := int32(0)
	for ; n > 0 && a != nil; n-- {
		if c.signals(a) {
			count++
		}
		a = a.Parent()
	}
	return count
}

// DeploymentSince is the height of the first block that had the state which
// the block on top of prev has; zero if it always had.
func DeploymentSince(id DeploymentID, prev Ancestry, p *Params, cache *DeploymentCache) int32 {
	c := p.condition(id)
	if c.start == AlwaysActive || c.start == NeverActive {
		return 0
	}
	if cache == nil {
		cache = NewDeploymentCache()
	}
	state := c.state(prev, cache)
	if state == Defined {
		return 0
	}
	end := c.windowEnd(prev) // not nil: before the first window all is Defined
	for {
		before := end.Ancestor(end.Height() - c.window)
		if before == nil || c.state(before, cache) != state {
			return end.Height() + 1
		}
		end = before
	}
}

// DeploymentStats counts the signals in the window that a block is in.
type DeploymentStats struct {
	Window    int32 // blocks
	Threshold int32 // signals needed
	Elapsed   int32 // blocks so far
	Count     int32 // signals so far
	Possible  bool  // the threshold can still be met
	Signals   []bool
}

// DeploymentStatistics counts up to and including a.
func DeploymentStatistics(id DeploymentID, a Ancestry, p *Params) DeploymentStats {
	c := p.condition(id)
	s := DeploymentStats{Window: c.window, Threshold: c.threshold}
	if a == nil {
		return s
	}
	s.Elapsed = 1 + a.Height()%c.window
	s.Signals = make([]bool, s.Elapsed)
	for i := s.Elapsed - 1; i >= 0 && a != nil; i-- {
		if c.signals(a) {
			s.Signals[i] = true
			s.Count++
		}
		a = a.Parent()
	}
	s.Possible = c.window-c.threshold >= s.Elapsed-s.Count
	return s
}
