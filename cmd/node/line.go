package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/troupe-node/troupe/config"
)

// line takes a command's arguments apart: its own flags go to cobra, options of the
// registry are returned, and a request for help or the version is answered.
func (a *app) line(cmd *cobra.Command, argv []string, rules config.ArgRules) (config.Args, error) {
	rules.Own = func(name string) (takesValue, ok bool) {
		f := cmd.Flags().Lookup(name)
		if f == nil {
			return false, false
		}
		return f.NoOptDefVal == "", true
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) { rules.OwnNames = append(rules.OwnNames, f.Name) })
	args, problems := config.ParseArgs(argv, rules)
	if args.Help {
		if err := cmd.Help(); err != nil {
			return args, err
		}
		if takesOptions(cmd) {
			fmt.Fprintln(a.stdout)
			if err := config.WriteHelp(a.stdout, args.HelpDebug, 100); err != nil {
				return args, err
			}
		}
		return args, errShown
	}
	if args.Version {
		fmt.Fprintln(a.stdout, a.versionLine())
		return args, errShown
	}
	if len(problems) > 0 {
		return args, a.allMistakes(args, problems)
	}
	if err := cmd.Flags().Parse(args.Rest); err != nil {
		return args, fail(exitUsage, err.Error(), "", "see troupe "+cmd.Name()+" --help")
	}
	return args, nil
}

// allMistakes tells those of the command line together with those of the files and the
// environment, so that all can be mended at once.
func (a *app) allMistakes(args config.Args, problems config.Problems) error {
	code := exitUsage
	if len(problems.At(config.Fatal)) == 0 {
		code = exitConfig
	}
	var more config.Problems
	if _, err := a.load(args); errors.As(err, &more) {
		problems = append(problems, more...)
	}
	return fail(code, "", "", "").because(problems)
}

// optionsNote marks commands whose help lists the node's options.
const optionsNote = "node options"

func takesOptions(cmd *cobra.Command) bool {
	_, ok := cmd.Annotations[optionsNote]
	return ok
}

// load resolves the configuration of a command line.
func (a *app) load(args config.Args) (*config.Loaded, error) {
	return config.Load(config.Sources{
		Args: args, Environ: a.environ, Home: a.home, WorkDir: a.dir, ReadFile: readFile,
		SameFile: sameFile, AsCore: a.asBitcoind(),
	})
}

// sameFile knows a file by what it is, not by how it is called: a link leads to it.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// readFile says plainly when the file is a folder.
func readFile(path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
			return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("it is a folder")}
		}
	}
	return raw, err
}

// words refuses too few and too many words after a command.
func words(args config.Args, least, most int, what string) error {
	switch n := len(args.Words); {
	case n < least:
		return fail(exitUsage, "something is missing", "the command takes "+what, "see --help")
	case most >= 0 && n > most:
		return fail(exitUsage, fmt.Sprintf("unexpected %q", args.Words[most]), "the command takes "+what, "see --help")
	}
	return nil
}
