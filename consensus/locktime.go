package consensus

import "github.com/troupe-node/troupe/tx"

const (
	// LockTimeThreshold divides lock times: below are heights, from it on
	// seconds since 1970.
	LockTimeThreshold = 500_000_000

	// SequenceFinal switches an input's lock times off.
	SequenceFinal = 0xffffffff
	// SequenceLockDisabled in a sequence number switches BIP68 off for it.
	SequenceLockDisabled = 1 << 31
	// SequenceLockSeconds in a sequence number makes it count time, not blocks.
	SequenceLockSeconds = 1 << 22
	// SequenceLockMask are the bits of a sequence number that count.
	SequenceLockMask = 0xffff
	// SequenceLockGranularity is log2 of the seconds that one unit stands for.
	SequenceLockGranularity = 9
)

// IsFinal tells whether a transaction's lock time allows it in a block at
// height when time is the block's own or, with BIP113, the median time past.
func IsFinal(t *tx.Tx, height int32, time int64) bool {
	if t.LockTime == 0 {
		return true
	}
	cutoff := time
	if t.LockTime < LockTimeThreshold {
		cutoff = int64(height)
	}
	if int64(t.LockTime) < cutoff {
		return true
	}
	for i := range t.Inputs {
		if t.Inputs[i].Sequence != SequenceFinal {
			return false
		}
	}
	return true
}

// LockPoint is the last height and the last median time past at which a
// transaction is still locked by BIP68; -1 when nothing locks it.
type LockPoint struct {
	Height int32
	Time   int64
}

// SequenceLocks computes the lock point of a transaction in a block on top of
// prev. coins[i] is what input i spends; only its height matters, and a coin
// of an unconfirmed transaction counts as made in that block.
func SequenceLocks(t *tx.Tx, coins []Coin, prev Ancestry) LockPoint {
	lock := LockPoint{Height: -1, Time: -1}
	if t.Version < 2 {
		return lock
	}
	for i := range t.Inputs {
		seq := t.Inputs[i].Sequence
		if seq&SequenceLockDisabled != 0 {
			continue
		}
		units := int64(seq & SequenceLockMask)
		if seq&SequenceLockSeconds == 0 {
			// The last height still locked: hence minus one.
			lock.Height = max(lock.Height, coins[i].Height+int32(units)-1)
			continue
		}
		// Time runs from the median time past before the coin's block.
		from := prev.Ancestor(max(coins[i].Height-1, 0))
		lock.Time = max(lock.Time, MedianTimePast(from)+units<<SequenceLockGranularity-1)
	}
	return lock
}

// Satisfied tells whether the lock is over for a block at height on top of
// one whose median time past is mtp.
func (l LockPoint) Satisfied(height int32, mtp int64) bool {
	return l.Height < height && l.Time < mtp
}
