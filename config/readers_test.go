package config

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// An option that nobody obeys must be refused, or be accepted with a reason: it must not
// stand in Config as if it did something. The fields that Load itself uses up are named.
func TestEverySettingHasAReader(t *testing.T) {
	usedByLoad := map[string]bool{"Comments": true}
	read := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || path == filepath.Join("..", "config") || d.Name() == "testdata" || d.Name() == "interop") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil // not ours to report: it does not compile
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				read[s.Sel.Name] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	fields := 0
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.StructType)
		if !ok {
			return true
		}
		for _, field := range s.Fields.List {
			for _, name := range field.Names {
				fields++
				if name.IsExported() && !read[name.Name] && !usedByLoad[name.Name] {
					t.Errorf("nobody reads %s: refuse its option, or obey it", name.Name)
				}
			}
		}
		return true
	})
	if fields == 0 {
		t.Error("config.go has no fields")
	}
}
