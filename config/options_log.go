package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/troupe-node/troupe/logs/category"
)

var logOptions = []Option{
	{Name: "debug", Arg: "<category>", Group: GroupLogs, Multi: true, Bare: true,
		Help:  "Log this category in detail; without a value, 1 or all: every one; 0 or none: none. See docs/logs.md",
		apply: many(func(c *Config) *[]string { return &c.Logs.debug }, parseCategory)},
	{Name: "debugexclude", Arg: "<category>", Group: GroupLogs, Multi: true, Help: "Not this category after all",
		apply: many(func(c *Config) *[]string { return &c.Logs.exclude }, parseCategory)},
	{Name: "loglevel", Arg: "<level>|<category>:<level>", Group: GroupLogs, Multi: true,
		Help:  "trace, debug, info, warn or error: how detailed what -debug names is, or one category (default: debug)",
		apply: applyLogLevel},
	{Name: "logformat", Arg: "<format>", Group: GroupLogs, Default: "auto", NoNegate: true,
		Help:  "console (text), json (an object a line), or auto: text",
		apply: one(func(c *Config) *LogFormat { return &c.Logs.Format }, parseLogFormat)},
	{Name: "printtoconsole", Group: GroupLogs, Default: "1", Help: "Log to standard output too",
		apply: boolean(func(c *Config) *bool { return &c.Logs.Console })},
	{Name: "debuglogfile", Arg: "<file>", Group: GroupLogs, Default: "debug.log",
		Help:  "Log file, relative to the chain's folder; -nodebuglogfile writes none",
		apply: text(func(c *Config) *string { return &c.Logs.File })},
	{Name: "logmaxsize", Arg: "<MiB>", Group: GroupLogs, Default: "100", Help: "The log file is rotated at this size",
		apply: one(func(c *Config) *int64 { return &c.Logs.MaxFileBytes }, parseLogSize)},
	{Name: "logmaxfiles", Arg: "<n>", Group: GroupLogs, Default: "5", Help: "Rotated log files kept, compressed; 0 keeps all",
		apply: integer(func(c *Config) *int { return &c.Logs.MaxFiles }, 0, 10_000)},
	{Name: "logtimestamps", Group: GroupLogs, Default: "1", Help: "Begin lines with the time",
		apply: boolean(func(c *Config) *bool { return &c.Logs.Timestamps })},
	{Name: "logtimemicros", Group: GroupLogs, Default: "0", Debug: true, Help: "With microseconds",
		apply: boolean(func(c *Config) *bool { return &c.Logs.Micros })},
	{Name: "logsourcelocations", Group: GroupLogs, Default: "0", Help: "With file and line of the code",
		apply: boolean(func(c *Config) *bool { return &c.Logs.Sources })},
	{Name: "logips", Group: GroupLogs, Default: "0", Help: "With peers' addresses",
		apply: boolean(func(c *Config) *bool { return &c.Logs.IPs })},
	{Name: "logthreadnames", Group: GroupLogs, Default: "0", Use: Accepted, Help: "With the thread's name",
		Why: "lines name the actor they come from instead"},
	{Name: "loglevelalways", Group: GroupLogs, Default: "0", Use: Accepted, Help: "With category and level always",
		Why: "every line has them"},
	{Name: "shrinkdebugfile", Group: GroupLogs, Use: Accepted, Help: "Shrink debug.log at the start",
		Why: "the log is rotated while the node runs: see -logmaxsize"},
	{Name: "logratelimit", Group: GroupLogs, Use: Accepted, Help: "Limit lines per place", Why: "frequent lines are sampled by category"},
}

func parseLogSize(s string) (int64, error) {
	n, err := parseMiB(s)
	if err == nil && n == 0 {
		return 0, errors.New("0 would rotate on every line: give at least 1")
	}
	return n, err
}

func parseCategory(s string) (string, error) {
	if s == "0" || s == "none" {
		return "none", nil
	}
	if _, ok := category.Resolve(s); ok {
		return s, nil
	}
	if near := Suggest(s, category.Names()); near != "" {
		return "", fmt.Errorf("Unsupported logging category %s, did you mean %s?", s, near)
	}
	return "", fmt.Errorf("Unsupported logging category %s", s)
}

func parseLogFormat(s string) (LogFormat, error) {
	switch f := LogFormat(s); f {
	case FormatAuto, FormatJSON, FormatConsole:
		return f, nil
	}
	return "", fmt.Errorf("%q is none of auto, json, console", s)
}

// logLevels from the most to the least detailed.
var logLevels = []LogLevel{"trace", "debug", "info", "warn", "error"}

func parseLogLevel(s string) (LogLevel, error) {
	s = strings.ToLower(s)
	if s == "warning" {
		s = "warn"
	}
	for _, l := range logLevels {
		if string(l) == s {
			return l, nil
		}
	}
	return "", fmt.Errorf("Unsupported global logging level -loglevel=%s. Valid values: trace, debug, info, warn, error.", s)
}

func applyLogLevel(c *Config, values []Value) error {
	c.Logs.named = map[category.Category]LogLevel{}
	for _, v := range values {
		name, level, named := strings.Cut(v.Text, ":")
		if !named {
			got, err := parseLogLevel(v.Text)
			if err != nil {
				return valueError{v.Origin, err}
			}
			c.Logs.global = got
			continue
		}
		list, ok := category.Resolve(name)
		got, err := parseLogLevel(level)
		if !ok || err != nil {
			return valueError{v.Origin, fmt.Errorf("Unsupported category-specific logging level -loglevel=%s. Expected -loglevel=<category>:<loglevel>. Valid categories: %s. Valid loglevels: trace, debug, info, warn, error.", v.Text, strings.Join(category.Names(), ", "))}
		}
		for _, cat := range list {
			c.Logs.named[cat] = got
		}
	}
	return nil
}

// resolveLevels gives every category its level. As in Core, -debug switches
// categories on and -loglevel says how detailed those are; unlike there, naming a category
// in -loglevel is enough, and info, warn and error quieten everything.
func (l *Logs) resolveLevels() {
	l.Level = "info"
	on := map[category.Category]bool{}
	for _, name := range l.debug {
		if name == "none" {
			clear(on)
			continue
		}
		list, _ := category.Resolve(name)
		for _, c := range list {
			on[c] = true
		}
	}
	for _, name := range l.exclude {
		list, _ := category.Resolve(name)
		for _, c := range list {
			delete(on, c)
		}
	}
	detail := LogLevel("debug")
	switch l.global {
	case "":
	case "trace", "debug":
		detail = l.global
	default:
		l.Level, detail = l.global, l.global
	}
	l.Categories = map[category.Category]LogLevel{}
	for c := range on {
		l.Categories[c] = detail
	}
	for c, level := range l.named {
		l.Categories[c] = level
	}
}
