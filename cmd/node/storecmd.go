package main

import (
	"context"
	"fmt"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/troupe-node/troupe/actors"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/chainstore/txindex"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/mend"
	"github.com/troupe-node/troupe/tx"
)

func (a *app) storeCommand() *cobra.Command {
	return a.group("store info|verify", "Look at the chain's store, or check it for damage",
		"  troupe store info -regtest\n  troupe store verify --level 4", a.storeInfo(), a.storeVerify())
}

func (a *app) storeInfo() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "info [--json] [options]",
		Short:   "Say what the store holds and what it takes",
		Example: "  troupe store info\n  troupe store info --json -chain=signet",
	}
	asJSON := cmd.Flags().Bool("json", false, "as JSON")
	cmd.RunE = func(cmd *cobra.Command, argv []string) error {
		args, err := a.line(cmd, argv, config.ArgRules{Spaced: true})
		if err != nil {
			return err
		}
		s, err := a.quietSession(args, "store info")
		if err != nil {
			return err
		}
		return a.onStore(s, func(context.Context, mend.Report) error {
			info, err := describeStore(s)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.stdout, info)
			}
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			info.write(w)
			return w.Flush()
		})
	}
	return cmd
}

// storeDescription is what "store info" prints. Bytes are those on disk.
type storeDescription struct {
	Path      string `json:"path"`
	Schema    int    `json:"schema"`
	CreatedBy string `json:"created_by"`
	Chain     string `json:"chain"`
	Sequence  uint64 `json:"sequence"`
	Synced    uint64 `json:"synced"`
	Tip       string `json:"tip"`
	Height    int32  `json:"height"`
	Headers   int    `json:"headers"`
	Best      int32  `json:"best_header_height"`
	Bodies    int    `json:"blocks"` // with a body
	Undo      int    `json:"undo"`
	Pruned    int    `json:"pruned"`
	BodyBytes int64  `json:"block_bytes"` // with their undo data
	TxIndex   int32  `json:"txindex_height"`
	Tables    int64  `json:"tables_bytes"`
	ValueLog  int64  `json:"value_log_bytes"`
	Logs      int64  `json:"logs_bytes"`
	Pending   string `json:"pending,omitempty"` // a reindexing that was not ended
	Kept      int    `json:"recovered_commits"`
	TakenBack int    `json:"taken_back_entries"`
}

func describeStore(s *session) (d storeDescription, err error) {
	params, err := actors.ParamsOf(&s.Config)
	if err != nil {
		return d, err
	}
	pending, err := mend.Pending(storePath(s))
	if err != nil {
		return d, err
	}
	format, err := chainstore.ReadFormat(storePath(s))
	if err != nil {
		return d, mendFailure(context.Background(), err)
	}
	store, err := openStore(s, params)
	if err != nil {
		return d, err
	}
	defer func() {
		if closed := store.Close(); err == nil {
			err = closed
		}
	}()
	usage, err := store.Usage()
	if err != nil {
		return d, err
	}
	state, recovered := store.State(), store.Recovered()
	d = storeDescription{
		Path: storePath(s), Schema: format.Schema, CreatedBy: format.CreatedBy, Chain: format.Network,
		Sequence: state.Seq, Synced: store.Synced(), Tip: state.Tip.String(), TxIndex: -1,
		Tables: usage.Tables, ValueLog: usage.ValueLog, Logs: usage.Logs, Pending: string(pending),
		Kept: recovered.Kept, TakenBack: recovered.RolledBack,
	}
	return d, d.count(store, state.Tip)
}

// count goes through header records and body sizes.
func (d *storeDescription) count(store *chainstore.Badger, tip tx.Hash) error {
	snap, err := store.Snapshot()
	if err != nil {
		return err
	}
	defer snap.Release()
	indexed, isIndexed, err := txindex.ReadPosition(snap)
	if err != nil {
		return err
	}
	err = store.Headers(func(r chainstore.HeaderRecord) error {
		d.Headers++
		d.Best = max(d.Best, r.Height)
		for bit, n := range map[uint32]*int{chainstore.StatusHaveBody: &d.Bodies, chainstore.StatusHaveUndo: &d.Undo, chainstore.StatusPruned: &d.Pruned} {
			if r.Status&bit != 0 {
				*n++
			}
		}
		if r.Hash == tip {
			d.Height = r.Height
		}
		if isIndexed && r.Hash == indexed {
			d.TxIndex = r.Height
		}
		return nil
	})
	if err != nil {
		return err
	}
	return snap.Sizes(func(_ tx.Hash, bytes int64) error { d.BodyBytes += bytes; return nil })
}

