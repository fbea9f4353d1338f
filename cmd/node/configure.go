package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/troupe-node/troupe/config"
)

func (a *app) configCommand() *cobra.Command {
	return a.group("config show|check", "Show or check the settings",
		"  troupe config show --origin\n  troupe config check -conf=/etc/troupe/bitcoin.conf", a.configShow(), a.configCheck())
}

func (a *app) configShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show [--origin] [--all] [--json] [options]",
		Short:   "Print the settings in force",
		Long:    "Print the settings that something has set; with --all the defaults too. Passwords are masked.",
		Example: "  troupe config show --origin\n  troupe config show --all -regtest",
	}
	origin := cmd.Flags().Bool("origin", false, "where each value comes from")
	all := cmd.Flags().Bool("all", false, "also what nobody has set")
	asJSON := cmd.Flags().Bool("json", false, "as JSON")
	cmd.RunE = func(cmd *cobra.Command, argv []string) error {
		loaded, err := a.configured(cmd, argv)
		if err != nil {
			return err
		}
		rows := loaded.Rows()
		if *asJSON {
			return printJSON(a.stdout, settings(rows, *all))
		}
		w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		for _, row := range settings(rows, *all) {
			for i, v := range row.Values {
				line := row.Name + "=" + v
				if *origin {
					line += "\t" + row.Origin[i]
				}
				fmt.Fprintln(w, line)
			}
		}
		return w.Flush()
	}
	return cmd
}

// settingRow is one option of "config show --json".
type settingRow struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
	Origin []string `json:"origin"`
}

func settings(rows []config.Row, all bool) []settingRow {
	list := []settingRow{}
	for _, row := range rows {
		if !row.Set() && (!all || row.Option.Use != config.Used) {
			continue
		}
		s := settingRow{Name: row.Option.Name, Values: row.Values}
		for _, o := range row.Origin {
			s.Origin = append(s.Origin, o.String())
		}
		list = append(list, s)
	}
	return list
}

func (a *app) configCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "check [options]",
		Short:   "Find every mistake in the settings at once",
		Example: "  troupe config check\n  troupe config check -conf=/etc/troupe/bitcoin.conf -chain=signet",
	}
	cmd.RunE = func(cmd *cobra.Command, argv []string) error {
		loaded, err := a.configured(cmd, argv)
		if err != nil {
			return err
		}
		for _, note := range loaded.Notes {
			word := "note"
			if note.Severity == config.Warning {
				word = "warning"
			}
			fmt.Fprintf(a.stdout, "%s: %v\n", word, note)
		}
		file := loaded.Config.ConfFile
		if file == "" {
			file = "no file"
		}
		fmt.Fprintln(a.stdout, strings.Join([]string{"valid", file, "chain " + string(loaded.Config.Chain), loaded.Config.ChainDir}, " · "))
		return nil
	}
	return cmd
}

func (a *app) configured(cmd *cobra.Command, argv []string) (*config.Loaded, error) {
	args, err := a.line(cmd, argv, config.ArgRules{Spaced: true})
	if err != nil {
		return nil, err
	}
	return a.load(args)
}
