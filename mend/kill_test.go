package mend

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// The tests here run this test binary again as a child that reindexes a store and dies at a named step.

const childEnv = "TROUPE_MEND_CHILD"

type childJob struct {
	Dir   string
	Point string
	At    int64 // the so-manieth time
	Wipe  bool  // the coins alone
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		var j childJob
		if err := json.Unmarshal([]byte(text), &j); err != nil {
			panic(err)
		}
		j.run()
		return
	}
	os.Exit(m.Run())
}

func (j childJob) run() {
	o := options(new(testing.T), j.Dir)
	var hits atomic.Int64
	o.Failpoint = func(point string) {
		if point == j.Point && hits.Add(1) == j.At {
			if p, err := os.FindProcess(os.Getpid()); err == nil {
				_ = p.Kill() // as kill -9 does
			}
			select {}
		}
	}
	var err error
	if j.Wipe {
		err = WipeCoins(o)
	} else {
		_, err = Reindex(o)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
}

// dies runs the child and checks that it died where it should.
func (j childJob) dies(t *testing.T) {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(text), "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(exit.String(), "killed") {
		t.Fatalf("the child did not die at %s: %v %s", j.Point, err, out)
	}
}

// copyDir copies a store.
func copyDir(t testing.TB, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func TestAReindexingKilledAtEachStepGoesOnWhereItWas(t *testing.T) {
	chain, branch := forged(t, 112, 40)
	master := filepath.Join(scratch(t), "store")
	s := stored(t, master, append(chain, branch...)...)
	want := setHash(t, s)
	closeStore(t, s)
	full := []string{"reindex-begun", "new-put", "new-commit-part", "new-commit-mark", "new-commit-done", "new-sync-files", "new-sync-note", "new-close",
		"reindex-headers-gathered", "reindex-headers-done", "new-make-sync", "new-make-format", "new-make-done", "reindex-commit", "reindex-moved", "reindex-removed", "reindex-renamed", "reindex-swapped"}
	wipe := []string{"wipe-begun", "wipe-chunk", "commit-part", "commit-mark", "commit-done", "sync-files", "sync-note", "wipe-done", "close"}
	for i, point := range append(full, wipe...) {
		for _, at := range []int64{1, 2} {
			j := childJob{Point: point, At: at, Wipe: i >= len(full)}
			again := strings.HasPrefix(point, "new-commit") || point == "new-put" || j.Wipe && strings.HasPrefix(point, "commit")
			if at > 1 && !again {
				continue // comes once or twice
			}
			t.Run(fmt.Sprintf("%s/%d", point, at), func(t *testing.T) {
				j.Dir = filepath.Join(scratch(t), "store")
				copyDir(t, master, j.Dir)
				j.dies(t)
				o := options(t, j.Dir)
				if phase, err := Pending(j.Dir); err != nil {
					t.Fatal(err)
				} else if phase == Wipe || phase == None && j.Wipe {
					if err := WipeCoins(o); err != nil {
						t.Fatal(err)
					}
				} else if _, err := Reindex(o); err != nil {
					t.Fatal(err)
				}
				s := open(t, j.Dir)
				defer closeStore(t, s)
				connect(t, s)
				if got := setHash(t, s); got != want {
					t.Errorf("made anew: %s, before: %s", got, want)
				}
				if got := verify(t, s, 3); got != nil {
					t.Errorf("%q", got)
				}
			})
		}
	}
}

func TestATornPhaseIsNamedWithWhatMendsIt(t *testing.T) {
	dir := filepath.Join(scratch(t), "store")
	closeStore(t, open(t, dir))
	for _, text := range []string{"", "head", "bodies\x00", "\x00\x00\x00\x00"} {
		if err := os.WriteFile(dir+stateSuffix, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"asking":  func() error { _, err := Pending(dir); return err }(),
			"reindex": func() error { _, err := Reindex(options(t, dir)); return err }(),
			"wipe":    WipeCoins(options(t, dir)),
		} {
			if err == nil || !strings.Contains(err.Error(), dir+stateSuffix) || !strings.Contains(err.Error(), "troupe reindex") {
				t.Errorf("%q, %s: %v", text, what, err)
			}
		}
	}
}
