package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/troupe-node/troupe/actors"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/mend"
)

func (a *app) reindexCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reindex [--chainstate] [options]",
		Short: "Rebuild headers, coins and undo data from the stored blocks",
		Long: `Rebuild headers, coins and undo data from the stored blocks, whatever else of the store is damaged.
Every block is validated again. What is lost is fetched again when a node runs. With --chainstate headers and
blocks stay as they are. When it is ended in the middle, even by a power cut, it can be begun again and goes on where it was.`,
		Example: "  troupe reindex\n  troupe reindex --chainstate -chain=signet",
	}
	chainstate := cmd.Flags().Bool("chainstate", false, "coins and undo data alone")
	cmd.RunE = func(cmd *cobra.Command, argv []string) error {
		args, err := a.line(cmd, argv, config.ArgRules{Spaced: true})
		if err != nil {
			return err
		}
		loaded, err := a.load(args)
		if err != nil {
			return err
		}
		if !loaded.Given("printtoconsole") {
			loaded.Config.Logs.Console = false // the progress has the terminal
		}
		s, err := a.openSession(loaded, a.command("reindex"), false)
		if err != nil {
			return err
		}
		return a.onStore(s, func(ctx context.Context, report mend.Report) error { return a.reindex(ctx, s, *chainstate, report) })
	}
	return cmd
}

func (a *app) reindex(ctx context.Context, s *session, chainstate bool, report mend.Report) error {
	start := time.Now()
	params, err := actors.ParamsOf(&s.Config)
	if err != nil {
		return fail(exitConfig, "the chain's parameters are wrong", err.Error(), "check the options named")
	}
	phase, err := mend.Pending(storePath(s))
	if err != nil {
		return fail(exitUnexpected, "the reindexing cannot go on", err.Error(), "").because(err)
	}
	if phase != mend.None {
		fmt.Fprintf(a.stdout, "going on with a reindexing that was ended in its phase %q\n", phase)
	}
	if err := a.rebuild(s, params, phase, chainstate, report); err != nil {
		return mendFailure(ctx, err)
	}
	height, err := connectStored(ctx, s, report)
	if err != nil {
		return err
	}
	if err := mend.Done(storePath(s)); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "rebuilt up to height %d in %.1fs\n", height, time.Since(start).Seconds())
	return nil
}

func (a *app) rebuild(s *session, params *consensus.Params, phase mend.Phase, chainstate bool, report mend.Report) error {
	o := mendOptions(s, params, report)
	if phase == mend.Wipe || chainstate && phase == mend.None {
		return mend.WipeCoins(o)
	}
	found, err := mend.Reindex(o)
	if err == nil && phase != mend.Connect {
		fmt.Fprintf(a.stdout, "found %d headers and %d blocks; %d blocks were damaged or lead nowhere\n", found.Headers, found.Bodies, found.Lost)
	}
	return err
}

// connectStored plays a node that speaks to nobody until it has connected what
// its store holds.
func connectStored(ctx context.Context, s *session, report mend.Report) (height int32, err error) {
	silence(&s.Config)
	a, err := prepare(s)
	if err != nil {
		return 0, err
	}
	node, err := a.start()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := make(chan error, 1)
	go func() {
		_, err := node.System.Ask(ctx, node.Cast.Chain(), &msg.Barrier{})
		idle <- err
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for waiting := true; waiting; {
		select {
		case err = <-idle:
			waiting = false
		case failure := <-node.Fatal():
			err = fail(exitFatalActor, "an actor failed without which the work must not go on", failure.Error(), "begin it again; if it happens again, report the log").because(failure)
			waiting = false
		case <-tick.C:
			view := node.Board.Tip()
			p := mend.Progress{Stage: "connecting blocks", Done: int64(view.Tip().ChainTxs()), Of: int64(view.BestHeader().ChainTxs()), Unit: "transactions", Height: view.Tip().Height()}
			if stop := report(p); stop != nil {
				cancel(stop)
			}
		}
	}
	height = node.Board.Tip().Tip().Height()
	if ctx.Err() != nil {
		err = mendFailure(ctx, err)
	}
	return height, errors.Join(err, a.end(node))
}

// silence makes a configuration that of a node that speaks to nobody and mints
// nothing.
func silence(c *config.Config) {
	c.Network.Listen, c.Network.OnlyConnect, c.Network.Connect, c.Network.AddNode = false, true, nil, nil
	c.Minter.Address, c.Mempool.Persist = "", false
}
