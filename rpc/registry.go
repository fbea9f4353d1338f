package rpc

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is the JSON type that a parameter wants.
type Kind string

// Kinds of parameters.
const (
	String Kind = "string"
	Number Kind = "number"
	Bool   Kind = "bool"
	Array  Kind = "array"
	Obj    Kind = "object"
)

// Kinds that leave the check to the method, since more than one type will do.
const (
	Any   Kind = "any"       // a hash or a height
	Money Kind = "amount"    // a number or a string of bitcoins
	Range Kind = "range"     // an end or both ends
	Level Kind = "verbosity" // a number or, as long ago, a bool
	Plain Kind = "plain"     // a string to clients that know only strings
)

// loose tells whether the registry takes every type for it.
func (k Kind) loose() bool { return k == Any || k == Money || k == Range || k == Level || k == Plain }

// Param is one parameter of a method.
type Param struct {
	// Name is what named calls use; old names follow after a bar, as in
	// "verbosity|verbose".
	Name     string
	Kind     Kind
	Optional bool
	Hidden   bool   // help does not show it, nor those that follow
	Default  string // as help prints it; empty when there is none
	Shape    string // how the usage line shows arrays and objects, as in ["txid",...]
	Doc      string
	// Named are the members of an options object that callers may also give by
	// name as if they were parameters (Core's OBJ_NAMED_PARAMS).
	Named []Param
}

func (p *Param) name() string { n, _, _ := strings.Cut(p.Name, "|"); return n }

// Method is one method of the interface: all that is known about it stands here.
type Method struct {
	Name     string
	Category string // Core's group: blockchain, rawtransactions, network ...
	Params   []Param
	Summary  string // first sentence of help, then whatever follows
	Result   string // what comes back, in help's words
	Examples []string
	Hidden   bool // answers, but help does not list it
	Handler  func(*Call) (any, error)
}

// Usage is the first line of help: the name and its parameters, with one
// parenthesis around each run of optional ones.
func (m *Method) Usage() string {
	var b strings.Builder
	b.WriteString(m.Name)
	open := false
	for i := range m.Params {
		p := &m.Params[i]
		if p.Hidden {
			break
		}
		b.WriteByte(' ')
		switch {
		case p.Optional && !open:
			b.WriteString("( ")
		case !p.Optional && open:
			b.WriteString(") ")
		}
		open = p.Optional
		switch {
		case p.Shape != "":
			b.WriteString(p.Shape)
		case p.Kind == String || p.Kind == Plain:
			fmt.Fprintf(&b, "%q", p.name())
		default:
			b.WriteString(p.name())
		}
	}
	if open {
		b.WriteString(" )")
	}
	return b.String()
}

// Registry is the set of methods by name.
type Registry struct {
	methods map[string]*Method
}

// NewRegistry gathers groups of methods. Two of one name are a mistake of ours.
func NewRegistry(groups ...[]Method) (*Registry, error) {
	r := &Registry{methods: make(map[string]*Method)}
	for _, group := range groups {
		for i := range group {
			m := &group[i]
			if _, twice := r.methods[m.Name]; twice {
				return nil, fmt.Errorf("rpc method %s is registered twice", m.Name)
			}
			r.methods[m.Name] = m
		}
	}
	return r, nil
}

// Lookup finds a method by name.
func (r *Registry) Lookup(name string) (*Method, bool) {
	m, ok := r.methods[name]
	return m, ok
}

// Names are all names in order, hidden ones too.
func (r *Registry) Names() []string {
	names := make([]string, 0, len(r.methods))
	for name := range r.methods {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// List is the text of `help` without a name: usages by category.
func (r *Registry) List() string {
	categories := map[string][]string{}
	var order []string
	for _, name := range r.Names() {
		m := r.methods[name]
		if m.Hidden {
			continue
		}
		if categories[m.Category] == nil {
			order = append(order, m.Category)
		}
		categories[m.Category] = append(categories[m.Category], m.Usage())
	}
	slices.Sort(order)
	var b strings.Builder
	for i, c := range order {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "== %s ==\n", strings.ToUpper(c[:1])+c[1:])
		for _, usage := range categories[c] {
			b.WriteString(usage)
			b.WriteByte('\n')
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// conversions tells of every parameter which method has it, where, its name, and
// whether a client that knows only strings may leave it one.
func (r *Registry) conversions() [][4]any {
	list := [][4]any{}
	for _, name := range r.Names() {
		for i := range r.methods[name].Params {
			p := &r.methods[name].Params[i]
			for _, alias := range strings.Split(p.Name, "|") {
				list = append(list, [4]any{name, i, alias, p.Kind == String || p.Kind == Plain})
			}
			for _, inner := range p.Named {
				list = append(list, [4]any{name, i, inner.Name, inner.Kind == String})
			}
		}
	}
	return list
}
