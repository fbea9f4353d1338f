package msg

import (
	"testing"
	"time"
)

func TestTheUploadTargetKeepsRoomForNewBlocks(t *testing.T) {
	noon := time.Unix(1_700_000_000, 0)
	const target = 800 << 20
	u := NewUpload(target)
	check := func(what string, now time.Time, reached, noHistory bool, bytes int64, left time.Duration) {
		t.Helper()
		if u.Reached() != reached || u.NoHistory(now) != noHistory {
			t.Errorf("%s: reached %v, no history %v", what, u.Reached(), u.NoHistory(now))
		}
		if b, d := u.Left(now); b != bytes || d != left {
			t.Errorf("%s: %d bytes and %v left, want %d and %v", what, b, d, bytes, left)
		}
	}
	check("at first", noon, false, false, target, UploadCycle)
	const kept = 144 * 4_000_000
	u.Sent(target-kept-1, noon)
	check("one byte before old blocks end", noon, false, false, kept+1, UploadCycle)
	u.Sent(1, noon)
	check("no more old blocks", noon, false, true, kept, UploadCycle)
	check("an hour on, less is kept", noon.Add(time.Hour), false, false, kept, 23*time.Hour)
	u.Sent(kept-1, noon.Add(time.Hour))
	check("nearly all", noon.Add(time.Hour), false, true, 1, 23*time.Hour)
	u.Sent(1, noon.Add(time.Hour))
	check("all", noon.Add(time.Hour), true, true, 0, 23*time.Hour)
	u.Sent(1000, noon.Add(UploadCycle))
	check("the day's last moment is of the day", noon.Add(UploadCycle), true, true, 0, 0)
	u.Sent(1000, noon.Add(UploadCycle+time.Second))
	check("the next day", noon.Add(UploadCycle+time.Second), false, false, target-1000, UploadCycle)
}

func TestATargetBelowADaysBlocksServesNoOldOnes(t *testing.T) {
	u := NewUpload(1 << 20)
	if now := time.Unix(1_700_000_000, 0); !u.NoHistory(now) || u.Reached() {
		t.Errorf("no history %v, reached %v", u.NoHistory(now), u.Reached())
	}
}

func TestWithoutATargetNothingIsCounted(t *testing.T) {
	var u Upload
	now := time.Unix(1_700_000_000, 0)
	u.Sent(1<<40, now)
	if b, d := u.Left(now); u.Reached() || u.NoHistory(now) || b != 0 || d != 0 {
		t.Errorf("reached %v, no history %v, %d bytes and %v left", u.Reached(), u.NoHistory(now), b, d)
	}
}
