package rpc_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A shape says what a result looks like: its members with their types, in order.
//
//	bool int num amount hash hex str null    values; amount has eight decimals
//	[int]  [int*]                            a list of at least one, of any number
//	{a:int b:{c:str}}                        an object of just these members
//	{*:bool}                                 an object with whatever keys, at least one
//	int|null                                 either
//
// It is written as Core's source pushes the members, so that one that is lost, new,
// misplaced or of another type is seen.
type shape struct {
	kind   string // a value's, "list", "object", "keyed" or "either"
	of     []shape
	names  []string
	sparse bool // a list that may be empty
}

// mustShape reads the notation.
func mustShape(t testing.TB, text string) shape {
	t.Helper()
	p := &shapeReader{rest: text}
	s := p.read()
	if p.rest != "" || p.bad != "" {
		t.Fatalf("shape %q: %s at %q", text, p.bad, p.rest)
	}
	return s
}

type shapeReader struct{ rest, bad string }

func (p *shapeReader) skip(prefix string) bool {
	found := strings.HasPrefix(p.rest, prefix)
	p.rest = strings.TrimPrefix(p.rest, prefix)
	return found
}

func (p *shapeReader) until(stops string) string {
	i := strings.IndexAny(p.rest, stops)
	if i < 0 {
		i = len(p.rest)
	}
	word := p.rest[:i]
	p.rest = p.rest[i:]
	return word
}

func (p *shapeReader) read() shape {
	s := p.single()
	if !p.skip("|") {
		return s
	}
	return shape{kind: "either", of: []shape{s, p.read()}}
}

func (p *shapeReader) single() (s shape) {
	switch {
	case p.skip("["):
		s = shape{kind: "list", of: []shape{p.read()}}
		s.sparse = p.skip("*")
		if !p.skip("]") {
			p.bad = "no ]"
		}
	case p.skip("{*:"):
		s = shape{kind: "keyed", of: []shape{p.read()}}
		if !p.skip("}") {
			p.bad = "no }"
		}
	case p.skip("{"):
		s.kind = "object"
		for !p.skip("}") && p.bad == "" {
			p.skip(" ")
			s.names = append(s.names, p.until(":}"))
			if !p.skip(":") {
				p.bad = "no type of " + s.names[len(s.names)-1]
			}
			s.of = append(s.of, p.read())
		}
	default:
		s.kind = p.until(" ]}|*")
	}
	return s
}

var (
	wholeNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)
	anyNumber   = regexp.MustCompile(`^-?[0-9]`)
	eightDigits = regexp.MustCompile(`^-?[0-9]+\.[0-9]{8}$`)
)

// fits tells where a value differs from a shape; nil if it does not.
func (s shape) fits(raw json.RawMessage, path string) error {
	ok := true
	switch s.kind {
	case "either":
		if s.of[0].fits(raw, path) == nil {
			return nil
		}
		return s.of[1].fits(raw, path)
	case "list":
		return s.fitsList(raw, path)
	case "object", "keyed":
		return s.fitsObject(raw, path)
	case "int":
		ok = wholeNumber.Match(raw)
	case "num":
		ok = anyNumber.Match(raw)
	case "amount":
		ok = eightDigits.Match(raw)
	case "bool":
		ok = string(raw) == "true" || string(raw) == "false"
	case "null":
		ok = string(raw) == "null"
	case "str", "hex", "hash":
		var text string
		ok = json.Unmarshal(raw, &text) == nil && string(raw) != "null"
		if ok && s.kind != "str" {
			b, err := hex.DecodeString(text)
			ok = err == nil && text == strings.ToLower(text) && (s.kind == "hex" || len(b) == 32)
		}
	default:
		return fmt.Errorf("%s: no such type as %q", path, s.kind)
	}
	if !ok {
		return fmt.Errorf("%s is %.80s, want %s", path, raw, s.kind)
	}
	return nil
}

