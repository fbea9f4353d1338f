package config

import (
	"fmt"
	"io"
	"strings"
)

// WriteHelp prints the options by group, as bitcoind's -help does; with debug also
// those meant for tests and rigs. width is where lines break.
func WriteHelp(w io.Writer, debug bool, width int) error {
	var b strings.Builder
	for _, g := range groups {
		if g == GroupCompatible {
			continue
		}
		titled := false
		for i := range registry {
			o := &registry[i]
			if o.Group != g || o.Debug && !debug || o.Use != Used {
				continue
			}
			if !titled {
				titled = true
				fmt.Fprintf(&b, "%s:\n", g)
			}
			fmt.Fprintf(&b, "  -%s\n", o.usage())
			for _, line := range wrap(o.sentence(), width-6) {
				fmt.Fprintf(&b, "      %s\n", line)
			}
		}
		if titled {
			b.WriteByte('\n')
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (o *Option) usage() string {
	switch {
	case o.Switch():
		return o.Name
	case o.Bare:
		return o.Name + "[=" + o.Arg + "]"
	}
	return o.Name + "=" + o.Arg
}

func (o *Option) sentence() string {
	s := o.Help
	if d := o.defaultText(); d != "" {
		s += " (default: " + d + ")"
	}
	if o.Multi {
		s += ". May be given several times"
	}
	return s + "."
}

// defaultText names the default, by chain where it differs: "8333, test 18333, …".
func (o *Option) defaultText() string {
	if o.PerChain == nil {
		return o.Default
	}
	main := o.PerChain(Main)
	parts := []string{main}
	for _, c := range Chains[1:] {
		if d := o.PerChain(c); d != main {
			parts = append(parts, string(c)+" "+d)
		}
	}
	return strings.Join(parts, ", ")
}

func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// Markdown writes docs/options.md from the registry.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Options

*Generated from the registry in config/: change it there, then run ` + "`go test ./config -update`" + `.*

Every option can be written in four places; the first that has it wins:

1. the command line: ` + "`-port=8333`, `--port=8333`, `-listen`, `-listen=0`, `-nolisten`" + `. The last one wins.
2. the environment: ` + "`TROUPE_PORT=8333`" + `. Options that may be given several times take several values separated by spaces.
3. ` + "`bitcoin.conf`, below the chain's section" + ` (` + "`[main]`, `[test]`, `[testnet4]`, `[signet]`, `[regtest]`" + `): ` + "`port=8333`, `nolisten=1`" + `. The first one wins.
4. ` + "`bitcoin.conf`" + ` before any section.

Options that may be given several times add up over the places instead, and their ` + "`no`" + ` form takes away what the weaker places say.
` + "`troupe config show --origin`" + ` prints what is in force and where it was written; ` + "`troupe config check`" + ` finds every mistake at once.
**Section** marks the options that a file must have in the section of the chain, unless that is main.

`)
	for _, g := range groups {
		fmt.Fprintf(&b, "## %s\n\n", g)
		if g == GroupCompatible {
			b.WriteString("Bitcoin Core's other options, so that its files and command lines are understood. *Accepted* ones change nothing here; *refused* ones stop the node unless they are switched off (`=0`).\n\n")
			compatibleTable(&b)
			continue
		}
		b.WriteString("| option | default | what it does |\n|---|---|---|\n")
		for i := range registry {
			if o := &registry[i]; o.Group == g {
				fmt.Fprintf(&b, "| `-%s` | %s | %s |\n", strings.ReplaceAll(o.usage(), "|", "\\|"), code(o.defaultText()), o.cell())
			}
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (o *Option) cell() string {
	s := o.Help
	if o.Multi {
		s += ". May be given several times"
	}
	if o.NetworkOnly {
		s += ". **Section**"
	}
	if o.Debug {
		s += ". For tests"
	}
	switch o.Use {
	case Refused:
		s += ". *Refused*: " + o.Why
	case Accepted:
		s += ". *Accepted*: " + o.Why
	}
	return strings.ReplaceAll(s, "|", "\\|")
}

func compatibleTable(b *strings.Builder) {
	b.WriteString("| option | | why |\n|---|---|---|\n")
	for i := range registry {
		o := &registry[i]
		if o.Group != GroupCompatible {
			continue
		}
		use := "accepted"
		if o.Use == Refused {
			use = "refused"
		}
		fmt.Fprintf(b, "| `-%s` | %s | %s |\n", o.Name, use, o.Why)
	}
	b.WriteByte('\n')
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
