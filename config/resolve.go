package config

import (
	"errors"
	"fmt"
	"slices"
)

// resolve finds the values of every option that was written anywhere.
func (l *loader) resolve() {
	sources := [][]setting{l.src.Args.settings, l.env, l.section, l.global}
	for i := range registry {
		o := &registry[i]
		if o.Name == "chain" {
			continue // chooseChain did
		}
		written := make([][]Value, len(sources))
		for n, list := range sources {
			for _, s := range list {
				if s.option == o {
					written[n] = append(written[n], s.value)
				}
			}
		}
		if o.NetworkOnly && l.out.Config.Chain != Main {
			written[3] = l.networkOnly(o, written)
		}
		var values []Value
		if o.Multi || o.Once {
			values = accumulate(written)
		} else {
			values = strongest(written)
		}
		if len(values) > 0 {
			l.out.resolved[o.Name] = values
		}
	}
}

// strongest picks one value: the strongest source that has any; the last one on a command
// line, the first one in a file. Inside a file a negation takes away what stands
// before it, as in Core.
func strongest(written [][]Value) []Value {
	for n, values := range written {
		if len(values) == 0 {
			continue
		}
		if n < 2 {
			return values[len(values)-1:]
		}
		kept := afterNegation(values)
		if len(kept) > 1 && kept[0].Negated {
			kept = kept[1:]
		}
		return kept[:1]
	}
	return nil
}

// accumulate joins the values of all sources, strongest first. A negation takes away
// what stands before it and every weaker source.
func accumulate(written [][]Value) []Value {
	var all []Value
	for _, values := range written {
		kept := afterNegation(values)
		negated := len(kept) > 0 && kept[0].Negated
		if negated && (len(kept) > 1 || len(all) > 0) {
			kept = kept[1:]
		}
		all = append(all, kept...)
		if negated {
			break
		}
	}
	return all
}

// afterNegation drops everything before the last negation, which stays first.
func afterNegation(values []Value) []Value {
	for i := len(values) - 1; i >= 0; i-- {
		if values[i].Negated {
			return values[i:]
		}
	}
	return values
}

// networkOnly enforces Core's rule for options whose global value is meant for the main
// chain: on another chain it does not apply, and when nothing else sets the option
// the node refuses to start, because a port meant for one chain would be used for another.
func (l *loader) networkOnly(o *Option, written [][]Value) []Value {
	global := written[3]
	if len(global) == 0 || global[len(global)-1].Negated {
		return global
	}
	chain := l.out.Config.Chain
	if len(written[0])+len(written[1])+len(written[2]) == 0 {
		l.fatal(global[0].Origin,
			fmt.Sprintf("Config setting for -%s only applied on %s network when in [%s] section.", o.Name, chain, chain),
			"outside a section it is meant for main", fmt.Sprintf("move it below a line [%s], or write %s.%s=", chain, chain, o.Name))
	}
	return nil
}

// apply stores the values, or the defaults, in the order of the registry: an option
// may rely on those before it (a bind address on the port).
func (l *loader) apply() {
	for i := range registry {
		o := &registry[i]
		values, set := l.out.resolved[o.Name]
		switch {
		case o.Use == Refused && set:
			l.refuse(o, values)
			continue
		case o.Use == Accepted && set && values[0].Origin.Source == FromImplication:
			continue
		case o.Use == Accepted && set:
			l.note(Notice, values[0].Origin, fmt.Sprintf("-%s is accepted and not used here", o.Name), o.Why, "")
			continue
		case o.apply == nil:
			continue
		case o.Once && len(values) > 1:
			l.fatal(values[1].Origin, fmt.Sprintf("-%s cannot be multiple values.", o.Name), "", "keep one of them")
			continue
		}
		if !set {
			d := o.DefaultFor(l.out.Config.Chain)
			if d == "" {
				continue
			}
			values = []Value{{Text: d}}
		} else if o.Multi && values[0].Negated && o.Name != "connect" {
			continue // nothing
		}
		if err := o.apply(&l.out.Config, values); err != nil {
			l.badValue(o, values, err)
		}
	}
}

// refuse lets an unsupported option pass when it is switched off.
func (l *loader) refuse(o *Option, values []Value) {
	for _, v := range values {
		if v.Negated || v.Text == "0" {
			continue
		}
		l.fatal(v.Origin, fmt.Sprintf("-%s is not supported", o.Name), o.Why, fmt.Sprintf("remove it, or switch it off with %s=0", o.Name))
	}
}

func (l *loader) badValue(o *Option, values []Value, err error) {
	list := []error{err}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		list = joined.Unwrap()
	}
	for _, e := range list {
		origin := values[0].Origin
		var ve valueError
		if errors.As(e, &ve) {
			origin = ve.origin
		}
		fix := "see docs/options.md"
		if o.Arg != "" {
			fix = fmt.Sprintf("write %s=%s", o.Name, o.Arg)
		} else {
			fix = fmt.Sprintf("write %s=1 or %s=0", o.Name, o.Name)
		}
		l.fatal(origin, fmt.Sprintf("-%s: %v", o.Name, e), "", fix)
	}
}

// Origin tells where an option's value comes from.
func (l *Loaded) Origin(name string) Origin {
	if values := l.resolved[name]; len(values) > 0 {
		return values[0].Origin
	}
	return Origin{}
}

// Given tells whether somebody wrote the option, rather than a default or another
// option deciding it.
func (l *Loaded) Given(name string) bool {
	return l.Origin(name).Source > FromImplication
}

// Row is one line of "config show".
type Row struct {
	Option *Option
	Values []string // secrets are masked
	Origin []Origin
}

// Rows lists every option with its values and where each came from; what was
// set first, in the order of the registry.
func (l *Loaded) Rows() []Row {
	var rows []Row
	for i := range registry {
		o := &registry[i]
		row := Row{Option: o}
		values, set := l.resolved[o.Name]
		if !set {
			values = []Value{{Text: o.DefaultFor(l.Config.Chain)}}
		}
		for _, v := range values {
			row.Values = append(row.Values, shown(o, v))
			row.Origin = append(row.Origin, v.Origin)
		}
		rows = append(rows, row)
	}
	return rows
}

func shown(o *Option, v Value) string {
	switch {
	case v.Negated:
		return "0"
	case o.Secret && v.Text != "":
		return "****"
	case v.Text == "" && (o.Switch() || o.Bare) && v.Origin.Source != FromDefault:
		return "1"
	}
	return v.Text
}

// Set tells whether the row differs from the defaults for a reason.
func (r *Row) Set() bool {
	return slices.ContainsFunc(r.Origin, func(o Origin) bool { return o.Source != FromDefault })
}
