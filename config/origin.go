package config

import "fmt"

// Source is the kind of place a setting comes from, weakest first.
type Source int

const (
	FromDefault     Source = iota // the registry
	FromImplication               // another setting implies it
	FromFile                      // bitcoin.conf, before any section
	FromSection                   // bitcoin.conf, the section of the chain
	FromEnv                       // TROUPE_*
	FromFlag                      // the command line
)

// Origin is the exact place a setting was written at.
type Origin struct {
	Source  Source
	File    string // FromFile, FromSection
	Line    int    // FromFile, FromSection
	Section string // FromSection
	Written string // the flag or variable as written, or the setting that implies
}

func (o Origin) String() string {
	switch o.Source {
	case FromFile:
		return fmt.Sprintf("%s:%d", o.File, o.Line)
	case FromSection:
		return fmt.Sprintf("%s:%d [%s]", o.File, o.Line, o.Section)
	case FromEnv:
		return "environment " + o.Written
	case FromFlag:
		return "command line"
	case FromImplication:
		return "implied by " + o.Written
	default:
		return "default"
	}
}

// prefix is how a problem names its place; flags name themselves in the text.
func (o Origin) prefix() string {
	switch o.Source {
	case FromFile, FromSection:
		return fmt.Sprintf("%s:%d: ", o.File, o.Line)
	case FromEnv:
		return o.Written + ": "
	default:
		return ""
	}
}
