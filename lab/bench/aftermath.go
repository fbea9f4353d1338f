package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// best checks that the pool holds the best-paying ones, which came last, and nothing else.
func (s *Scenario) best(ctx context.Context, n *node, r *ScenarioResult) error {
	var ids []string
	if err := n.call(ctx, &ids, "getrawmempool"); err != nil {
		return err
	}
	place := map[string]int{}
	for i, t := range s.sent {
		place[t.ID().String()] = i
	}
	// Rates rise by one satoshi per virtual byte every so many transactions: those of the
	// same rate have no order.
	wrong, same := 0, len(s.sent)/100
	for _, id := range ids {
		if i, ok := place[id]; !ok || i < len(s.sent)-len(ids)-same {
			wrong++
		}
	}
	r.Notes = append(r.Notes, fmt.Sprintf("%d of the %d kept are not among the best-paying", wrong, len(ids)))
	return nil
}

// restart ends the node and starts it again.
func (s *Scenario) restart(ctx context.Context, n *node, r *ScenarioResult) error {
	before := r.Pool.Size
	u, err := n.stop()
	if err != nil {
		return err
	}
	if err := n.again(ctx); err != nil {
		return err
	}
	ready, err := n.reach(ctx, 1)
	if err != nil {
		return err
	}
	back, err := n.until(ctx, poll, func() (bool, error) {
		info, err := n.pool(ctx)
		r.Pool = &info
		return err == nil && info.Loaded, err
	})
	r.Notes = append(r.Notes,
		fmt.Sprintf("ended with %d transactions in %.2f s", before, u.Left.Seconds()),
		fmt.Sprintf("answered %.2f s after the start, had %d of them back after %.2f s", ready.Seconds(), r.Pool.Size, back.Seconds()))
	return err
}

// again starts a node that has ended on the data that it left.
func (n *node) again(ctx context.Context) (err error) {
	n.process, err = start(ctx, filepath.Join(n.dir, "again.log"), n.program.Path, n.args...)
	return err
}

// pool asks for the state of the pool.
func (n *node) pool(ctx context.Context) (info PoolInfo, err error) {
	return info, n.call(ctx, &info, "getmempoolinfo")
}

// with is the program with more arguments.
func (p Program) with(extra ...string) Program {
	args := p.Args
	p.Args = func(dir string, listen, rpcPort int, connect string) []string {
		return append(args(dir, listen, rpcPort, connect), extra...)
	}
	return p
}

// loadAverage is how many processes wanted a core in the last minute, zero where it
// cannot be told.
func loadAverage() float64 {
	raw, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(raw), " ")
	load, _ := strconv.ParseFloat(first, 64)
	return load
}
