package config

import (
	"fmt"
	"strings"
)

// ArgRules says how a command line is read.
type ArgRules struct {
	// Spaced accepts "--name value" besides "--name=value" for options that mean
	// nothing without a value. Bitcoin Core's rule is "=" only.
	Spaced bool
	// Words accepts words that are not options (a file to import, an address).
	Words bool
	// Own recognises the command's own flags; they are handed back in Rest.
	Own func(name string) (takesValue, ok bool)
	// OwnNames are offered as suggestions besides the registry's names.
	OwnNames []string
}

// Args is a command line taken apart.
type Args struct {
	Help      bool     // -h, -?, --help
	HelpDebug bool     // -help-debug: with the options meant for tests
	Version   bool     // -version
	Rest      []string // the command's own flags, written --name or --name=value
	Words     []string

	settings []setting
	notes    Problems // nothing that stops the node
}

// setting is one written value of an option, from any source.
type setting struct {
	option *Option
	value  Value
}

// ParseArgs reads a command line: one dash or two, -x, -x=1, -x=0, -nox. All
// problems are reported, not just the first.
func ParseArgs(args []string, rules ArgRules) (Args, Problems) {
	var out Args
	var problems Problems
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" && rules.Words {
			out.Words = append(out.Words, args[i+1:]...)
			break
		}
		name := strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
		if !strings.HasPrefix(arg, "-") || name == "" {
			out.Words = append(out.Words, arg)
			if !rules.Words {
				problems = append(problems, unexpectedWord(arg))
			}
			continue
		}
		name, value, hasValue := strings.Cut(name, "=")
		next := func() bool { // takes the following word as the value
			if !rules.Spaced || hasValue || i+1 >= len(args) || strings.HasPrefix(args[i+1], "-") {
				return false
			}
			i++
			value, hasValue = args[i], true
			return true
		}
		if out.special(name, hasValue) {
			continue
		}
		if rules.Own != nil {
			if takes, ok := rules.Own(name); ok {
				if takes {
					next()
				}
				flag := "--" + name
				if hasValue {
					flag += "=" + value
				}
				out.Rest = append(out.Rest, flag)
				continue
			}
		}
		if o := byName[name]; o != nil && o.TakesValue() {
			next()
		}
		problems = append(problems, out.add(arg, name, value, hasValue, rules.OwnNames)...)
	}
	return out, problems
}

func (a *Args) special(name string, hasValue bool) bool {
	if hasValue {
		return false
	}
	switch name {
	case "h", "?", "help":
		a.Help = true
	case "help-debug":
		a.Help, a.HelpDebug = true, true
	case "version":
		a.Version = true
	default:
		return false
	}
	return true
}

func (a *Args) add(written, name, value string, hasValue bool, ownNames []string) Problems {
	origin := Origin{Source: FromFlag, Written: written}
	o, text, negated := interpretKey(name, value, hasValue)
	switch {
	case o == nil:
		return Problems{unknownFlag(written, name, ownNames)}
	case o.Name == "includeconf" && !negated:
		return Problems{{Severity: Fatal, Origin: origin,
			What: fmt.Sprintf("-includeconf cannot be used from commandline; %s", written),
			Fix:  "write includeconf=<file> in bitcoin.conf"}}
	}
	if p, bad := checkForm(o, name, hasValue, negated, origin); bad {
		return Problems{p}
	}
	if note, twice := doubleNegative(o, name, value, origin); twice && hasValue {
		a.notes = append(a.notes, note)
	}
	a.settings = append(a.settings, setting{o, Value{Text: text, Negated: negated, Origin: origin}})
	return nil
}

// checkForm refuses a value option without its value, and a "no" form that means nothing.
func checkForm(o *Option, name string, hasValue, negated bool, origin Origin) (Problem, bool) {
	switch {
	case negated && o.NoNegate:
		return Problem{Severity: Fatal, Origin: origin,
			What: fmt.Sprintf("Negating of -%s is meaningless and therefore forbidden", o.Name),
			Fix:  fmt.Sprintf("remove it, or give a value: -%s=%s", o.Name, o.Arg)}, true
	case !negated && !hasValue && o.TakesValue():
		return Problem{Severity: Fatal, Origin: origin,
			What: fmt.Sprintf("Can not set -%s with no value", name),
			Fix:  fmt.Sprintf("Please specify value with -%s=%s", name, o.Arg)}, true
	}
	return Problem{}, false
}

func unknownFlag(written, name string, ownNames []string) Problem {
	p := Problem{Severity: Fatal, Origin: Origin{Source: FromFlag, Written: written},
		What: "Invalid parameter " + written,
		Why:  "there is no option of this name",
		Fix:  "see --help, or docs/options.md for all of them"}
	if s := suggestOption(name, ownNames...); s != "" {
		p.Fix = fmt.Sprintf("did you mean -%s?", s)
	}
	return p
}

func unexpectedWord(word string) Problem {
	return Problem{Severity: Fatal, Origin: Origin{Source: FromFlag, Written: word},
		What: fmt.Sprintf("Command line contains unexpected token '%s'", word),
		Why:  "options start with a dash and take their value after =",
		Fix:  "see --help for a list of options"}
}
