package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/troupe-node/troupe/config"
)

// nodeStatus is what "status --json" prints.
type nodeStatus struct {
	Chain    string        `json:"chain"`
	Blocks   int32         `json:"blocks"`
	Headers  int32         `json:"headers"`
	Best     string        `json:"bestblockhash"`
	Syncing  bool          `json:"initialblockdownload"`
	Progress float64       `json:"verificationprogress"`
	Agent    string        `json:"subversion"`
	Peers    int           `json:"connections"`
	In       int           `json:"connections_in"`
	Out      int           `json:"connections_out"`
	PoolTxs  int           `json:"mempool_transactions"`
	PoolSize int64         `json:"mempool_bytes"`
	Uptime   int64         `json:"uptime"`
	Actors   []actorStatus `json:"actors,omitempty"`
}

// actorStatus is one actor of RPC getactors.
type actorStatus struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Parent   string `json:"parent"`
	State    string `json:"state"`
	Depth    int    `json:"depth"`
	Handled  uint64 `json:"handled"`
	Restarts int    `json:"restarts"`
	Last     string `json:"last_message"`
}

func (a *app) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "status [--actors] [--json] [-datadir=…] [-chain=…]",
		Short:   "Show what the running node does",
		Example: "  troupe status\n  troupe status --actors -regtest\n  troupe status --json -datadir=/srv/troupe",
	}
	actors := cmd.Flags().Bool("actors", false, "the tree of actors with their mailboxes")
	asJSON := cmd.Flags().Bool("json", false, "as JSON")
	cmd.RunE = func(cmd *cobra.Command, argv []string) error {
		_, client, err := a.client(cmd, argv, 30*time.Second)
		if err != nil {
			return err
		}
		s, err := readStatus(client, *actors)
		if err != nil {
			return starting(err)
		}
		if *asJSON {
			return printJSON(a.stdout, s)
		}
		if *actors {
			return writeTree(a.stdout, s.Actors)
		}
		return writeStatus(a.stdout, s)
	}
	return cmd
}

// client takes the arguments of a command that speaks to a node. When they name none and
// none runs where one would be, the dev node is meant, if there is one.
func (a *app) client(cmd *cobra.Command, argv []string, timeout time.Duration) (*config.Loaded, *rpcClient, error) {
	rules := config.ArgRules{Spaced: true}
	args, err := a.line(cmd, argv, rules)
	if err != nil {
		return nil, nil, err
	}
	loaded, err := a.load(args)
	if err != nil {
		return nil, nil, err
	}
	if !loaded.Given("datadir") && (!loaded.Given("chain") || loaded.Config.Chain == config.Regtest) && !locked(loaded.Config.ChainDir) {
		if _, dev, err := a.devNode(cmd, argv, rules); err == nil {
			loaded = dev
		}
	}
	client, err := newRPCClient(&loaded.Config, timeout)
	return loaded, client, err
}

// starting turns the answer of a node that warms up into a plain sentence.
func starting(err error) error {
	var e *rpcError
	if errors.As(err, &e) && e.Code == rpcWarmingUp {
		return fail(exitUnexpected, "the node is starting", e.Message, "ask again in a moment")
	}
	return err
}

func readStatus(c *rpcClient, actors bool) (*nodeStatus, error) {
	s := &nodeStatus{}
	if err := c.call(s, "getblockchaininfo"); err != nil {
		return nil, err
	}
	if err := c.call(s, "getnetworkinfo"); err != nil {
		return nil, err
	}
	var pool struct {
		Size  int   `json:"size"`
		Bytes int64 `json:"bytes"`
	}
	if err := c.call(&pool, "getmempoolinfo"); err != nil {
		return nil, err
	}
	s.PoolTxs, s.PoolSize = pool.Size, pool.Bytes
	if err := c.call(&s.Uptime, "uptime"); err != nil {
		return nil, err
	}
	if actors {
		return s, c.call(&s.Actors, "getactors")
	}
	return s, nil
}

func writeStatus(w io.Writer, s *nodeStatus) error {
	state := "synced"
	switch {
	case s.Syncing && s.Peers == 0:
		state = "waiting for peers"
	case s.Syncing:
		state = fmt.Sprintf("catching up, %.2f%%", 100*s.Progress)
	}
	_, err := fmt.Fprintf(w, "%s · %s · height %d of %d · up %s\n  tip      %s\n  peers    %d (%d in, %d out)\n  mempool  %d transactions, %d bytes\n  agent    %s\n",
		s.Chain, state, s.Blocks, s.Headers, time.Duration(s.Uptime)*time.Second, s.Best, s.Peers, s.In, s.Out, s.PoolTxs, s.PoolSize, s.Agent)
	return err
}

// writeTree draws the actors below their parents, in the order in which they were born.
func writeTree(w io.Writer, actors []actorStatus) error {
	children := map[string][]actorStatus{}
	names := map[string]bool{}
	for _, a := range actors {
		names[a.Name] = true
	}
	for _, a := range actors {
		parent := a.Parent
		if !names[parent] {
			parent = "" // the top, or an orphan of a parent that is going
		}
		children[parent] = append(children[parent], a)
	}
	var b strings.Builder
	var draw func(parent, indent string, top bool)
	draw = func(parent, indent string, top bool) {
		list := children[parent]
		for i, a := range list {
			branch, below := "├─ ", "│  "
			if i == len(list)-1 {
				branch, below = "└─ ", "   "
			}
			if top {
				branch, below = "", ""
			}
			name := indent + branch + a.Name
			line := fmt.Sprintf("%s%s%-9s waiting %-5d handled %-9d", name, strings.Repeat(" ", max(1, 28-len([]rune(name)))), a.State, a.Depth, a.Handled)
			if a.Restarts > 0 {
				line += fmt.Sprintf(" restarts %d", a.Restarts)
			}
			if a.Last != "" {
				line += " last " + a.Last
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			draw(a.Name, indent+below, false)
		}
	}
	draw("", "", true)
	_, err := io.WriteString(w, b.String())
	return err
}
