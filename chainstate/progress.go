package chainstate

import "github.com/troupe-node/troupe/consensus"

// Progress estimates how much of the chain's transactions are verified, from 0
// to 1, as Core does: the number of transactions that the parameters know of,
// and a constant rate since. now is in seconds since 1970.
func (s *Snapshot) Progress(now int64) float64 {
	stats, done := s.params.TxStats, float64(s.tip.ChainTxs())
	if done == 0 {
		return 0
	}
	var total float64
	if done <= float64(stats.Count) {
		total = float64(stats.Count) + float64(now-stats.Time)*stats.PerSecs
	} else {
		total = done + float64(now-int64(s.tip.time))*stats.PerSecs
	}
	if total <= done {
		return 1
	}
	return done / total
}

// DeploymentInfo is what getdeploymentinfo says about one rule change.
type DeploymentInfo struct {
	Name   string
	Buried bool
	// Height is the first block bound by it, -1 while unknown.
	Height int32
	Active bool
	BIP9   *BIP9Info // of a deployment that miners signal for
}

// BIP9Info is the state of signalling.
type BIP9Info struct {
	consensus.Deployment
	State, Next consensus.ThresholdState // for the block itself, and for the one after it
	Since       int32
	// Stats counts the window under way; nil unless Started or LockedIn.
	Stats *consensus.DeploymentStats
}

// Deployments lists the rule changes as they stand for the block after at.
func (s *Snapshot) Deployments(at *Node) []DeploymentInfo {
	var list []DeploymentInfo
	for _, b := range consensus.BuriedDeployments() {
		h := s.params.ActivationHeight(b)
		list = append(list, DeploymentInfo{Name: b.String(), Buried: true, Height: h, Active: s.params.ActiveAt(b, at.height+1)})
	}
	for id := range consensus.DeploymentCount {
		list = append(list, s.signalled(id, at))
	}
	return list
}

func (s *Snapshot) signalled(id consensus.DeploymentID, at *Node) DeploymentInfo {
	cache := consensus.NewDeploymentCache()
	info := &BIP9Info{
		Deployment: s.params.Deployments[id],
		State:      consensus.DeploymentState(id, at.Parent(), s.params, cache),
		Next:       consensus.DeploymentState(id, at, s.params, cache),
		Since:      consensus.DeploymentSince(id, at.Parent(), s.params, cache),
	}
	if info.State == consensus.Started || info.State == consensus.LockedIn {
		stats := consensus.DeploymentStatistics(id, at, s.params)
		info.Stats = &stats
	}
	d := DeploymentInfo{Name: info.Name, Height: -1, Active: info.Next == consensus.Active, BIP9: info}
	if d.Active {
		d.Height = consensus.DeploymentSince(id, at, s.params, cache)
	}
	return d
}
