package config

import (
	"fmt"
	"strings"
)

const envPrefix = "TROUPE_"

// envName is TROUPE_ and the option's name in capitals; Core has one option with a
// dash in it, which no shell could set.
func envName(option string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(option, "-", "_"))
}

// parseEnv takes the TROUPE_* variables out of an environment ("NAME=value"). An
// option that may be given several times takes several values separated by spaces.
// A variable that no option has is an error when it looks like a mistyped one, else a
// notice: other tools may keep variables under the same prefix.
func parseEnv(environ []string) ([]setting, Problems) {
	var settings []setting
	var problems Problems
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		key, ok := strings.CutPrefix(name, envPrefix)
		if !ok || key == "" {
			continue
		}
		origin := Origin{Source: FromEnv, Written: name}
		key = strings.ReplaceAll(strings.ToLower(key), "_", "-")
		o, text, negated := interpretKey(key, value, true)
		if o == nil {
			problems = append(problems, unknownEnv(key, origin))
			continue
		}
		if p, bad := checkForm(o, key, value != "", negated, origin); bad {
			problems = append(problems, p)
			continue
		}
		values := []string{text}
		if o.Multi && !o.Whole && !negated {
			values = strings.Fields(text)
		}
		for _, v := range values {
			settings = append(settings, setting{o, Value{Text: v, Negated: negated, Origin: origin}})
		}
	}
	return settings, problems
}

func unknownEnv(key string, origin Origin) Problem {
	p := Problem{Severity: Notice, Origin: origin, What: "no option has this variable", Why: "it is ignored"}
	if s := suggestOption(key); s != "" {
		p.Severity, p.Why = Fatal, ""
		p.Fix = fmt.Sprintf("did you mean %s?", envName(s))
	}
	return p
}
