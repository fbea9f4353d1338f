package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) stopCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "stop [-datadir=…] [-chain=…]",
		Short:   "Stop the running node in order, and wait until it has",
		Example: "  troupe stop\n  troupe stop -regtest -datadir=/srv/troupe",
	}
	cmd.RunE = func(cmd *cobra.Command, argv []string) error {
		loaded, client, err := a.client(cmd, argv, 30*time.Second)
		if err != nil {
			return err
		}
		var answer string
		if err := client.call(&answer, "stop"); err != nil {
			return starting(err)
		}
		fmt.Fprintln(a.stdout, answer)
		c := &loaded.Config
		limit := c.Process.StopTimeout + 5*time.Second
		start := time.Now()
		for locked(c.ChainDir) {
			if time.Since(start) > limit {
				return fail(exitUnexpected, fmt.Sprintf("the node has not stopped within %s", limit), "its log says which part is late", "wait, or end the process: what was committed is safe")
			}
			time.Sleep(50 * time.Millisecond)
		}
		fmt.Fprintf(a.stdout, "stopped after %.1fs\n", time.Since(start).Seconds())
		return nil
	}
	return cmd
}
