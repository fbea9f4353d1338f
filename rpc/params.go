package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// positional brings the params of a request into the method's order, with types
// checked; missing ones are nil. It also tells how many came. Named arguments may
// carry positional ones under "args", as bitcoin-cli -named sends them.
func (m *Method) positional(params json.RawMessage) (args []json.RawMessage, given int, err error) {
	params = bytes.TrimSpace(params)
	var list []json.RawMessage
	if len(params) > 0 && params[0] == '{' {
		if list, err = m.fromNamed(params); err != nil {
			return nil, 0, err
		}
	} else {
		list = elements(params)
	}
	args, err = m.checked(list)
	return args, len(list), err
}

// fromNamed finds each parameter's argument by any of its names. Members of an
// options object may stand among them; they make the object.
func (m *Method) fromNamed(params json.RawMessage) ([]json.RawMessage, error) {
	named := make(namedArgs)
	for _, f := range members(params) {
		if _, twice := named[f.name]; twice {
			return nil, Errorf(CodeInvalidParam, "Parameter %s specified multiple times", f.name)
		}
		named[f.name] = f.value
	}
	var list []json.RawMessage
	first := -1
	for i := range m.Params {
		value, err := named.take(&m.Params[i])
		if err != nil {
			return nil, err
		}
		if value == nil {
			continue
		}
		for len(list) < i {
			list = append(list, json.RawMessage("null"))
		}
		if list = append(list, value); first < 0 {
			first = i
		}
	}
	if raw, ok := named["args"]; ok {
		delete(named, "args")
		before := elements(raw)
		if first >= 0 && first < len(before) {
			return nil, Errorf(CodeInvalidParam, "Parameter %s specified twice both as positional and named argument", m.Params[first].Name)
		}
		list = append(before, list[min(len(before), len(list)):]...)
	}
	if len(named) > 0 {
		return nil, Errorf(CodeInvalidParam, "Unknown named parameter %s", slices.Min(slices.Collect(maps.Keys(named))))
	}
	return list, nil
}

// namedArgs are the named arguments of a call that no parameter has claimed yet.
type namedArgs map[string]json.RawMessage

// take is the argument of a parameter; nil if there is none.
func (n namedArgs) take(p *Param) (json.RawMessage, error) {
	var options Object
	for i := range p.Named {
		if name, value := n.find(&p.Named[i]); value != nil {
			options = append(options, Field{name, value})
		}
	}
	name, value := n.find(p)
	switch {
	case options == nil:
		return value, nil
	case value != nil:
		return nil, Errorf(CodeInvalidParam, "Parameter %s conflicts with parameter %s", name, options[0].Name)
	}
	return encode(options)
}

func (n namedArgs) find(p *Param) (string, json.RawMessage) {
	for _, name := range strings.Split(p.Name, "|") {
		if value, ok := n[name]; ok {
			delete(n, name)
			return name, value
		}
	}
	return "", nil
}

// required is how many arguments a call must have at least.
func (m *Method) required() int {
	for n := len(m.Params); n > 0; n-- {
		if !m.Params[n-1].Optional {
			return n
		}
	}
	return 0
}

// checked refuses too many and too few arguments with the method's help, and
// wrong types with Core's words.
func (m *Method) checked(list []json.RawMessage) ([]json.RawMessage, error) {
	if len(list) > len(m.Params) || len(list) < m.required() {
		return nil, Errorf(CodeMisc, "%s", m.Help())
	}
	args := make([]json.RawMessage, len(m.Params))
	var wrong Object
	for i := range list {
		p := &m.Params[i]
		got := kindOf(list[i])
		if got != null {
			args[i] = list[i]
		}
		if p.Kind.loose() || got == p.Kind || (got == null && p.Optional) {
			continue
		}
		wrong = append(wrong, Field{fmt.Sprintf("Position %d (%s)", i+1, p.Name), unexpected(list[i], p.Kind).Message})
	}
	if wrong != nil {
		text, err := json.MarshalIndent(wrong, "", "    ")
		if err != nil {
			return nil, err
		}
		return nil, Errorf(CodeType, "Wrong type passed:\n%s", text)
	}
	return args, nil
}

// unexpected is Core's complaint about a value of the wrong type.
func unexpected(raw json.RawMessage, want Kind) *Error {
	return Errorf(CodeType, "JSON value of type %s is not of expected type %s", kindOf(raw), want)
}

// null is the kind of a missing value.
const null Kind = "null"

func kindOf(raw json.RawMessage) Kind {
	if len(raw) == 0 {
		return null
	}
	switch raw[0] {
	case '"':
		return String
	case '{':
		return Obj
	case '[':
		return Array
	case 't', 'f':
		return Bool
	case 'n':
		return null
	}
	return Number
}

// elements takes an array apart; none for what is no array.
func elements(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if kindOf(raw) != Array || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

// member is one member of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// members takes an object apart and keeps the order and what stands twice; none
// for what is no object.
func members(raw json.RawMessage) []member {
	if kindOf(raw) != Obj {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return nil
	}
	var list []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return list
		}
		m := member{}
		m.name, _ = name.(string)
		if d.Decode(&m.value) != nil {
			return list
		}
		list = append(list, m)
	}
	return list
}

// fields is an object by name; of what stands twice the first counts.
type fields map[string]json.RawMessage

func fieldsOf(raw json.RawMessage) (fields, error) {
	if kindOf(raw) != Obj {
		return nil, unexpected(raw, Obj)
	}
	f := make(fields)
	for _, m := range members(raw) {
		if _, ok := f[m.name]; !ok && kindOf(m.value) != null {
			f[m.name] = m.value
		}
	}
	return f, nil
}

// want checks that a field is there and of a kind (Core's RPCTypeCheckObj).
func (f fields) want(name string, kind Kind) error {
	raw, ok := f[name]
	if !ok {
		return Errorf(CodeType, "Missing %s", name)
	}
	return f.kind(name, raw, kind)
}

// may checks the kind of a field if it is there.
func (f fields) may(name string, kind Kind) error {
	raw, ok := f[name]
	if !ok {
		return nil
	}
	return f.kind(name, raw, kind)
}

func (f fields) kind(name string, raw json.RawMessage, kind Kind) error {
	if got := kindOf(raw); got != kind {
		return Errorf(CodeType, "JSON value of type %s for field %s is not of expected type %s", got, name, kind)
	}
	return nil
}

// onlyMembers refuses an object that has members of other names.
func onlyMembers(raw json.RawMessage, names ...string) error {
	for _, m := range members(raw) {
		if !slices.Contains(names, m.name) {
			return Errorf(CodeType, "Unexpected key %s", m.name)
		}
	}
	return nil
}

// text is a string value, or why it is none.
func text(raw json.RawMessage) (string, error) {
	if kindOf(raw) != String {
		return "", unexpected(raw, String)
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}
