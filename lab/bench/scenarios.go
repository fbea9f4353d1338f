package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/troupe-node/troupe/lab/flood"
	"github.com/troupe-node/troupe/tx"
)

// Scenario is a flood of a certain kind, and what is asked of a node in it.
type Scenario struct {
	Name, Doc string
	Args      []string // more of troupe's
	Flood     flood.Options
	// After asks the node what it cannot be asked from outside.
	After func(s *Scenario, ctx context.Context, n *node, r *ScenarioResult) error

	sent []*tx.Tx
}

// ScenarioResult is how the node fared.
type ScenarioResult struct {
	Scenario string
	*flood.Result
	Pool  *PoolInfo `json:"pool,omitempty"`
	Notes []string  `json:"notes,omitempty"`
	Load  float64   `json:"load"` // of the machine, when it began; other work shows here
}

// PoolInfo is what getmempoolinfo says of the pool.
type PoolInfo struct {
	Size   int   `json:"size"`
	Usage  int64 `json:"usage"`
	Max    int64 `json:"maxmempool"`
	Loaded bool  `json:"loaded"`
}

// Scenarios are what docs/performance.md tells of.
func Scenarios() []*Scenario {
	return []*Scenario{
		{Name: "hundred", Doc: "100 connections, each of which hears every announcement", Flood: flood.Options{Connections: 100, Count: 40_000}},
		{Name: "many", Doc: "400 connections: all in the pool, nobody starved", Flood: flood.Options{Connections: 400, Count: 40_000}},
		{Name: "blocks", Doc: "twenty blocks of 1,500 pool transactions among 40,000 others", Flood: flood.Options{Connections: 8, Count: 40_000, Mined: 20}},
		{Name: "unlimited", Doc: "better and better paying transactions, all of them kept", Flood: flood.Options{Connections: 8, Count: 40_000, Shape: flood.Rising}},
		{Name: "limit", Doc: "the same at a limit that holds a fifth of them", Args: []string{"-maxmempool=10"},
			Flood: flood.Options{Connections: 8, Count: 40_000, Shape: flood.Rising}, After: (*Scenario).best},
		{Name: "filled", Doc: "the same, a third more of them than the ordinary limit holds", Flood: flood.Options{Connections: 8, Count: 350_000, Shape: flood.Rising}, After: (*Scenario).best},
		{Name: "ample", Doc: "as many, all of them kept", Args: []string{"-maxmempool=1000"}, Flood: flood.Options{Connections: 8, Count: 350_000, Shape: flood.Rising}},
		{Name: "fair", Doc: "one connection offers a hundred times what each of eight others does", Flood: flood.Options{Connections: 9, Count: 108 * 400, Greedy: 100}},
		{Name: "orphans", Doc: "100,000 orphans", Flood: flood.Options{Connections: 8, Count: 100_000, Shape: flood.Orphans}},
		{Name: "chains", Doc: "chains of 25", Flood: flood.Options{Connections: 8, Count: 20_000, Shape: flood.Chains}},
		{Name: "replacements", Doc: "each coin spent 25 times, each time better", Flood: flood.Options{Connections: 8, Count: 20_000, Shape: flood.Conflicts}},
		{Name: "conflicts", Doc: "each coin spent 25 times, the best first", Flood: flood.Options{Connections: 8, Count: 20_000, Shape: flood.Twins}},
		{Name: "large", Doc: "transactions of nearly 400,000 weight units", Flood: flood.Options{Connections: 8, Count: 500, Shape: flood.Large}},
		{Name: "sigops", Doc: "transactions of more signature operations than policy allows", Flood: flood.Options{Connections: 8, Count: 2_000, Shape: flood.SigOps}},
		{Name: "restart", Doc: "50,000 transactions over a restart", Flood: flood.Options{Connections: 8, Count: 50_000}, After: (*Scenario).restart},
	}
}

// Play runs scenarios, each on a node of its own.
func Play(ctx context.Context, p Program, only []string, seed uint64, patience time.Duration, out io.Writer) (all []*ScenarioResult, err error) {
	for _, s := range Scenarios() {
		if len(only) > 0 && !slices.Contains(only, s.Name) {
			continue
		}
		r, err := s.play(ctx, p, seed, patience)
		if err != nil {
			return all, fmt.Errorf("scenario %s: %w", s.Name, err)
		}
		r.print(out, s.Doc)
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there is no scenario %s", strings.Join(only, ", "))
	}
	return all, nil
}

func (s *Scenario) play(ctx context.Context, p Program, seed uint64, patience time.Duration) (r *ScenarioResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r = &ScenarioResult{Scenario: s.Name, Load: loadAverage()}
	n, err := p.with(s.Args...).run(ctx, true, "")
	if err != nil {
		return nil, err
	}
	defer func() { n.close(err != nil) }()
	if _, err := n.reach(ctx, 0); err != nil {
		return nil, err
	}
	o := s.Flood
	o.Kind, o.Target, o.Seed = flood.Txs, n.listen, seed
	o.Forged = func(list []*tx.Tx) { s.sent = list }
	if o.Shape == flood.Payments {
		o.PoolSize = func(ctx context.Context) (int, error) {
			info, err := n.pool(ctx)
			return info.Size, err
		}
	}
	if r.Result, err = flood.Run(ctx, o); err != nil {
		return nil, err
	}
	info, err := n.pool(ctx)
	if err != nil {
		return nil, err
	}
	r.Pool = &info
	if s.After != nil {
		if err := s.After(s, ctx, n, r); err != nil {
			return nil, err
		}
	}
	_, err = n.finish()
	return r, err
}

func (r *ScenarioResult) print(w io.Writer, doc string) {
	fmt.Fprintf(w, "%s (%s; load %.1f): ", r.Scenario, doc, r.Load)
	r.Result.Print(w)
	fmt.Fprintf(w, "  pool       %d transactions, %.1f of %.1f MB\n", r.Pool.Size, float64(r.Pool.Usage)/1e6, float64(r.Pool.Max)/1e6)
	for _, note := range r.Notes {
		fmt.Fprintf(w, "  %s\n", note)
	}
}
