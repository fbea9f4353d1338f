package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/logs"
)

func (a *app) importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE… [options]",
		Short: "Import blocks from files, validating every one",
		Long: `Import blocks from Bitcoin Core's blk files (or bootstrap.dat): magic, length, block, over and over,
in any order. Every block is validated in full. What was imported before is skipped, so that an
import that was ended can be begun again.`,
		Example: "  troupe import ~/.bitcoin/blocks/blk00000.dat\n  troupe import -datadir=/srv/troupe blk*.dat",
		RunE: func(cmd *cobra.Command, argv []string) error {
			args, err := a.line(cmd, argv, config.ArgRules{Spaced: true, Words: true})
			if err != nil {
				return err
			}
			if err := words(args, 1, -1, "at least one file"); err != nil {
				return err
			}
			return a.importFiles(args)
		},
	}
}

func (a *app) importFiles(args config.Args) error {
	for _, path := range args.Words {
		f, err := os.Open(path)
		if err != nil {
			return fail(exitUsage, "cannot read "+path, "", "check the path").because(err)
		}
		f.Close()
	}
	loaded, err := a.load(args)
	if err != nil {
		return err
	}
	if !loaded.Given("printtoconsole") {
		loaded.Config.Logs.Console = !isTerminal(a.stdout) // the progress line has the terminal
	}
	s, err := a.openSession(loaded, a.command("import"), false)
	if err != nil {
		return err
	}
	start := time.Now()
	ctx, release := untilSignal(context.Background(), s.Log, os.Exit)
	defer release()
	shown := newProgress(a.screen(), time.Now, func(p progressState) {
		logs.ImportProgress.Log(s.Log, logs.Done.Is(p.Done), logs.Of.Is(p.Of), logs.Unit.Is(p.Unit), logs.Rate.Is(p.Rate),
			logs.ETA.Is(p.ETA), logs.Height.Is(int64(p.Height)), logs.Path.Is(p.Path))
	})
	var last importState
	err = withinStopTimeout(ctx, loaded.Config.Process.StopTimeout, s.Log, func(ctx context.Context) error {
		return a.engine.Import(ctx, s, args.Words, func(i importState) {
			last = i
			shown.update(progressState{Done: i.Bytes, Of: i.OfBytes, Unit: "bytes", Height: i.Height, Path: i.Path})
		})
	})
	shown.finish()
	if err == nil {
		took := time.Since(start)
		logs.ImportDone.Log(s.Log, logs.Blocks.Is(last.Blocks), logs.Height.Is(int64(last.Height)), logs.TookMS.Is(took))
		fmt.Fprintf(a.stdout, "imported %d blocks, height %d, in %.1fs\n", last.Blocks, last.Height, took.Seconds())
	} else {
		logs.NodeFailed.Log(s.Log, logs.Err.Is(err), logs.Code.Is(int64(exitCode(err))))
	}
	return errors.Join(err, s.close())
}
