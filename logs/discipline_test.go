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
// docs/logs.md, does not have.
func TestEveryLineInTheSourceIsDeclared(t *testing.T) {
	declared := declarations(t)
	found := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "interop") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || filepath.Dir(path) == filepath.Join("..", "logs") {
			return nil
		}
		count, problems := checkFile(path, declared)
		found += count
		for _, p := range problems {
			t.Error(p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d lines of log in the source", found)
}

// checkFile counts a file's log calls and names what is undeclared.
func checkFile(path string, declared map[string][]string) (count int, problems []string) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return 0, nil // not ours to report: it does not compile
	}
	for _, im := range f.Imports {
		if strings.HasPrefix(im.Path.Value, `"go.uber.org/zap`) {
			problems = append(problems, path+" imports zap: declare an event in logs instead")
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		event, ok := member(call.Fun, "Log")
		if !ok {
			return true
		}
		count++
		allowed, known := declared[event]
		for _, arg := range call.Args[min(1, len(call.Args)):] {
			inner, ok := arg.(*ast.CallExpr)
			if !ok {
				continue
			}
			if key, ok := member(inner.Fun, "Is"); ok && known && !slices.Contains(allowed, key) {
				problems = append(problems, fmt.Sprintf("%s: logs.%s is not declared with the key %s", fset.Position(arg.Pos()), event, key))
			}
		}
		return true
	})
	return count, problems
}

// member reads logs.<name>.<method>.
func member(e ast.Expr, method string) (string, bool) {
	outer, ok := e.(*ast.SelectorExpr)
	if !ok || outer.Sel.Name != method {
		return "", false
	}
	inner, ok := outer.X.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	pkg, ok := inner.X.(*ast.Ident)
	return inner.Sel.Name, ok && pkg.Name == "logs"
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
	const source = `package x
import "logs"
func f() { logs.NodeReady.Log(l, logs.Height.Is(1), logs.Stack.Is("")) }`
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	count, problems := checkFile(path, declarations(t))
	if count != 1 || len(problems) != 1 || !strings.Contains(problems[0], "NodeReady is not declared with the key Stack") {
		t.Errorf("%d calls, %q", count, problems)
	}
}
