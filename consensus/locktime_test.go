package consensus_test

import (
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

func TestSequenceNumbersLockATransactionAsBIP68Says(t *testing.T) {
	p := params(t, "regtest")
	prev := chainOf(p, 100, 600, 4).tip()
	const coinHeight = 90
	coinTime := consensus.MedianTimePast(prev.chain[coinHeight-1])
	rows := []struct {
		what      string
		version   uint32
		sequences []uint32
		height    int32
		time      int64
	}{
		{"version 1 has no locks", 1, []uint32{5}, -1, -1},
		{"the disable bit", 2, []uint32{consensus.SequenceLockDisabled | 5}, -1, -1},
		{"a final input", 2, []uint32{consensus.SequenceFinal}, -1, -1},
		{"no blocks at all", 2, []uint32{0}, coinHeight - 1, -1},
		{"five blocks", 2, []uint32{5}, coinHeight + 4, -1},
		{"bits that do not count", 2, []uint32{5 | 1<<16 | 1<<21}, coinHeight + 4, -1},
		{"no seconds at all", 2, []uint32{consensus.SequenceLockSeconds}, -1, coinTime - 1},
		{"two units of 512 seconds", 2, []uint32{consensus.SequenceLockSeconds | 2}, -1, coinTime + 1023},
		{"the longest of each kind", 2, []uint32{3, 5, consensus.SequenceLockSeconds | 1, consensus.SequenceLockSeconds | 2}, coinHeight + 4, coinTime + 1023},
		{"a version that would be negative is above 2", 0xffffffff, []uint32{5}, coinHeight + 4, -1},
		{"the most blocks", 2, []uint32{0xffff}, coinHeight + 0xfffe, -1},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			ins := make([]tx.Input, len(row.sequences))
			coins := make([]consensus.Coin, len(ins))
			for i, s := range row.sequences {
				ins[i] = tx.Input{PrevOut: tx.OutPoint{Hash: txid(1), Index: uint32(i)}, Sequence: s}
				coins[i].Height = coinHeight
			}
			got := consensus.SequenceLocks(tx.New(row.version, ins, nil, 0), coins, prev)
			if got.Height != row.height || got.Time != row.time {
				t.Errorf("locked until %+v, want height %d, time %d", got, row.height, row.time)
			}
			if !got.Satisfied(row.height+1, row.time+1) || got.Satisfied(row.height, row.time+1) || got.Satisfied(row.height+1, row.time) {
				t.Error("the lock does not end just behind its point")
			}
		})
	}
}

func TestATimeLockCountsFromTheBlockBeforeTheCoins(t *testing.T) {
	p := params(t, "regtest")
	prev := chainOf(p, 30, 600, 4).tip()
	lock := func(coinHeight int32) int64 {
		ins := []tx.Input{{Sequence: consensus.SequenceLockSeconds | 1}}
		return consensus.SequenceLocks(tx.New(2, ins, nil, 0), []consensus.Coin{{Height: coinHeight}}, prev).Time
	}
	for height, from := range map[int32]int32{0: 0, 1: 0, 2: 1, 31: 30 /* unconfirmed */} {
		if got, want := lock(height), consensus.MedianTimePast(prev.chain[from])+511; got != want {
			t.Errorf("a coin of height %d is locked until %d, want %d", height, got, want)
		}
	}
}

func TestALockTimeIsAHeightOrATime(t *testing.T) {
	const threshold = consensus.LockTimeThreshold
	rows := []struct {
		what          string
		lockTime, seq uint32
		height        int32
		time          int64
		final         bool
	}{
		{"none", 0, 0, 0, 0, true},
		{"a height that has passed", 100, 0, 101, 0, true},
		{"a height that is now", 100, 0, 100, 0, false},
		{"the highest height is not a time", threshold - 1, 0, 5, threshold + 5, false},
		{"the lowest time", threshold, 0, 5, threshold + 1, true},
		{"the lowest time, not passed", threshold, 0, 0x7fffffff, threshold, false},
		{"final inputs", 0xffffffff, consensus.SequenceFinal, 0, 0, true},
		{"almost final inputs", 0xffffffff, consensus.SequenceFinal - 1, 0, 0, false},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			spend := tx.New(2, []tx.Input{{Sequence: row.seq}}, nil, row.lockTime)
			if got := consensus.IsFinal(spend, row.height, row.time); got != row.final {
				t.Errorf("final: %v", got)
			}
		})
	}
}
