package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/troupe-node/troupe/actors"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/mend"
)

func (a *app) exportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export FILE [options]",
		Short: "Write the blocks of the best chain to a file",
		Long: `Write the blocks of the best chain to a file, genesis first, as Bitcoin Core's blk files have them:
"troupe import" reads it, and so does Bitcoin Core with -loadblock.`,
		Example: "  troupe export bootstrap.dat\n  troupe export /mnt/usb/regtest.dat -regtest",
		RunE: func(cmd *cobra.Command, argv []string) error {
			args, err := a.line(cmd, argv, config.ArgRules{Spaced: true, Words: true})
			if err != nil {
				return err
			}
			if err := words(args, 1, 1, "one file"); err != nil {
				return err
			}
			file := args.Words[0]
			if _, err := os.Stat(file); err == nil {
				return fail(exitUsage, file+" exists", "", "choose another name, or remove it")
			}
			s, err := a.quietSession(args, "export")
			if err != nil {
				return err
			}
			return a.onStore(s, func(ctx context.Context, report mend.Report) error { return a.export(ctx, s, file, report) })
		},
	}
}

// export writes beside the file and renames at the end, so that a file of that
// name is whole.
func (a *app) export(ctx context.Context, s *session, file string, report mend.Report) (err error) {
	params, err := actors.ParamsOf(&s.Config)
	if err != nil {
		return err
	}
	store, err := openStore(s, params)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	out, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".part-*")
	if err != nil {
		return fail(exitUsage, "cannot write "+file, err.Error(), "check the path and its permissions").because(err)
	}
	defer os.Remove(out.Name())
	n, err := mend.Export(store, params.Magic, out, report)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		if errors.Is(err, mend.ErrPruned) {
			return fail(exitUnexpected, "the chain cannot be exported", err.Error(), "use a node that keeps all blocks").because(err)
		}
		return mendFailure(ctx, err)
	}
	if err := os.Chmod(out.Name(), 0o644); err != nil {
		return err
	}
	if err := os.Rename(out.Name(), file); err != nil {
		return fail(exitUnexpected, "cannot write "+file, err.Error(), "").because(err)
	}
	fmt.Fprintf(a.stdout, "exported %d blocks to %s\n", n, file)
	return nil
}
