package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/lab/flood"
)

// runFlood pushes what was asked for, and prints how the node fared.
func runFlood(ctx context.Context, o floodOptions) error {
	shown := newProgress(o.app.screen(), time.Now, func(p progressState) { fmt.Fprintln(o.app.stderr, p.line()) })
	r, err := flood.Run(ctx, flood.Options{
		Kind: flood.Kind(o.Kind), Target: o.Target, Connections: o.Connections, Count: o.Count, Rate: o.Rate, Seed: o.Seed,
		PoolSize: poolSize(&o.Config.Config),
		Progress: func(s flood.State) {
			if s.Stage == flood.Pushing || s.Stage == flood.Settling {
				shown.update(progressState{Done: s.Done, Of: s.Of, Unit: o.Kind})
			}
		},
	})
	shown.finish()
	if err != nil {
		return fail(exitUnexpected, "the flood did not come to its end", err.Error(), "see the node's log, and that it runs with -regtest").because(err)
	}
	if o.JSON {
		return json.NewEncoder(o.app.stdout).Encode(r)
	}
	r.Print(o.app.stdout)
	return nil
}

// poolSize asks the node by RPC how many transactions wait in it. Without a node whose
// RPC we know it is nil: pongs must do.
func poolSize(c *config.Config) func(context.Context) (int, error) {
	client, err := newRPCClient(c, 10*time.Second)
	if err != nil {
		return nil
	}
	var info struct {
		Size int `json:"size"`
	}
	ask := func(context.Context) (int, error) {
		err := client.call(&info, "getmempoolinfo")
		return info.Size, err
	}
	if _, err := ask(context.Background()); err != nil {
		return nil
	}
	return ask
}
