package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/troupe-node/troupe/config"
)

// app is the program as it was started.
type app struct {
	name           string // what it was called as
	stdout, stderr io.Writer
	environ        []string
	home, dir      string
	engine         engine
}

// asBitcoind tells whether the program was called by the name that rigs and service
// files use.
func (a *app) asBitcoind() bool {
	return strings.TrimSuffix(a.name, ".exe") == "bitcoind"
}

// errShown ends a command that has printed what was asked for, such as its help.
var errShown = errors.New("shown")

func (a *app) execute(argv []string) int {
	var err error
	if a.asBitcoind() {
		err = a.runAsBitcoind(argv)
	} else {
		root := a.root()
		root.SetArgs(arrange(argv, root))
		err = root.Execute()
	}
	if err == nil || errors.Is(err, errShown) {
		return exitOK
	}
	if a.asBitcoind() {
		reportAsCore(a.stderr, a.stdout, err)
		return exitUnexpected // Core knows one code
	}
	report(a.stderr, err)
	return exitCode(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "troupe",
		Short: "A Bitcoin full node played by a troupe of actors",
		Long: `Troupe is a Bitcoin full node played by a troupe of actors.

Without a command it runs a node by Bitcoin Core's argument rules.`,
		Example: a.examples(),
		Args:    cobra.ArbitraryArgs,
		RunE:    a.runWithoutCommand,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetHelpCommand(a.helpCommand())
	if a.engine.Run != nil {
		root.AddCommand(a.runCommand(), a.devCommand())
	}
	if a.engine.Import != nil {
		root.AddCommand(a.importCommand())
	}
	if a.engine.Flood != nil {
		root.AddCommand(a.floodCommand())
	}
	root.AddCommand(a.storeCommand(), a.reindexCommand(), a.exportCommand())
	root.AddCommand(a.statusCommand(), a.stopCommand(), a.configCommand(), a.versionCommand())
	for _, c := range allCommands(root) {
		c.DisableFlagParsing = true // line does it, by the registry
		c.DisableFlagsInUseLine = true
	}
	return root
}

// group is a command that only has others below it. Alone it explains them.
func (a *app) group(use, short, example string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Example: example}
	cmd.RunE = func(cmd *cobra.Command, argv []string) error {
		args, err := a.line(cmd, argv, config.ArgRules{Spaced: true, Words: true})
		if err != nil {
			return err
		}
		if len(args.Words) == 0 {
			return cmd.Help()
		}
		return unknownCommand(cmd.Name()+" "+args.Words[0], cmd, args.Words[0])
	}
	cmd.AddCommand(below...)
	return cmd
}

// helpCommand is "troupe help run", which people type as often as "troupe run --help".
func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Explain a command", Example: "  troupe help run",
		RunE: func(cmd *cobra.Command, argv []string) error {
			args, err := a.line(cmd, argv, config.ArgRules{Words: true})
			if err != nil {
				return err
			}
			root := cmd.Root()
			for _, word := range args.Words {
				if !slices.Contains(commandNames(root), word) {
					return unknownCommand(strings.Join(args.Words, " "), root, word)
				}
				root, _, _ = root.Find([]string{word})
			}
			_, err = a.line(root, []string{"--help"}, config.ArgRules{})
			return err
		},
	}
}

// unknownCommand suggests what may have been meant.
func unknownCommand(written string, parent *cobra.Command, word string) error {
	fix := fmt.Sprintf("see %s --help", parent.CommandPath())
	if near := config.Suggest(word, commandNames(parent)); near != "" {
		near, _ = strings.CutPrefix(parent.CommandPath()+" "+near, "troupe ")
		fix = fmt.Sprintf("did you mean %s?", near)
	}
	return fail(exitUsage, fmt.Sprintf("unknown command %q", written), "", fix)
}

func (a *app) examples() string {
	lines := []string{}
	if a.engine.Run != nil {
		lines = append(lines,
			"  troupe dev                        a private chain with coins to spend, gone with Ctrl-C",
			"  troupe run -chain=signet          join a chain",
			"  troupe status --actors            what the running node does, actor by actor")
	}
	lines = append(lines, "  troupe config show --origin       every setting and where it comes from")
	return strings.Join(lines, "\n")
}

func allCommands(c *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		list = append(list, allCommands(sub)...)
	}
	return list
}

// arrange moves the command in front of the options, so that "troupe -regtest status"
// is "troupe status -regtest": which words are values is known to the registry alone.
func arrange(argv []string, root *cobra.Command) []string {
	names := commandNames(root)
	for i := 0; i < len(argv); i++ {
		arg := argv[i]
		if !strings.HasPrefix(arg, "-") || strings.Trim(arg, "-") == "" {
			if i > 0 && slices.Contains(names, arg) {
				moved := append([]string{arg}, argv[:i]...)
				return append(moved, argv[i+1:]...)
			}
			return argv
		}
		name := strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
		if o := config.Lookup(name); o != nil && o.TakesValue() {
			i++ // its value stands next
		}
	}
	return argv
}

func commandNames(c *cobra.Command) []string {
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	return names
}

// runWithoutCommand is "troupe -regtest …": a node. A word that is no command is a mistake.
func (a *app) runWithoutCommand(cmd *cobra.Command, argv []string) error {
	if len(argv) > 0 && !strings.HasPrefix(argv[0], "-") {
		return unknownCommand(argv[0], cmd, argv[0])
	}
	if len(argv) == 0 && a.engine.Run == nil {
		return cmd.Help()
	}
	args, err := a.line(cmd, argv, config.ArgRules{Spaced: true})
	if err != nil {
		return err
	}
	if a.engine.Run == nil {
		return fail(exitUsage, "no command was given", "", "see troupe --help")
	}
	return a.run(args, true)
}
