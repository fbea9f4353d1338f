package config

import (
	"fmt"
	"strings"
)

// confLine is one assignment of a bitcoin.conf file.
type confLine struct {
	Section string // "" before the first section
	Key     string // as written, including a "no" prefix
	Value   string
	Line    int
}

// confSection is a section header or a key's prefix, kept so that unknown ones can be named.
type confSection struct {
	Name string
	Line int
}

// confText is a parsed file: syntax only, the keys have not been looked up.
type confText struct {
	File     string
	Lines    []confLine
	Sections []confSection
}

const confSpace = " \t\r\n"

// parseConf reads Bitcoin Core's configuration syntax (common/config.cpp):
// key=value lines, # comments, [section] headers, and section.key=value before them.
// It goes on after an error so that all of them are reported together.
func parseConf(file string, text []byte) (confText, Problems) {
	conf := confText{File: file}
	var problems Problems
	section := ""
	body := strings.TrimPrefix(string(text), "\ufeff")
	for i, line := range strings.Split(body, "\n") {
		number := i + 1
		refuse := func(what, fix string) {
			problems = append(problems, Problem{
				Severity: Fatal, Origin: Origin{Source: FromFile, File: file, Line: number},
				What: what, Fix: fix,
			})
		}
		line, _, hash := strings.Cut(line, "#")
		line = strings.Trim(line, confSpace)
		switch {
		case line == "":
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = strings.Trim(line[1:len(line)-1], confSpace)
			conf.Sections = append(conf.Sections, confSection{section, number})
		case strings.HasPrefix(line, "-"):
			refuse(fmt.Sprintf("parse error on line %d: %s, options in configuration file must be specified without leading -", number, line),
				"write it as "+strings.TrimLeft(line, "-"))
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok {
				what, fix := fmt.Sprintf("parse error on line %d: %s", number, line), fmt.Sprintf("write it as %s=1 or %s=<value>", line, line)
				if strings.HasPrefix(line, "no") {
					what, fix = what+fmt.Sprintf(", if you intended to specify a negated option, use %s=1 instead", line), ""
				}
				refuse(what, fix)
				continue
			}
			key, value = strings.Trim(key, confSpace), strings.Trim(value, confSpace)
			if hash && strings.Contains(key, "rpcpassword") {
				refuse(fmt.Sprintf("parse error on line %d, using # in rpcpassword can be ambiguous and should be avoided", number),
					"choose a password without #, or use rpcauth=")
				continue
			}
			entry := confLine{Section: section, Key: key, Value: value, Line: number}
			if dot := strings.LastIndexByte(key, '.'); dot >= 0 {
				// Only before the first header does a prefix choose a section; below one,
				// Core reads [a] b.key as the key b.key of section a, which nothing is.
				prefix := key[:dot]
				if section == "" {
					entry.Section, entry.Key, _ = strings.Cut(key, ".")
				} else {
					prefix = section + "." + prefix
				}
				conf.Sections = append(conf.Sections, confSection{prefix, number})
			}
			conf.Lines = append(conf.Lines, entry)
		}
	}
	return conf, problems
}
