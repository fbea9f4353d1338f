package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/troupe-node/troupe/chainstore/blkfile"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/lab/serve"
)

func regtest(t testing.TB) *consensus.Params {
	t.Helper()
	p, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var built struct {
	once sync.Once
	path string
	err  error
}

// binary builds the program that is measured, once.
func binary(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "troupe-bench-test-")
		built.path, built.err = filepath.Join(dir, "troupe"), err
		if err != nil {
			return
		}
		if out, err := exec.Command("go", "build", "-o", built.path, "../../cmd/node").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.path != "" {
		os.RemoveAll(filepath.Dir(built.path))
	}
	os.Exit(code)
}

func TestAForgedChainHasTheShapeAskedForAndEndsNow(t *testing.T) {
	p := regtest(t)
	path := filepath.Join(t.TempDir(), "chain.dat")
	now := time.Now()
	made, err := ForgeChain(path, p, Shape{Seed: "shape", Txs: 30, PerBlock: 10, Blocks: 120}, now)
	if err != nil {
		t.Fatal(err)
	}
	if made.Blocks != 120 || made.Txs < 30 || made.Txs > 32 || made.Inputs < 45 || made.Inputs > 47 {
		t.Errorf("%+v", made)
	}
	c, err := serve.Load(path, p.Magic, p.GenesisHash)
	if err != nil {
		t.Fatal(err)
	}
	if c.Height() != made.Blocks || c.Tip() != made.Tip {
		t.Errorf("height %d", c.Height())
	}
	f, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := blkfile.NewReader(bytes.NewReader(f), p.Magic)
	var last []byte
	for raw, err := r.Next(); err == nil; raw, err = r.Next() {
		last = raw
	}
	at := time.Unix(int64(uint32(last[68])|uint32(last[69])<<8|uint32(last[70])<<16|uint32(last[71])<<24), 0)
	if age := now.Sub(at); age < 0 || age > time.Hour {
		t.Errorf("the tip is %v old", age)
	}
}

func TestANodeIsMeasuredWhileItDownloadsAndWhileItIsFlooded(t *testing.T) {
	p := regtest(t)
	path := filepath.Join(t.TempDir(), "chain.dat")
	made, err := ForgeChain(path, p, Shape{Seed: "smoke", Txs: 40, PerBlock: 20}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	chain, err := serve.Load(path, p.Magic, p.GenesisHash)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- chain.Serve(ctx, l) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	ours := Troupe(binary(t))
	c, err := Sync(t.Context(), SyncOptions{Ours: ours, Runs: 1, From: l.Addr().String(), Height: made.Blocks, Patience: time.Minute, Out: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if u := c.Ours.Median(); u.Wall <= 0 || u.CPU <= 0 || u.Disk <= 0 {
		t.Errorf("%+v", u)
	}
	floods, err := Flood(t.Context(), FloodOptions{Ours: ours, Runs: 1, Connections: 2, Count: 100, Patience: time.Minute, Out: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if f := floods.Ours.Median(); f.Accepted != 100 || f.Rate <= 0 {
		t.Errorf("%+v", f)
	}
}

func TestAProcessThatEndsTooEarlyIsNamedWithItsLog(t *testing.T) {
	bad := Program{Name: "bad", Path: binary(t), Args: func(string, int, int, string) []string { return []string{"run", "-nosuchoption"} }}
	_, err := Sync(t.Context(), SyncOptions{Ours: bad, Runs: 1, Height: 1, Patience: time.Minute, Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "output.log") {
		t.Fatal(err)
	}
	_, log, _ := strings.Cut(err.Error(), "see ")
	log, _, _ = strings.Cut(log, "output.log")
	os.RemoveAll(log)
}

func TestRatiosAreMediansOfTurns(t *testing.T) {
	s := func(ours, theirs int) (Usage, Usage) {
		return Usage{Wall: time.Duration(ours) * time.Second, CPU: time.Second, Peak: 10, Disk: 5},
			Usage{Wall: time.Duration(theirs) * time.Second, CPU: 4 * time.Second, Peak: 10}
	}
	var c Comparison
	c.Ours.Name, c.Theirs.Name = "troupe", "btcd"
	for _, turn := range [][2]int{{1, 2}, {10, 100}, {3, 10}} {
		a, b := s(turn[0], turn[1])
		c.Ours.Runs, c.Theirs.Runs = append(c.Ours.Runs, a), append(c.Theirs.Runs, b)
	}
	if r := c.Ratio(); r != (Ratio{Wall: 0.3, CPU: 0.25, Peak: 1}) {
		t.Errorf("%+v", r)
	}
	if m := c.Ours.Median(); m.Wall != 3*time.Second {
		t.Errorf("%+v", m)
	}
	c.Theirs.Runs = c.Theirs.Runs[:0:0]
	if r := c.Ratio(); r != (Ratio{}) {
		t.Errorf("with nothing to compare: %+v", r)
	}
}

func TestAComparisonIsPrintedWithItsRatio(t *testing.T) {
	var c Comparison
	c.Ours, c.Theirs = Runs{"troupe", []Usage{{Wall: 3 * time.Second, CPU: 1, Peak: 1}}}, Runs{"btcd", []Usage{{Wall: 10 * time.Second, CPU: 1, Peak: 1}}}
	var out bytes.Buffer
	c.Print(&out)
	if !strings.Contains(out.String(), "0.300") {
		t.Error(out.String())
	}
	if raw, err := json.Marshal(c); err != nil || !bytes.Contains(raw, []byte("btcd")) {
		t.Error(err)
	}
}

func TestTidyKeepsTheBlocksAndNothingElse(t *testing.T) {
	p := regtest(t)
	a := blkfile.Append(nil, p.Magic, bytes.Repeat([]byte{1}, 100))
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := os.WriteFile(from, append(append([]byte{0, 0}, a...), make([]byte, 5000)...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Tidy(from, to, p.Magic); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(to)
	if err != nil || !bytes.Equal(got, a) {
		t.Error(fmt.Sprint(len(got), err))
	}
}
