package flood

import (
	"fmt"
	"io"
	"time"
)

// Result is how a node fared.
type Result struct {
	Kind        Kind      `json:"kind"`
	Target      string    `json:"target"`
	Seed        uint64    `json:"seed"`
	Connections int       `json:"connections"`
	Sent        int64     `json:"sent"`
	Worked      int64     `json:"worked_off"`
	Accepted    *int64    `json:"accepted,omitempty"` // in the pool, where there was a way to ask
	Lost        int       `json:"connections_lost"`
	Seconds     float64   `json:"seconds"`
	Goodput     float64   `json:"goodput_per_second"` // of what was accepted, or else worked off
	Accept      Latency   `json:"acceptance"`         // from the sending to the pong behind it
	Ping        Latency   `json:"ping"`               // of a connection that does nothing else
	Mined       *Mined    `json:"mined,omitempty"`
	Fairness    *Fairness `json:"fairness,omitempty"`
	// Of the node's process, where it can be found.
	Memory     int64   `json:"node_memory_bytes,omitempty"`
	MemoryPeak int64   `json:"node_memory_peak_bytes,omitempty"`
	CPU        float64 `json:"node_cpu_seconds,omitempty"`
	Generator  float64 `json:"generator_cpu_seconds,omitempty"` // ours, of the flood itself
}

// result sums a flood up.
func (f *flood) result(took time.Duration, before, after usage, own time.Duration) *Result {
	r := &Result{
		Kind: f.Kind, Target: f.Target, Seed: f.Seed, Connections: f.Connections,
		Sent: f.count.sent.Load(), Worked: f.count.done.Load(), Seconds: took.Seconds(),
		Accept: f.accept.percentiles(), Ping: f.pings.percentiles(), Mined: f.mined,
		Memory: after.memory, MemoryPeak: after.peak, CPU: (after.cpu - before.cpu).Seconds(), Generator: own.Seconds(),
	}
	r.rate()
	return r
}

func (r *Result) rate() {
	good := r.Worked
	if r.Accepted != nil {
		good = *r.Accepted
	}
	if r.Seconds > 0 {
		r.Goodput = float64(good) / r.Seconds
	}
}

// Print writes the result for a person.
func (r *Result) Print(w io.Writer) {
	what := map[Kind]string{Txs: "transactions", Blocks: "blocks"}[r.Kind]
	fmt.Fprintf(w, "%d %s over %d connections in %.2f s\n", r.Sent, what, r.Connections, r.Seconds)
	if r.Accepted != nil {
		fmt.Fprintf(w, "  accepted   %d\n", *r.Accepted)
	} else {
		fmt.Fprintf(w, "  worked off %d\n", r.Worked)
	}
	if r.Lost > 0 {
		fmt.Fprintf(w, "  lost       %d connections, closed by the node\n", r.Lost)
	}
	fmt.Fprintf(w, "  goodput    %.0f %s a second\n", r.Goodput, what)
	line := func(name string, l Latency) {
		if l.Count > 0 {
			fmt.Fprintf(w, "  %-10s p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, p99.9 %.1f ms, max %.1f ms\n", name, l.P50, l.P90, l.P99, l.P999, l.Max)
		}
	}
	line("acceptance", r.Accept)
	line("ping", r.Ping)
	if a := r.Fairness; a != nil {
		fmt.Fprintf(w, "  fairness   Jain %.3f when the first was done: %d to %d of each connection", a.Jain, a.Least, a.Most)
		if a.Greedy > 0 {
			fmt.Fprintf(w, ", %d of the greedy one", a.Greedy)
		}
		fmt.Fprintln(w)
	}
	if m := r.Mined; m != nil {
		fmt.Fprintf(w, "  %d blocks of %d, from send to announcement, %d of them during the flood\n", m.Loaded.Count, m.PerBlock, m.During)
		line("quiet", m.Quiet)
		line("in flood", m.Loaded)
	}
	if r.Memory > 0 {
		fmt.Fprintf(w, "  memory     %d MiB, at most %d MiB\n", r.Memory>>20, r.MemoryPeak>>20)
	}
	if r.CPU > 0 {
		fmt.Fprintf(w, "  node's CPU %.2f s; the generator's %.2f s\n", r.CPU, r.Generator)
	}
}
