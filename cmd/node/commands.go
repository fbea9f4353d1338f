package main

import (
	"context"
	"sync"

	"github.com/troupe-node/troupe/actors"
	"github.com/troupe-node/troupe/actors/notify"
	"github.com/troupe-node/troupe/lab"
	"github.com/troupe-node/troupe/logs"
)

// beside does what is to be done once when the node is ready, while it runs: the
// commands of -startupnotify, and the files of -loadblock. The returned function
// waits for the end of it, which the end of ctx brings about.
func (a *assembly) beside(ctx context.Context, node *actors.Node) (wait func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for _, command := range a.Config.Notify.Startup {
		wg.Go(func() { notify.Run(ctx, command, a.Log) })
	}
	if files := a.Config.Store.LoadBlocks; len(files) > 0 {
		wg.Go(func() { a.loadBlocks(ctx, node, files) })
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// loadBlocks imports files one by one. One that cannot be read, or that holds a bad
// block, is told in the log, and the node goes on, as in Core.
func (a *assembly) loadBlocks(ctx context.Context, node *actors.Node, files []string) {
	for _, path := range files {
		logs.ConfigNote.Log(a.Log, logs.Detail.Is("Importing blocks file "+path+"..."))
		if _, err := lab.Import(ctx, node, []string{path}, func(lab.ImportState) {}); err != nil && ctx.Err() == nil {
			logs.NodeWarning.Log(a.Log, logs.Warning.Is("the blocks of "+path+" were not all imported"), logs.Detail.Is(err.Error()))
		}
	}
}

// tellOfStop runs the commands of -shutdownnotify and waits for them: the stop
// begins when they are over.
func (a *assembly) tellOfStop() {
	var wg sync.WaitGroup
	for _, command := range a.Config.Notify.Shutdown {
		wg.Go(func() { notify.Run(context.Background(), command, a.Log) })
	}
	wg.Wait()
}
