package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/logs"
)

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run [options]",
		Short: "Run a node in the foreground",
		Long: `Run a node in the foreground. Ctrl-C or SIGTERM stops it in order; a second one ends it at once.
Options are Bitcoin Core's, with one dash or two; they can stand in bitcoin.conf and the environment too.`,
		Example: `  troupe run -chain=signet
  troupe run -regtest -datadir=/srv/troupe -addnode=127.0.0.1:18555
  troupe run -conf=/etc/troupe/bitcoin.conf -debug=mempool`,
		Annotations: map[string]string{optionsNote: ""},
		RunE: func(cmd *cobra.Command, argv []string) error {
			args, err := a.line(cmd, argv, config.ArgRules{Spaced: true})
			if err != nil {
				return err
			}
			return a.run(args, false)
		},
	}
}

// runAsBitcoind follows Core's argument rules to the letter: values stand behind "=" only.
func (a *app) runAsBitcoind(argv []string) error {
	cmd := a.runCommand()
	cmd.Use = "bitcoind [options]"
	cmd.SetOut(a.stdout)
	if a.engine.Run == nil {
		return fail(exitUnexpected, "this build has no node in it", "", "build ./cmd/node of a release")
	}
	args, err := a.line(cmd, argv, config.ArgRules{})
	if err != nil {
		return err
	}
	return a.run(args, true)
}

// run loads, locks, logs and drives the node to its end.
func (a *app) run(args config.Args, coreRules bool) (err error) {
	loaded, err := a.load(args)
	if err != nil {
		return err
	}
	if a.asBitcoind() {
		warnAsCore(a.stderr, loaded.Notes)
	}
	name := "run"
	if coreRules {
		name = ""
	}
	s, err := a.openSession(loaded, a.command(name), coreRules)
	if err != nil {
		return err
	}
	return a.drive(s, func(r readiness) error { a.announce(s, r); return nil })
}

// drive runs a prepared node until it has stopped, and closes the session.
func (a *app) drive(s *session, ready func(readiness) error) (err error) {
	start := time.Now()
	ctx, release := untilSignal(context.Background(), s.Log, os.Exit)
	defer release()
	err = withinStopTimeout(ctx, s.Config.Process.StopTimeout, s.Log, func(ctx context.Context) error {
		return a.engine.Run(ctx, s, func(r readiness) error {
			logs.NodeReady.Log(s.Log, logs.Chain.Is(string(s.Config.Chain)), logs.Height.Is(int64(r.Height)), logs.TookMS.Is(time.Since(start)), logs.Detail.Is("init message: Done loading"))
			return ready(r)
		})
	})
	code := exitCode(err)
	if err != nil {
		logs.NodeFailed.Log(s.Log, logs.Err.Is(err), logs.Code.Is(int64(code)))
	}
	logs.NodeStopped.Log(s.Log, logs.Code.Is(int64(code)), logs.TookMS.Is(time.Since(start)))
	return errors.Join(err, s.close())
}

// announce tells a person at a terminal where things are; programs read the log.
func (a *app) announce(s *session, r readiness) {
	if !isTerminal(a.stdout) {
		return
	}
	c := &s.Config
	fmt.Fprintf(a.stdout, "%s · %s · height %d\n", build().line(), c.Chain, r.Height)
	fmt.Fprintf(a.stdout, "  data   %s\n", c.ChainDir)
	if len(r.RPC) > 0 {
		fmt.Fprintf(a.stdout, "  rpc    %s  cookie %s\n", strings.Join(r.RPC, " "), c.RPC.CookieFile)
	}
	if len(r.P2P) > 0 {
		fmt.Fprintf(a.stdout, "  peers  %s\n", strings.Join(r.P2P, " "))
	}
	if c.Logs.File != "" {
		fmt.Fprintf(a.stdout, "  log    %s\n", c.Logs.File)
	}
	fmt.Fprintln(a.stdout, "Ctrl-C stops it.")
}
