package config

import "strings"

// Severity says whether a problem stops the node.
type Severity int

const (
	// Notice: worth a line in the log and in "config check", nothing more.
	Notice Severity = iota
	// Warning: probably not what was meant; shown to the person who starts the node.
	Warning
	// Fatal: the node does not start.
	Fatal
)

// Problem is one thing wrong with the settings: what, why, what to do.
type Problem struct {
	Severity Severity
	Origin   Origin
	What     string
	Why      string
	Fix      string
}

// Error reads "place: what · why · fix".
func (p Problem) Error() string {
	parts := make([]string, 0, 3)
	for _, s := range []string{p.What, p.Why, p.Fix} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return p.Origin.prefix() + strings.Join(parts, " · ")
}

// Problems is everything that is wrong, in the order of the sources.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// At keeps the problems of one severity.
func (ps Problems) At(s Severity) Problems {
	var out Problems
	for _, p := range ps {
		if p.Severity == s {
			out = append(out, p)
		}
	}
	return out
}
