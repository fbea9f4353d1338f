package config

import (
	"fmt"
	"slices"
	"strings"
)

// registry holds every option in the order in which it is documented.
var registry = slices.Concat(
	processOptions, chainOptions, networkOptions, rpcOptions, storeOptions,
	mempoolOptions, minterOptions, logOptions, notifyOptions, coreOptions,
)

// byName is derived from registry once; both are read only afterwards.
var byName = func() map[string]*Option {
	m := make(map[string]*Option, len(registry))
	for i := range registry {
		m[registry[i].Name] = &registry[i]
	}
	return m
}()

// Options lists the registry in its documented order.
func Options() []*Option {
	list := make([]*Option, len(registry))
	for i := range registry {
		list[i] = &registry[i]
	}
	return list
}

// Lookup finds an option by its name, without dash and without "no".
func Lookup(name string) *Option { return byName[name] }

// interpretKey finds the option a written key means. The "no" prefix negates, as
// in Bitcoin Core; a negated value of 0 is a double negative and means on.
func interpretKey(key, value string, hasValue bool) (o *Option, text string, negated bool) {
	if o := byName[key]; o != nil {
		return o, value, false
	}
	rest, ok := strings.CutPrefix(key, "no")
	if !ok || byName[rest] == nil {
		return nil, value, false
	}
	if hasValue {
		if on, err := parseBool(value); err == nil && !on {
			return byName[rest], "1", false
		}
	}
	return byName[rest], "", true
}

// doubleNegative notes that nolisten=0 was taken to mean listen=1.
func doubleNegative(o *Option, key, value string, origin Origin) (Problem, bool) {
	if key == o.Name {
		return Problem{}, false
	}
	on, err := parseBool(value)
	return Problem{Severity: Warning, Origin: origin,
		What: fmt.Sprintf("parsed potentially confusing double-negative -%s=%s", o.Name, value),
		Fix:  fmt.Sprintf("write %s=1", o.Name)}, err == nil && !on
}

// suggestOption names the closest option to a mistyped key, or nothing.
func suggestOption(key string, more ...string) string {
	names := make([]string, 0, len(registry)+len(more))
	for i := range registry {
		names = append(names, registry[i].Name)
	}
	names = append(names, more...)
	if s := Suggest(key, names); s != "" {
		return s
	}
	if rest, ok := strings.CutPrefix(key, "no"); ok {
		if s := Suggest(rest, names); s != "" {
			return "no" + s
		}
	}
	return ""
}
