package kit

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// banned are the parts of protoactor pinning_test.go is about.
var banned = []string{"SetReceiveTimeout", ".Stash(", "ReenterAfter", "actor.Bounded", "NewFuture", "RequestFuture", "StopFuture",
	"MessageBatch", "NewLocalPID", "actor.NewPID", "proto.Shutdown", "WithReceiverMiddleware", "WithDefaultPrometheusProvider"}

func TestOnlyTheKitImportsProtoactorAndOnlyItsSoundParts(t *testing.T) {
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		inKit := filepath.Base(filepath.Dir(path)) == "kit" || filepath.Dir(path) == "."
		file, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range file.Imports {
			if !inKit && strings.HasPrefix(imp.Path.Value, "\"github.com/asynkron/protoactor-go") {
				t.Errorf("%s imports protoactor; only actors/kit may", path)
			}
		}
		if inKit && !strings.HasSuffix(path, "_test.go") {
			for _, word := range banned {
				if bytes.Contains(src, []byte(word)) {
					t.Errorf("%s uses %s, which pinning_test.go shows to be unsound", path, word)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