func (d *storeDescription) write(w *tabwriter.Writer) {
	mib := func(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
	row := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	row("store", "%s (schema %d, by %s)", d.Path, d.Schema, d.CreatedBy)
	row("chain", "%s", d.Chain)
	row("tip", "height %d, %s", d.Height, d.Tip)
	row("sequence", "%d, synced %d", d.Sequence, d.Synced)
	row("headers", "%d, up to height %d", d.Headers, d.Best)
	row("blocks", "%d stored, %d with undo data, %d pruned; %s", d.Bodies, d.Undo, d.Pruned, mib(d.BodyBytes))
	if d.TxIndex >= 0 {
		row("txindex", "complete up to height %d", d.TxIndex)
	}
	row("on disk", "tables %s, value log %s, logs %s", mib(d.Tables), mib(d.ValueLog), mib(d.Logs))
	if d.Pending != "" {
		row("pending", "a reindexing, in its phase %q: `troupe reindex` goes on with it", d.Pending)
	}
	if d.TakenBack > 0 {
		row("recovered", "%d entries of an unfinished commit were taken back just now", d.TakenBack)
	}
}

func (a *app) storeVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify [--level 0..4] [options]",
		Short: "Check the store for damage, and say what mends it",
		Long: `Check the store for damage. Each level includes those before it:
  0  tables against their checksums
  1  headers: each follows its parent, and the tip is one of them
  2  block bodies: whole, and those that the headers commit to
  3  undo data: whole, and as much as each block spends
  4  coins: made again from the blocks, and compared one by one
Exit code 7 says that something is damaged; each damage is named with the command that mends it.`,
		Example: "  troupe store verify\n  troupe store verify --level 4 -chain=signet",
	}
	level := cmd.Flags().Int("level", 3, "how deep to look, 0 to 4")
	cmd.RunE = func(cmd *cobra.Command, argv []string) error {
		args, err := a.line(cmd, argv, config.ArgRules{Spaced: true})
		if err != nil {
			return err
		}
		if *level < 0 || *level > 4 {
			return fail(exitUsage, fmt.Sprintf("there is no level %d", *level), "", "use 0 to 4")
		}
		s, err := a.quietSession(args, "store verify")
		if err != nil {
			return err
		}
		return a.onStore(s, func(ctx context.Context, report mend.Report) error { return a.verifyStore(ctx, s, *level, report) })
	}
	return cmd
}

func (a *app) verifyStore(ctx context.Context, s *session, level int, report mend.Report) (err error) {
	params, err := actors.ParamsOf(&s.Config)
	if err != nil {
		return err
	}
	if phase, err := mend.Pending(storePath(s)); err != nil || phase != mend.None && phase != mend.Connect {
		return fail(exitUnexpected, "a reindexing of this store was begun and not ended", "it is in its phase "+string(phase), "run troupe reindex to go on with it").because(err)
	}
	store, err := openStore(s, params)
	if err != nil {
		return err
	}
	defer func() {
		if closed := store.Close(); err == nil {
			err = closed
		}
	}()
	damage, err := mend.Verify(store, mend.VerifyOptions{
		Level: level, Scratch: filepath.Join(s.Config.ChainDir, "verify"), Memory: int(s.Config.Store.DBCache), Report: report,
	})
	if err != nil {
		return mendFailure(ctx, err)
	}
	for _, d := range damage {
		fmt.Fprintf(a.stdout, "damaged: %s: %s; %s\n", d.What, d.Why, d.Mend)
	}
	if n := len(damage); n > 0 {
		return fail(exitCorrupt, fmt.Sprintf("%d damages were found", n), "", damage[0].Mend)
	}
	fmt.Fprintf(a.stdout, "no damage at level %d\n", level)
	return nil
}