func (s shape) fitsList(raw json.RawMessage, path string) error {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || string(raw) == "null" {
		return fmt.Errorf("%s is %.80s, want a list", path, raw)
	}
	if len(list) == 0 && !s.sparse {
		return fmt.Errorf("%s is empty", path)
	}
	for i, e := range list {
		if err := s.of[0].fits(e, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func (s shape) fitsObject(raw json.RawMessage, path string) error {
	keys, values, err := membersOf(raw)
	if err != nil {
		return fmt.Errorf("%s is %.80s, want an object", path, raw)
	}
	if s.kind == "object" && strings.Join(keys, " ") != strings.Join(s.names, " ") {
		return fmt.Errorf("%s has the members\n%s\nwant\n%s", path, strings.Join(keys, " "), strings.Join(s.names, " "))
	}
	if s.kind == "keyed" && len(keys) == 0 {
		return fmt.Errorf("%s is empty", path)
	}
	for i, key := range keys {
		of := s.of[0]
		if s.kind == "object" {
			of = s.of[i]
		}
		if err := of.fits(values[i], path+"."+key); err != nil {
			return err
		}
	}
	return nil
}

// membersOf takes an object apart, in order.
func membersOf(raw json.RawMessage) (keys []string, values []json.RawMessage, err error) {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, fmt.Errorf("no object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil, err
		}
		keys, values = append(keys, key.(string)), append(values, value)
	}
	return keys, values, nil
}

// result is a call and what Core's source says that it answers.
type result struct {
	method string
	params []any
	shape  string
	source string // where Core 28 writes it
}

// answers makes every call and compares, and looks whether help names every member.
func (r *rig) answers(rows []result) {
	r.t.Helper()
	for _, row := range rows {
		raw, e := r.try(row.method, row.params...)
		if e != nil {
			r.t.Errorf("%s %.60v (%s): %v", row.method, row.params, row.source, e)
			continue
		}
		s := mustShape(r.t, row.shape)
		if err := s.fits(raw, "result"); err != nil {
			r.t.Errorf("%s %.60v (%s): %v", row.method, row.params, row.source, err)
		}
		help := r.wholeHelp(row.method)
		for _, name := range s.members() {
			if !strings.Contains(help, `"`+name+`"`) {
				r.t.Errorf("help %s does not name %q", row.method, name)
			}
		}
	}
}

var asShown = regexp.MustCompile(`as (get\w+) shows`)

// wholeHelp is the help of a method with that of those to which it refers.
func (r *rig) wholeHelp(method string) string {
	help := call[string](r, "help", method)
	for _, m := range asShown.FindAllStringSubmatch(help, -1) {
		help += call[string](r, "help", m[1])
	}
	return help
}

// members are the names in a shape, at every depth.
func (s shape) members() []string {
	list := s.names
	for _, of := range s.of {
		list = append(slices.Clip(list), of.members()...)
	}
	return list
}

// complaint is a call and the error that Core answers, to the letter.
type complaint struct {
	method  string
	params  []any
	code    int
	message string
}

func (r *rig) complains(rows []complaint) {
	r.t.Helper()
	for _, row := range rows {
		raw, e := r.try(row.method, row.params...)
		switch {
		case e == nil:
			r.t.Errorf("%s %.80v: %.80s, want error %d %s", row.method, row.params, raw, row.code, row.message)
		case int(e.Code) != row.code || e.Message != row.message:
			r.t.Errorf("%s %.80v: %d %q\nwant %d %q", row.method, row.params, e.Code, e.Message, row.code, row.message)
		}
	}
}

func TestAShapeSeesEveryDifference(t *testing.T) {
	for _, c := range []struct{ shape, json, want string }{
		{"{a:int b:{c:str d:[hex]}}", `{"a":1,"b":{"c":"x","d":["ab"]}}`, ""},
		{"{a:int b:str}", `{"b":"","a":1}`, "members"},
		{"{a:int b:str}", `{"a":1}`, "members"},
		{"{a:int}", `{"a":1,"b":2}`, "members"},
		{"{a:int}", `[]`, "want an object"},
		{"{a:int}", `{"a":1.5}`, "result.a is 1.5, want int"},
		{"{a:int}", `{"a":"1"}`, `result.a is "1", want int`},
		{"amount", `0.00001000`, ""},
		{"amount", `0.00001`, "want amount"},
		{"num", `1e-9`, ""},
		{"bool", `0`, "want bool"},
		{"null", `false`, "want null"},
		{"str", `null`, "want str"},
		{"hex", `"0G"`, "want hex"},
		{"hex", `"AB"`, "want hex"},
		{"hash", `"ab"`, "want hash"},
		{"[int]", `[]`, "is empty"},
		{"[int*]", `[]`, ""},
		{"[int*]", `null`, "want a list"},
		{"[{a:int}]", `[{"a":1},{"a":true}]`, "result[1].a is true"},
		{"{*:int}", `{"x":1,"y":2}`, ""},
		{"{*:int}", `{"x":1,"y":"2"}`, "result.y"},
		{"{*:int}", `{}`, "is empty"},
		{"{}", `{}`, ""},
		{"{}", `{"a":1}`, "members"},
		{"{a:int|null b:str}", `{"a":null,"b":"x"}`, ""},
		{"int|null", `"x"`, "want null"},
		{"wide", `1`, "no such type"},
	} {
		err := mustShape(t, c.shape).fits(json.RawMessage(c.json), "result")
		switch {
		case err == nil && c.want != "":
			t.Errorf("%s fits %s", c.json, c.shape)
		case err != nil && (c.want == "" || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s in %s: %v, want %q", c.json, c.shape, err, c.want)
		}
	}
}
