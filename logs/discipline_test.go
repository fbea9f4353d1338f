package logs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap/zapcore"
)

func entryOf(l Level) zapcore.Entry { return zapcore.Entry{Level: zapcore.Level(l), Message: "m"} }

// TestEveryLineInTheSourceIsDeclared reads the whole repository: nobody but this
// package uses zap, and nobody gives an event a key that its declaration, and so
// docs/logs.md, does not have. Nor is anything declared that nobody writes.
func TestEveryLineInTheSourceIsDeclared(t *testing.T) {
	src := source{declared: declarations(t), events: map[string]bool{"Incomplete": true /* by this package */}, keys: map[string]map[string]bool{}}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "interop") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Dir(path) == filepath.Join("..", "logs") {
			return nil
		}
		src.read(path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for event, keys := range src.declared {
		if !src.events[event] {
			t.Errorf("nobody writes logs.%s: remove its declaration", event)
			continue
		}
		for _, key := range keys {
			if given := src.keys[event]; given != nil && key != "Detail" && !given[key] {
				t.Errorf("nobody gives logs.%s the key %s: remove it from the declaration", event, key)
			}
		}
	}
	for _, p := range src.problems {
		t.Error(p)
	}
	t.Logf("%d lines of log in the source", src.count)
}

// source is what is found in the repository's files.
type source struct {
	declared map[string][]string
	events   map[string]bool            // mentioned, perhaps to be written through a variable
	keys     map[string]map[string]bool // given, by event
	count    int                        // log calls
	problems []string
}

// ofEveryActor are the keys that the observer gives to all events of an actor's life.
var ofEveryActor = []string{"Actor", "Kind", "Parent", "Instance", "Peer"}

// read notes a file's log calls, and what in them is undeclared.
func (s *source) read(path string) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return // not ours to report: it does not compile
	}
	for _, im := range f.Imports {
		if strings.HasPrefix(im.Path.Value, `"go.uber.org/zap`) {
			s.problems = append(s.problems, path+" imports zap: declare an event in logs instead")
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if name, ok := ofLogs(n); ok {
			s.events[name] = true
		}
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		event, ok := member(call.Fun, "Log")
		if !ok {
			return true
		}
		s.count++
		s.call(fset, event, call)
		return true
	})
}

// call notes the keys of one line, also those that are appended to others.
func (s *source) call(fset *token.FileSet, event string, call *ast.CallExpr) {
	given := s.keys[event]
	if given == nil {
		given = map[string]bool{}
		s.keys[event] = given
	}
	if call.Ellipsis.IsValid() {
		for _, key := range ofEveryActor {
			given[key] = true
		}
	}
	ast.Inspect(call, func(n ast.Node) bool {
		inner, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if key, ok := member(inner.Fun, "Is"); ok {
			given[key] = true
			if allowed, known := s.declared[event]; known && !slices.Contains(allowed, key) {
				s.problems = append(s.problems, fmt.Sprintf("%s: logs.%s is not declared with the key %s", fset.Position(inner.Pos()), event, key))
			}
		}
		return true
	})
}

// member reads logs.<name>.<method>.
func member(e ast.Expr, method string) (string, bool) {
	outer, ok := e.(*ast.SelectorExpr)
	if !ok || outer.Sel.Name != method {
		return "", false
	}
	return ofLogs(outer.X)
}

// ofLogs reads logs.<name>.
func ofLogs(n ast.Node) (string, bool) {
	s, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	pkg, ok := s.X.(*ast.Ident)
	return s.Sel.Name, ok && pkg.Name == "logs"
}

// declarations maps the Go name of every event to the Go names of its keys.
func declarations(t *testing.T) map[string][]string {
	f, err := parser.ParseFile(token.NewFileSet(), "events.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string][]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		call := spec.Values[0].(*ast.CallExpr)
		if inner, ok := call.Args[0].(*ast.CallExpr); ok {
			call = inner
		}
		names := []string{"Detail"}
		for _, a := range call.Args[4:] {
			names = append(names, a.(*ast.Ident).Name)
		}
		declared[spec.Names[0].Name] = names
		return false
	})
	if len(declared) != len(events) {
		t.Fatalf("read %d declarations of %d", len(declared), len(events))
	}
	return declared
}

func TestTheSourceReaderFindsAnUndeclaredKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.go")
	const text = `package x
import "logs"
func f() { logs.NodeReady.Log(l, logs.Height.Is(1), logs.Stack.Is("")) }`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	src := source{declared: declarations(t), events: map[string]bool{}, keys: map[string]map[string]bool{}}
	src.read(path)
	if src.count != 1 || len(src.problems) != 1 || !strings.Contains(src.problems[0], "NodeReady is not declared with the key Stack") {
		t.Errorf("%d calls, %q", src.count, src.problems)
	}
}
