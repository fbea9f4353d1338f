package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/troupe-node/troupe/config"
)

func (a *app) floodCommand() *cobra.Command {
	return a.group("flood tx|blocks [flags]", "Push forged transactions or blocks at a node on this machine",
		"  troupe flood tx --count 50000 --connections 8\n  troupe flood blocks --count 500 --target 127.0.0.1:18444",
		a.floodKind("tx", "Push signed transactions"), a.floodKind("blocks", "Push a forged chain"))
}

func (a *app) floodKind(kind, short string) *cobra.Command {
	o := floodOptions{Kind: kind, app: a}
	cmd := &cobra.Command{
		Use:   kind + " [flags]",
		Short: short,
		Long: short + ` over the peer-to-peer protocol at a regtest node, and print goodput, latency and memory.
Everything is forged from the seed: the same seed gives the same traffic. Only addresses of this machine are taken.`,
		Example: fmt.Sprintf("  troupe flood %s --count 1000 --seed 42\n  troupe flood %s --connections 16 --rate 500 --json", kind, kind),
	}
	f := cmd.Flags()
	f.StringVar(&o.Target, "target", "", "host:port of the node's peer-to-peer port (default 127.0.0.1 and the chain's port)")
	f.IntVar(&o.Connections, "connections", 4, "connections to push over")
	f.IntVar(&o.Count, "count", 10_000, "how many to push")
	f.IntVar(&o.Rate, "rate", 0, "how many a second; 0 is as fast as it goes")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of everything that is forged")
	f.BoolVar(&o.JSON, "json", false, "print the result as JSON")
	cmd.RunE = func(cmd *cobra.Command, argv []string) error {
		args, err := a.line(cmd, argv, config.ArgRules{Spaced: true})
		if err != nil {
			return err
		}
		if o.Config, err = a.load(args); err != nil {
			return err
		}
		if err := o.check(); err != nil {
			return err
		}
		ctx, release := untilSignal(context.Background(), nil, os.Exit)
		defer release()
		return a.engine.Flood(ctx, o)
	}
	return cmd
}

// check keeps floods on this machine.
func (o *floodOptions) check() error {
	if o.Target == "" {
		o.Target = fmt.Sprintf("127.0.0.1:%d", config.Regtest.DefaultPort())
	}
	if port, ok := strings.CutPrefix(o.Target, "localhost:"); ok {
		o.Target = "127.0.0.1:" + port
	}
	addr, err := netip.ParseAddrPort(o.Target)
	if err != nil {
		return fail(exitUsage, fmt.Sprintf("%q is not an address and port", o.Target), "", "write it in numbers: 127.0.0.1:18444")
	}
	if !addr.Addr().IsLoopback() {
		return fail(exitUsage, "a flood is refused to "+o.Target, "only addresses of this machine are taken", "use 127.0.0.1 or [::1]")
	}
	if o.Connections < 1 || o.Connections > 1000 || o.Count < 1 || o.Rate < 0 {
		return fail(exitUsage, "connections, count and rate do not make a flood", "connections are 1 to 1000, count is at least 1, rate is not negative", "see --help")
	}
	return nil
}
