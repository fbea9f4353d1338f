package msg

import (
	"sync"
	"time"

	"github.com/troupe-node/troupe/consensus"
)

// UploadCycle is the time that an upload target is for (Core's MAX_UPLOAD_TIMEFRAME).
const UploadCycle = 24 * time.Hour

// Upload counts what the node sends to its peers in a day (-maxuploadtarget). Every
// connection's writer adds to it, and who serves old blocks looks at it; nobody waits for
// anybody. The zero value has no target and counts nothing.
type Upload struct {
	target int64 // bytes; 0: none

	mu    sync.Mutex
	since time.Time // when the day began; zero before the first byte
	sent  int64
}

// NewUpload begins to count.
func NewUpload(target int64) *Upload { return &Upload{target: target} }

// Target is what is to be sent in a day at most, in bytes; 0 is no limit.
func (u *Upload) Target() int64 { return u.target }

// Sent adds n bytes. The day begins with the first byte after the last one's end.
func (u *Upload) Sent(n int, now time.Time) {
	if u.target == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.since.Add(UploadCycle).Before(now) {
		u.since, u.sent = now, 0
	}
	u.sent += int64(n)
}

// Reached says that the target is spent.
func (u *Upload) Reached() bool {
	if u.target == 0 {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.sent >= u.target
}

// NoHistory says that old blocks are not to be served any more: what is left of the
// target is kept for one full block every ten minutes until the day ends (Core's
// OutboundTargetReached with its buffer).
func (u *Upload) NoHistory(now time.Time) bool {
	if u.target == 0 {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	buffer := int64(u.left(now)/(10*time.Minute)) * consensus.MaxBlockWeight // no block has more bytes
	return buffer >= u.target || u.sent >= u.target-buffer
}

// Left is what may still be sent in the day, in bytes, and how long it lasts.
func (u *Upload) Left(now time.Time) (bytes int64, d time.Duration) {
	if u.target == 0 {
		return 0, 0
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return max(0, u.target-u.sent), u.left(now)
}

func (u *Upload) left(now time.Time) time.Duration {
	if u.since.IsZero() {
		return UploadCycle
	}
	return max(0, u.since.Add(UploadCycle).Sub(now))
}
