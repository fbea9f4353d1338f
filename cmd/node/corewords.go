package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/troupe-node/troupe/config"
)

// reportAsCore writes an error as programs that start a bitcoind expect it: on
// standard error the first mistake alone, in Core's sentence; for people, the
// whole of it on standard output.
func reportAsCore(stderr, stdout io.Writer, err error) {
	report(stdout, err)
	var problems config.Problems
	if errors.As(err, &problems) {
		if fatal := problems.At(config.Fatal); len(fatal) > 0 {
			fmt.Fprintf(stderr, "Error: %s\n", coreSentence(firstInCore(fatal)))
			return
		}
	}
	var f *failure
	switch {
	case errors.As(err, &f) && f.What == blocksFromFuture:
		fmt.Fprintf(stderr, ": %s\n%s\n", f.What, f.Fix)
	case errors.As(err, &f):
		fmt.Fprintf(stderr, "Error: %s\n", f.What)
	default:
		fmt.Fprintf(stderr, "Error: %v\n", err)
	}
}

// firstInCore is the mistake that Core comes to first. At what is listened to and who
// is trusted it looks last, when it opens the network.
func firstInCore(fatal config.Problems) config.Problem {
	for _, p := range fatal {
		switch option, _, _ := strings.Cut(p.What, ": "); option {
		case "-bind", "-whitebind", "-whitelist", "-uacomment":
		default:
			return p
		}
	}
	return fatal[0]
}

const noHTTPServer = "Unable to start HTTP server. See debug log for details."

// coreSentence is what Core says of a mistake in the settings, with its words for
// where it was found.
func coreSentence(p config.Problem) string {
	// Where a value is wrong, ours begins with the option, and Core's often not.
	option := ""
	if head, rest, ok := strings.Cut(p.What, ": "); ok && strings.HasPrefix(p.What, "-") && rest != "" && (unicode.IsUpper(rune(rest[0])) || rest[0] == '-') {
		option, p.What = head, rest
	}
	begins := func(prefixes ...string) bool {
		for _, prefix := range prefixes {
			if strings.HasPrefix(p.What, prefix) {
				return true
			}
		}
		return false
	}
	switch {
	case begins("-peertimeout: "):
		return "peertimeout must be a positive integer."
	case begins("Invalid -rpcauth argument."):
		return noHTTPServer
	case begins("Can not set -"):
		return fmt.Sprintf("Error parsing command line arguments: %s. Please specify value with %s=value.", p.What, strings.Fields(p.What)[3])
	case begins("-includeconf cannot be used"):
		return "Error parsing command line arguments: " + quoteInclude(p.What)
	case begins("Unsupported logging category"):
		return fmt.Sprintf("Unsupported logging category %s=%s.", option, strings.TrimSuffix(strings.Fields(p.What)[3], ","))
	case begins("Unsupported global logging level"):
		return strings.Replace(p.What, "trace, debug, info, warn, error", "info, debug, trace", 1)
	case begins("Invalid parameter -", "Negating of -"):
		return "Error parsing command line arguments: " + p.What
	case begins("Command line contains unexpected token"):
		return p.What + ", see bitcoind -h for a list of options."
	case begins("Data directory ") && strings.Contains(p.What, "which is ignored"):
		dir, _, _ := strings.Cut(strings.TrimPrefix(p.What, "Data directory "), " contains a ")
		return p.What + fmt.Sprintf(ignoredConfAdvice, dir)
	case begins("parse error on line", "Failed to include configuration file", "specified config file", "Invalid configuration value", "conf cannot be set"):
		return "Error reading configuration file: " + p.What
	}
	return p.What
}

// ignoredConfAdvice is how Core goes on after saying that a file is ignored.
const ignoredConfAdvice = ` Possible ways to address this would be to:
- Delete or rename the "bitcoin.conf" file in data directory %s.
- Change datadir= or conf= options to specify one configuration file, not two, and use includeconf= to include any other configuration files.
- Set allowignoredconf=1 option to treat this condition as a warning, not an error.`

// quoteInclude writes the value of an -includeconf as Core does, in JSON: a negation of
// a negation is true.
func quoteInclude(what string) string {
	said, written, _ := strings.Cut(what, "; ")
	if name, file, _ := strings.Cut(written, "="); strings.TrimLeft(name, "-") == "includeconf" {
		return said + "; -includeconf=" + strconv.Quote(file)
	}
	return said + "; -includeconf=true"
}

// warnAsCore tells on standard error what Core tells there while it starts.
func warnAsCore(stderr io.Writer, notes config.Problems) {
	var sections []string
	for _, n := range notes {
		switch {
		case strings.HasPrefix(n.What, "-includeconf cannot be used from included files"):
			fmt.Fprintln(stderr, "warning: "+n.What)
		case strings.HasPrefix(n.What, "Section ["):
			sections = append(sections, fmt.Sprintf("%s:%d %s", n.Origin.File, n.Origin.Line, n.What))
		}
	}
	if len(sections) > 0 {
		fmt.Fprintln(stderr, "Warning: "+strings.Join(sections, "\n"))
	}
}

// versionLine answers -version; scripts look for Core's word for it.
func (a *app) versionLine() string {
	if a.asBitcoind() {
		return "Troupe version " + strings.TrimPrefix(build().line(), agentName+" ")
	}
	return build().line()
}
