package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryDirectDependencyHasItsReason(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(mod)) {
		f := strings.Fields(line)
		if len(f) != 2 || !strings.HasPrefix(line, "\t") {
			continue // not a direct requirement
		}
		count++
		if !strings.Contains(string(doc), "| `"+f[0]+"` | `"+f[1]+"` |") {
			t.Errorf("docs/dependencies.md lacks %s %s", f[0], f[1])
		}
	}
	if rows := strings.Count(string(doc), "\n| `"); count == 0 || rows != count {
		t.Errorf("docs/dependencies.md has %d rows, go.mod %d direct requirements", rows, count)
	}
}
