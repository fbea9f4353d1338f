package conn

import (
	"math/rand/v2"
	"sort"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/wire"
)

// Core's AVG_FEEFILTER_BROADCAST_INTERVAL and MAX_FEEFILTER_CHANGE_DELAY.
const (
	feeFilterEvery  = 10 * time.Minute
	feeFilterChange = 5 * time.Minute
)

// feeFilter is what the peer was told of the fees that we ask for (BIP133).
type feeFilter struct {
	sent int64     // satoshis per kvB
	next time.Time // when it is due again
}

// feeSteps are the feerates that we may name: the pool's own one would tell us
// apart from others (Core's FeeFilterRounder).
var feeSteps = func() []int64 {
	const (
		least   = 500 // half of the least increment of a relay fee
		most    = 1e7
		spacing = 1.1
	)
	steps := []int64{0}
	for fee := float64(least); fee <= most; fee *= spacing {
		steps = append(steps, int64(fee))
	}
	return steps
}()

// catchingUp is what a node says that takes no transactions yet: the last step.
var catchingUp = feeSteps[len(feeSteps)-1]

// roundFee is one of the steps beside a feerate.
func roundFee(fee int64, r *rand.Rand) int64 {
	i := sort.Search(len(feeSteps), func(i int) bool { return feeSteps[i] >= fee })
	if i == len(feeSteps) || i > 0 && r.IntN(3) != 0 {
		i--
	}
	return feeSteps[i]
}

func (c *conn) onFeeFilter(m *wire.FeeFilter) {
	if m.FeePerKVB >= 0 && m.FeePerKVB <= maxMoney {
		c.peer.Stats.FeeFilter.Store(m.FeePerKVB)
		c.note("received: feefilter of %d sat/kvB from peer=%s", m.FeePerKVB, peerNumber(c.peer))
	}
}

// sendFeeFilter tells the peer below which feerate we are not interested: now and
// then, soon after it has changed much, and at once when we have caught up.
func (c *conn) sendFeeFilter(k *kit.Context) {
	f := &c.txs.filter
	if c.shake.version.Protocol < wire.VersionFeeFilter || c.peer.Type == msg.BlockRelay || c.node.BlocksOnly ||
		c.peer.Permissions.Has(permForceRelay) {
		return
	}
	now := k.Now()
	fee := int64(maxMoney)
	if !c.node.Board.Tip().InitialDownload() {
		fee = 0
		if pool := c.node.Board.Pool(); pool != nil && pool.MinFeePerKVB() > c.node.MinRelayFee {
			fee = pool.MinFeePerKVB()
		}
		if f.sent == catchingUp {
			f.next = time.Time{}
		}
	}
	switch {
	case now.After(f.next):
		if told := max(roundFee(fee, k.Rand()), c.node.MinRelayFee); told != f.sent {
			f.sent = told
			c.send(k, &wire.FeeFilter{FeePerKVB: told})
		}
		f.next = now.Add(time.Duration(k.Rand().ExpFloat64() * float64(feeFilterEvery)))
	case now.Add(feeFilterChange).Before(f.next) && (fee < 3*f.sent/4 || fee > 4*f.sent/3):
		f.next = now.Add(time.Duration(k.Rand().Int64N(int64(feeFilterChange))))
	}
}
