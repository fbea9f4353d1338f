package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/troupe-node/troupe/actors"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/mend"
)

// storePath is where a chain's store lies.
func storePath(s *session) string { return filepath.Join(s.Config.ChainDir, storeDir) }

func mendOptions(s *session, params *consensus.Params, report mend.Report) mend.Options {
	return mend.Options{Dir: storePath(s), Params: params, Store: storeOptions(s, params), Now: time.Now().Unix(), Report: report}
}

// mendStore does what -reindex and -reindex-chainstate ask for before the store
// is opened, and ends what an earlier process began. What is left, connecting the
// blocks, the node does like with any others.
func mendStore(ctx context.Context, s *session) error {
	c := &s.Config.Store
	dir := storePath(s)
	phase, err := mend.Pending(dir)
	if err != nil {
		return fail(exitUnexpected, "the reindexing cannot go on", err.Error(), "").because(err)
	}
	if phase == mend.Connect {
		if err := mend.Done(dir); err != nil {
			return err
		}
		phase = mend.None
	}
	if _, err := os.Stat(dir); err != nil && phase == mend.None {
		return nil // a new store needs no mending
	}
	params, err := actors.ParamsOf(&s.Config)
	if err != nil {
		return fail(exitConfig, "the chain's parameters are wrong", err.Error(), "check the options named")
	}
	o := mendOptions(s, params, tellLog(ctx, s))
	switch {
	case c.Reindex || phase == mend.Headers || phase == mend.Bodies:
		_, err = mend.Reindex(o)
	case c.ReindexChainstate || phase == mend.Wipe:
		err = mend.WipeCoins(o)
	default:
		return nil
	}
	if err != nil {
		return mendFailure(ctx, err)
	}
	return mend.Done(dir)
}

// tellLog reports a long step to the log, every ten seconds.
func tellLog(ctx context.Context, s *session) mend.Report {
	return reportTo(ctx, newProgress(nil, time.Now, logImport(s)))
}

func logImport(s *session) func(progressState) {
	return func(p progressState) {
		logs.ImportProgress.Log(s.Log, logs.Done.Is(p.Done), logs.Of.Is(p.Of), logs.Unit.Is(p.Unit), logs.Rate.Is(p.Rate),
			logs.ETA.Is(p.ETA), logs.Height.Is(int64(p.Height)), logs.Path.Is(p.Path))
	}
}

// reportTo shows progress and ends the work when ctx does.
func reportTo(ctx context.Context, shown *progress) mend.Report {
	return func(p mend.Progress) error {
		shown.update(progressState{Done: p.Done, Of: p.Of, Unit: p.Unit, Height: p.Height, Path: p.Stage})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	}
}

// mendFailure says what a person can do about work that did not end.
func mendFailure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return fail(exitUnexpected, "the work was ended before its time", context.Cause(ctx).Error(), "begin it again: it goes on where it was").because(err)
	case errors.Is(err, mend.ErrPrunedCoins):
		return fail(exitConfig, err.Error(), "", "").because(err)
	case errors.Is(err, chainstore.ErrLocked):
		return fail(exitLocked, "the store is in use", err.Error(), "").because(err)
	case errors.Is(err, chainstore.ErrCorrupt):
		return fail(exitCorrupt, "the chain store is damaged", err.Error(), "").because(err)
	case errors.Is(err, os.ErrNotExist):
		return fail(exitUsage, "there is no store", err.Error(), "check -datadir and -chain").because(err)
	}
	return fail(exitUnexpected, "the work could not be done", err.Error(), "").because(err)
}

// onStore runs a command on a store that no node has open: it locks the chain's
// folder, says who has it otherwise, and shows progress.
func (a *app) onStore(s *session, work func(context.Context, mend.Report) error) (err error) {
	ctx, release := untilSignal(context.Background(), s.Log, os.Exit)
	defer release()
	shown := newProgress(a.screen(), time.Now, func(p progressState) {
		if a.screen() == nil {
			fmt.Fprintf(a.stdout, "%s: %s\n", p.Path, p.line())
		}
		logImport(s)(p)
	})
	err = work(ctx, reportTo(ctx, shown))
	shown.finish()
	return errors.Join(err, s.close())
}

// quietSession is a session without log and pid file, for commands that look
// and change nothing.
func (a *app) quietSession(args config.Args, name string) (*session, error) {
	loaded, err := a.load(args)
	if err != nil {
		return nil, err
	}
	c := &loaded.Config
	if _, err := os.Stat(filepath.Join(c.ChainDir, storeDir)); err != nil {
		return nil, fail(exitUsage, "there is no store in "+c.ChainDir, "", "check -datadir and -chain")
	}
	lock, err := takeLock(c, a.command(name))
	if err != nil {
		return nil, err
	}
	c.Process.PIDFile = ""
	return &session{Loaded: loaded, lock: lock}, nil
}
