package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/troupe-node/troupe/lab/flood"
)

// floodNode pushes forged traffic at a node of this machine and prints how it
// fared.
func floodNode(ctx context.Context, o floodOptions) error {
	shown := newProgress(o.app.screen(), time.Now, func(p progressState) {
		if o.app.screen() == nil && !o.JSON {
			fmt.Fprintf(o.app.stdout, "%s: %d of %d, %.0f a second\n", p.Path, p.Done, p.Of, p.Rate)
		}
	})
	unit := map[string]string{"tx": "transactions", "blocks": "blocks"}[o.Kind]
	result, err := flood.Run(ctx, flood.Options{
		Kind: flood.Kind(o.Kind), Target: o.Target, Connections: o.Connections, Count: o.Count, Rate: o.Rate, Seed: o.Seed,
		PoolSize: o.poolSize(),
		Progress: func(s flood.State) {
			shown.update(progressState{Done: s.Done, Of: s.Of, Unit: unit, Path: string(s.Stage)})
		},
	})
	shown.finish()
	switch {
	case errors.Is(err, context.Canceled):
		return fail(exitInterrupt, "the flood was ended before its end", "", "")
	case err != nil:
		return fail(exitUnexpected, "the flood failed", err.Error(), "troupe dev is a node to flood").because(err)
	case o.JSON:
		return printJSON(o.app.stdout, result)
	}
	result.Print(o.app.stdout)
	return nil
}

// poolSize asks the node by RPC how many transactions wait, when its data
// directory was named; nil when it was not.
func (o *floodOptions) poolSize() func(context.Context) (int, error) {
	client, err := newRPCClient(&o.Config.Config, 10*time.Second)
	if err != nil {
		return nil
	}
	return func(context.Context) (int, error) {
		var info struct{ Size int }
		err := client.call(&info, "getmempoolinfo")
		return info.Size, err
	}
}
