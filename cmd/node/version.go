package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/script/secp"
)

// agentName is what peers see: /troupe:0.1.0/.
const agentName = "troupe"

// version may be set by the linker: -ldflags "-X main.version=1.2.3".
var version = "0.1.0"

// buildInfo is what "version --json" prints.
type buildInfo struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	Commit    string            `json:"commit,omitempty"`
	Date      string            `json:"commit_date,omitempty"`
	Dirty     bool              `json:"dirty"`
	Go        string            `json:"go"`
	Platform  string            `json:"platform"`
	Signature string            `json:"signature_engine"`
	Libraries map[string]string `json:"libraries"`
}

var libraries = []string{"github.com/asynkron/protoactor-go", "github.com/dgraph-io/badger/v3", "go.uber.org/zap"}

func build() buildInfo {
	b := buildInfo{
		Name: agentName, Version: version, Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, Signature: secp.Engine, Libraries: map[string]string{},
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Dirty = s.Value == "true"
		}
	}
	for _, dep := range info.Deps {
		for _, l := range libraries {
			if dep.Path == l {
				b.Libraries[l] = dep.Version
			}
		}
	}
	return b
}

// line is the version in a line: troupe 0.1.0 (3f2c1ab12345).
func (b buildInfo) line() string {
	s := b.Name + " " + b.Version
	if b.Commit != "" {
		s += " (" + b.Commit[:min(12, len(b.Commit))]
		if b.Dirty {
			s += ", changed"
		}
		s += ")"
	}
	return s
}

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version [--json]",
		Short:   "Print the version",
		Example: "  troupe version\n  troupe version --json",
	}
	asJSON := cmd.Flags().Bool("json", false, "as JSON, with commit, toolchain and libraries")
	cmd.RunE = func(cmd *cobra.Command, argv []string) error {
		args, err := a.line(cmd, argv, config.ArgRules{Words: true})
		if err != nil {
			return err
		}
		if err := words(args, 0, 0, "no words"); err != nil {
			return err
		}
		b := build()
		if *asJSON {
			return printJSON(a.stdout, b)
		}
		fmt.Fprintln(a.stdout, b.line())
		fmt.Fprintln(a.stdout, strings.Join([]string{b.Go, b.Platform, b.Signature}, " · "))
		return nil
	}
	return cmd
}

func printJSON(w interface{ Write([]byte) (int, error) }, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
