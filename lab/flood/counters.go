package flood

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// counters are what progress is made of.
type counters struct {
	stage      atomic.Value // Stage
	sent, done atomic.Int64
}

func (c *counters) state(of int64) State {
	stage, _ := c.stage.Load().(Stage)
	return State{Stage: stage, Done: c.done.Load(), Of: of, Sent: c.sent.Load()}
}

// latencies is a histogram that many goroutines add to, in microseconds.
type latencies struct {
	mu sync.Mutex
	h  *hdrhistogram.Histogram
}

// slowest is the longest latency that can be told from longer ones.
const slowest = 10 * time.Minute

func newLatencies() *latencies {
	return &latencies{h: hdrhistogram.New(1, slowest.Microseconds(), 3)}
}

// add notes n things that took as long.
func (l *latencies) add(took time.Duration, n int64) {
	us := min(max(took.Microseconds(), 1), slowest.Microseconds())
	l.mu.Lock()
	defer l.mu.Unlock()
	// In range, so that it cannot fail.
	_ = l.h.RecordValues(us, n)
}

// Latency is percentiles, in milliseconds.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	Max   float64 `json:"max_ms"`
}

func (l *latencies) percentiles() Latency {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := func(q float64) float64 { return float64(l.h.ValueAtQuantile(q)) / 1000 }
	return Latency{Count: l.h.TotalCount(), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(l.h.Max()) / 1000}
}
