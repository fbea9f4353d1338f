package chainstore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The tests here run this test binary again as a child that works on a store and dies: at a named write point, or whenever the
// parent kills it. The child writes its progress to a file; the parent replays the same seeded history beside it.

const childEnv = "TROUPE_STORE_CHILD"

type childJob struct {
	Dir   string
	Seed  uint64
	Point string // die at this write point
	At    int64  // the so-manieth time
	Open  bool   // only open the store
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		var job childJob
		if err := json.Unmarshal([]byte(text), &job); err != nil {
			panic(err)
		}
		job.run()
		return
	}
	os.Exit(m.Run())
}

// crashCommits is how many commits a child makes at most.
const crashCommits = 60

func (j childJob) run() {
	o := metaOptions()
	var hits atomic.Int64
	o.Failpoint = func(point string) {
		if point == j.Point && hits.Add(1) == j.At {
			die()
		}
	}
	b, err := Open(j.Dir, o)
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(3)
	}
	if j.Open {
		return
	}
	t := new(testing.T)
	h := newHistory()
	rng := rand.New(rand.NewPCG(j.Seed, 5))
	notes, err := os.OpenFile(filepath.Join(j.Dir, "progress"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	for i := range crashCommits {
		h.commit(t, rng, b)
		fmt.Fprintf(notes, "committed %d\n", h.n)
		if i%7 == 3 {
			if err := b.Sync(); err != nil {
				panic(err)
			}
		}
		if i%20 == 18 { // what was committed becomes tables, which can be merged
			if err := b.Close(); err != nil {
				panic(err)
			}
			if b, err = Open(j.Dir, o); err != nil {
				panic(err)
			}
		}
		if i%20 == 19 {
			if err := b.db.Flatten(1); err != nil {
				panic(err)
			}
			if _, err := b.RunGC(0.01); err != nil {
				panic(err)
			}
			h.commit(t, rng, b) // for the merge to turn a memtable
			fmt.Fprintf(notes, "committed %d\n", h.n)
			if err := b.merge(); err != nil {
				panic(err)
			}
		}
	}
	if err := b.Close(); err != nil {
		panic(err)
	}
}

// die ends the process as kill -9 does.
func die() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		_ = p.Kill()
	}
	select {}
}

func (j childJob) start(t *testing.T) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(text), "GORACE=atexit_sleep_ms=0")
	cmd.Stdout, cmd.Stderr = new(bytes.Buffer), new(bytes.Buffer)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// replay makes the child's history again, in memory.
func (j childJob) replay(t *testing.T) *history {
	h := newHistory()
	rng := rand.New(rand.NewPCG(j.Seed, 5))
	m := NewMemory()
	for i := range crashCommits {
		h.commit(t, rng, m)
		if i%20 == 19 {
			h.commit(t, rng, m)
		}
	}
	return h
}

// survived reopens the store a child left behind. A killed process loses nothing that was committed.
func (j childJob) survived(t *testing.T, h *history) Recovery {
	t.Helper()
	notes, _ := os.ReadFile(filepath.Join(j.Dir, "progress"))
	committed := 0
	if lines := strings.Fields(string(notes)); len(lines) > 1 {
		n, err := strconv.Atoi(lines[len(lines)-1])
		if err != nil {
			t.Fatal(err)
		}
		committed = n
	}
	start := time.Now()
	b, err := Open(j.Dir, metaOptions())
	if err != nil {
		t.Fatalf("%+v: %v", j, err)
	}
	took := time.Since(start)
	if err := h.check(b); err != nil {
		t.Fatalf("%+v: %v", j, err)
	}
	if committed > 0 && h.seq[b.State().Tip] < h.seq[block(committed)] {
		t.Fatalf("%+v: commit %d had returned, reopened at that of sequence %d", j, committed, h.seq[b.State().Tip])
	}
	if took > time.Minute {
		t.Errorf("%+v: opening took %v", j, took)
	}
	r := b.Recovered()
	goOn(t, b, j.Dir)
	return r
}

func TestProcessKilledAtEachWritePointReopensAtACommit(t *testing.T) {
	points := []string{"put", "commit-part", "commit-mark", "commit-done", "sync-files", "sync-note", "gc-move", "gc-delete", "close",
		"merge", "merge-tables", "merge-done", "make-sync", "make-format", "make-done", "open-database", "open-tables"}
	rounds := 1
	if long() {
		rounds = 12
	}
	for _, point := range points {
		t.Run(point, func(t *testing.T) {
			for round := range rounds {
				at := int64(1)
				switch {
				case strings.HasPrefix(point, "make"): // once in a store's life
				case strings.HasPrefix(point, "merge"), strings.HasPrefix(point, "open"):
					at += int64(round % 2)
				case point != "close" && point != "gc-delete":
					at += int64(round*3) % 40
				}
				if point == "put" || strings.HasPrefix(point, "commit") {
					at += 17
				}
				if (strings.HasPrefix(point, "sync") || point == "gc-move") && at > 2 {
					at = at%2 + 1
				}
				j := childJob{Dir: scratch(t), Seed: uint64(round), Point: point, At: at}
				cmd := j.start(t)
				if err := cmd.Wait(); err == nil {
					t.Fatalf("the child never came to %s the %d-th time: %s", point, at, cmd.Stdout)
				} else if !strings.Contains(err.Error(), "killed") {
					t.Fatalf("the child failed on its own: %v %s %s", err, cmd.Stdout, cmd.Stderr)
				}
				j.survived(t, j.replay(t))
			}
		})
	}
}

func TestProcessKilledAtAnyMomentReopensAtACommit(t *testing.T) {
	kills := 12
	if long() {
		kills = 200
	}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	torn := 0
	for i := range kills {
		j := childJob{Dir: scratch(t), Seed: uint64(i % 4)}
		cmd := j.start(t)
		time.Sleep(time.Duration(30+rng.IntN(250)) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if r := j.survived(t, j.replay(t)); r.RolledBack > 0 {
			torn++
		}
	}
	t.Logf("%d of %d kills left something to take back", torn, kills)
}

func TestProcessKilledWhileTakingBackStartsAgain(t *testing.T) {
	for _, point := range []string{"rollback-mark", "rollback-part", "rollback-done", "sync-files", "sync-note", "open-database", "open-tables"} {
		j := childJob{Dir: scratch(t), Seed: 2, Point: "commit-mark"}
		h := j.replay(t)
		// The bodies of the commit that dies are stored and its mark is not: there is something to take back.
		for j.At = 20; h.put[j.At-1] == 0; {
			j.At++
		}
		_ = j.start(t).Wait()
		for _, p := range []string{"rollback-mark", point} {
			k := childJob{Dir: j.Dir, Point: p, At: 1, Open: true}
			cmd := k.start(t)
			if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("the child did not die at %s: %v %s", p, err, cmd.Stdout)
			}
		}
		j.survived(t, h)
	}
}
