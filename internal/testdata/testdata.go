// Package testdata finds test data that is not in this repository: data of modules in the module cache, and Core's
// test vectors in a folder of the user's. Only tests import it. Start with ModuleDir, Vectors and Runs.
package testdata

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// VectorsEnv names the folder with Core's JSON test vectors (src/test/data of a Core source tree).
const VectorsEnv = "TROUPE_VECTORS"

// RunsEnv asks every test that holds two implementations against each other for so many executions instead of the few
// of an ordinary run: a million, say.
const RunsEnv = "TROUPE_RUNS"

// Runs is how many executions such a test makes.
func Runs(t testing.TB, ordinary int) int {
	t.Helper()
	s := os.Getenv(RunsEnv)
	if s == "" {
		return ordinary
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, want a number of executions", RunsEnv, s)
	}
	return n
}

var moduleDirs sync.Map // module path to folder

// ModuleDir returns the folder of a module this repository requires, in the module cache. The test is skipped where the
// go command cannot tell, as in a test binary that was copied elsewhere.
func ModuleDir(t testing.TB, module string) string {
	t.Helper()
	if dir, ok := moduleDirs.Load(module); ok {
		return dir.(string)
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		t.Skipf("the go command does not find module %s (%v): run `go mod download %s`", module, err, module)
	}
	moduleDirs.Store(module, dir)
	return dir
}

// ModuleFile reads a file of a module this repository requires.
func ModuleFile(t testing.TB, module string, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{ModuleDir(t, module)}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Vectors reads one of Core's vector files. The test is skipped when TROUPE_VECTORS is not set, and fails when it is
// set but the file is not there.
func Vectors(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv(VectorsEnv)
	if dir == "" {
		t.Skipf("%s is not set: set it to a folder with Core's %s (src/test/data) to run this test", VectorsEnv, name)
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatalf("%s is set, but: %v", VectorsEnv, err)
	}
	return b
}
