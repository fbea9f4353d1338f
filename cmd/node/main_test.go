package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/logs"
)

func TestMain(m *testing.M) {
	actIfAsked()
	// Badger's log and its metrics keep a goroutine each.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*loggingT).flushDaemon"),
		goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// program is an app whose output is kept.
type program struct {
	app
	out, err bytes.Buffer
}

func newProgram(t *testing.T, e engine) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{}
	p.app = app{name: "troupe", stdout: &p.out, stderr: &p.err, home: dir, dir: dir, engine: e}
	return p
}

func (p *program) do(args ...string) int {
	p.out.Reset()
	p.err.Reset()
	return p.execute(args)
}

// idle is an engine whose node is ready at once and stops when asked.
func idle(r readiness) engine {
	return engine{
		Run: func(ctx context.Context, _ *session, ready func(readiness) error) error {
			if err := ready(r); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		},
		Import: func(context.Context, *session, []string, func(importState)) error { return nil },
		Flood:  func(context.Context, floodOptions) error { return nil },
	}
}

func TestCommandsWithoutAnEngineAreNotOffered(t *testing.T) {
	p := newProgram(t, engine{})
	if code := p.do("--help"); code != exitOK || strings.Contains(p.out.String(), "import") || strings.Contains(p.out.String(), "Run a node") {
		t.Errorf("exit %d, help\n%s", code, p.out.String())
	}
	if code := p.do("run"); code != exitUsage {
		t.Errorf("exit %d", code)
	}
	p = newProgram(t, idle(readiness{}))
	p.do("--help")
	for _, name := range []string{"run", "dev", "import", "status", "stop", "config", "version", "flood"} {
		if !strings.Contains(p.out.String(), "\n  "+name+" ") {
			t.Errorf("help does not name %s:\n%s", name, p.out.String())
		}
	}
}

func TestEveryCommandHasAnExampleAndAnswersHelp(t *testing.T) {
	p := newProgram(t, idle(readiness{}))
	for _, c := range allCommands(p.root()) {
		if c.Hidden {
			continue
		}
		path := strings.Fields(c.CommandPath())[1:]
		if c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		if code := p.do(append(path, "--help")...); code != exitOK || !strings.Contains(p.out.String(), "Usage:") || p.err.Len() > 0 {
			t.Errorf("%s --help: exit %d, %s", c.CommandPath(), code, p.err.String())
		}
	}
}

func TestMistypedWordsGetASuggestion(t *testing.T) {
	p := newProgram(t, idle(readiness{}))
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"stauts"}, exitUsage, `error: unknown command "stauts" · did you mean status?`},
		{[]string{"config", "shwo"}, exitUsage, `did you mean config show?`},
		{[]string{"dev", "blance"}, exitUsage, `did you mean dev balance?`},
		{[]string{"config", "show", "--orgin"}, exitUsage, `Invalid parameter --orgin · there is no option of this name · did you mean -origin?`},
		{[]string{"run", "-dbcahce=1"}, exitUsage, `did you mean -dbcache?`},
		{[]string{"run", "-par=x", "-port=y"}, exitConfig, "error: -port: Invalid port specified in -port: 'y'"},
		{[]string{"run", "-dbcahce=1", "-par=x"}, exitUsage, "error: -par: \"x\" is not a whole number"},
		{[]string{"help", "stauts"}, exitUsage, "did you mean status?"},
		{[]string{"version", "again"}, exitUsage, `unexpected "again"`},
		{[]string{"dev", "send", "1.5"}, exitUsage, "an address and an amount"},
		{[]string{"import"}, exitUsage, "at least one file"},
		{[]string{"import", "none.dat"}, exitUsage, "cannot read none.dat"},
		{[]string{"flood", "tx", "--target", "192.0.2.1:18444"}, exitUsage, "a flood is refused to 192.0.2.1:18444 · only addresses of this machine are taken"},
		{[]string{"-regtest", "-datadir=nowhere"}, exitConfig, "does not exist. · create it"},
		{[]string{"status", "-datadir=nowhere"}, exitUnexpected, "no node runs in"},
	} {
		if code := p.do(c.args...); code != c.code || !strings.Contains(p.err.String(), c.want) {
			t.Errorf("%v: exit %d, want %d; %s", c.args, code, c.code, p.err.String())
		}
	}
}

func TestOptionsMayStandBeforeTheCommand(t *testing.T) {
	root := newProgram(t, idle(readiness{})).root()
	for _, c := range []struct{ in, want string }{
		{"-regtest status --json", "status -regtest --json"},
		{"--datadir /x status", "status --datadir /x"},
		{"--datadir status", "--datadir status"},
		{"-debug status", "status -debug"},
		{"-datadir=/x -server", "-datadir=/x -server"},
		{"status -regtest", "status -regtest"},
	} {
		if got := strings.Join(arrange(strings.Fields(c.in), root), " "); got != c.want {
			t.Errorf("%s became %s, want %s", c.in, got, c.want)
		}
	}
}

func TestANodeRunsStopsOnASignalAndLeavesItsFolderClean(t *testing.T) {
	for _, name := range []string{"troupe", "bitcoind"} {
		var chainDir string
		p := newProgram(t, engine{})
		p.name = name
		p.engine = idle(readiness{Height: 7})
		p.engine.Run = func(ctx context.Context, s *session, ready func(readiness) error) error {
			chainDir = s.Config.ChainDir
			if err := ready(readiness{Height: 7}); err != nil {
				return err
			}
			if !locked(chainDir) {
				t.Error("the folder is not locked")
			}
			if _, err := os.Stat(filepath.Join(chainDir, name+".pid")); err != nil {
				t.Error(err)
			}
			if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
			return nil
		}
		if code := p.do("-regtest", "-datadir="+p.dir, "-printtoconsole=0", "-logformat=json"); code != exitOK || p.err.Len() > 0 {
			t.Fatalf("%s: exit %d, %s", name, code, p.err.String())
		}
		raw, err := os.ReadFile(filepath.Join(chainDir, "debug.log"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"evt":"node.starting"`, `"evt":"node.ready"`, `"height":7`, `"reason":"terminated"`, `"evt":"node.stopped"`} {
			if !strings.Contains(string(raw), want) {
				t.Errorf("log lacks %s:\n%s", want, raw)
			}
		}
		if locked(chainDir) {
			t.Error("the lock is still held")
		}
		if _, err := os.Stat(filepath.Join(chainDir, name+".pid")); err == nil {
			t.Error("the pid file is left")
		}
	}
}

func TestASecondStartNamesTheHolderAndHowToStopIt(t *testing.T) {
	p := newProgram(t, idle(readiness{}))
	args, _ := config.ParseArgs([]string{"-regtest", "-datadir=" + p.dir, "-printtoconsole=0"}, config.ArgRules{})
	loaded, err := p.load(args)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.openSession(loaded, "troupe run", false)
	if err != nil {
		t.Fatal(err)
	}
	code := p.do("run", "-regtest", "-datadir="+p.dir)
	if sentence := "Cannot obtain a lock on data directory " + filepath.Join(p.dir, "regtest") + ". Troupe is probably already running."; !strings.Contains(p.err.String(), sentence) {
		t.Errorf("not Core's sentence: %s", p.err.String())
	}
	want := fmt.Sprintf("it is in use by pid %d (troupe run, started ", os.Getpid())
	if code != exitLocked || !strings.Contains(p.err.String(), want) || !strings.Contains(p.err.String(), "troupe stop -datadir="+p.dir+" -chain=regtest") {
		t.Errorf("exit %d: %s", code, p.err.String())
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

func TestANodeThatHangsIsGivenUpAfterTheStopTimeout(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	release := make(chan struct{})
	var b bytes.Buffer
	err := withinStopTimeout(ctx, 20*time.Millisecond, logs.Into(&b, logs.Info), func(context.Context) error { <-release; return nil })
	close(release)
	if err == nil || !strings.Contains(err.Error(), "did not stop within 20ms") || !strings.Contains(b.String(), "node.late") {
		t.Errorf("%v, %s", err, b.String())
	}
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	codes := make(chan int, 1)
	ctx, release := untilSignal(context.Background(), nil, func(code int) { codes <- code })
	defer release()
	kill := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
	}
	kill()
	<-ctx.Done()
	if got := context.Cause(ctx).Error(); got != "interrupt" {
		t.Errorf("cause %s", got)
	}
	kill()
	if code := <-codes; code != exitInterrupt {
		t.Errorf("code %d", code)
	}
}

func TestExitCodesFollowTheCause(t *testing.T) {
	_, busy := net.Listen("tcp", "256.0.0.1:1")
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0}, {errors.New("x"), 1}, {fail(exitFatalActor, "chain failed", "", ""), 70},
		{fmt.Errorf("open: %w", fail(exitFormat, "format", "", "")), 6},
		{config.Problems{{}}, 3}, {&net.OpError{Op: "listen", Err: syscall.EADDRINUSE}, 5},
		{fmt.Errorf("flush: %w", syscall.ENOSPC), 8}, {busy, 5},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

func TestExitCodesAreDocumented(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "exit-codes.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []int{exitOK, exitUnexpected, exitUsage, exitConfig, exitLocked, exitAddress, exitFormat, exitCorrupt, exitDisk, exitFatalActor, exitInterrupt} {
		if !strings.Contains(string(raw), fmt.Sprintf("\n| %d |", code)) {
			t.Errorf("docs/exit-codes.md lacks %d", code)
		}
	}
}

func TestVersionAndConfigPrintJSON(t *testing.T) {
	p := newProgram(t, idle(readiness{}))
	var b buildInfo
	if code := p.do("version", "--json"); code != 0 || json.Unmarshal(p.out.Bytes(), &b) != nil || b.Version != version || b.Name != agentName {
		t.Errorf("%d %s", code, p.out.String())
	}
	if err := os.WriteFile(filepath.Join(p.dir, "bitcoin.conf"), []byte("regtest=1\nkeypool=1\nregtest.port=5\nregtest.rpcpassword=hunter2\nrpcuser=u\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := p.do("config", "show", "--origin", "-datadir", p.dir); code != 0 {
		t.Fatal(p.err.String())
	}
	out := p.out.String()
	for _, want := range []string{"chain=regtest", "port=5", p.dir + "/bitcoin.conf:3 [regtest]", "rpcpassword=****"} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "hunter2") || strings.Contains(out, "dbcache") {
		t.Errorf("shows too much:\n%s", out)
	}
	if code := p.do("config", "check", "-datadir="+p.dir); code != 0 || !strings.Contains(p.out.String(), "note: "+p.dir+"/bitcoin.conf:2: -keypool is accepted and not used here · there is no wallet") || !strings.Contains(p.out.String(), "valid · ") {
		t.Errorf("%d %s %s", code, p.out.String(), p.err.String())
	}
}

func TestProgressShowsRateAndEstimateOnATerminalAndALineEveryTenSecondsElsewhere(t *testing.T) {
	now := time.Unix(0, 0)
	var screen bytes.Buffer
	var lines []progressState
	p := newProgress(&screen, func() time.Time { return now }, func(s progressState) { lines = append(lines, s) })
	for i := range 31 {
		p.update(progressState{Done: int64(i) * 10, Of: 1000, Unit: "blocks", Height: int32(i)})
		now = now.Add(time.Second)
	}
	if len(lines) != 3 || lines[0].Rate != 10 || lines[0].ETA != 90 || lines[2].ETA != 70 {
		t.Errorf("lines %+v", lines)
	}
	if got := screen.String(); !strings.Contains(got, "\rheight 30  300 blocks of 1000 blocks (30.0%)  10 blocks/s  1m10s left") {
		t.Errorf("screen %q", got)
	}
	p.finish()
	if !strings.HasSuffix(screen.String(), " \r") {
		t.Error("the line is left on the screen")
	}
}

func TestStatusAndStopFindTheNodeThroughItsCookie(t *testing.T) {
	p := newProgram(t, idle(readiness{}))
	node, where := newFakeNode(t, p, map[string]any{
		"getblockchaininfo": map[string]any{"chain": "regtest", "blocks": 5, "headers": 6, "bestblockhash": "ab"},
		"getnetworkinfo":    map[string]any{"subversion": "/x/", "connections": 3, "connections_in": 1, "connections_out": 2},
		"getmempoolinfo":    map[string]any{"size": 9, "bytes": 100}, "uptime": 61, "stop": "Troupe stopping",
		"getactors": []actorStatus{{Name: "root", State: "idle"}, {Name: "chain", Parent: "root", State: "running", Depth: 2, Handled: 10, Last: "block"},
			{Name: "registry", Parent: "root", State: "idle"}, {Name: "conn-1", Parent: "registry", State: "idle", Restarts: 1}},
	})
	do := func(args ...string) int { return p.do(append(args, where...)...) }
	if code := do("status"); code != 0 || !strings.HasPrefix(p.out.String(), "regtest · synced · height 5 of 6 · up 1m1s\n") || !strings.Contains(p.out.String(), "3 (1 in, 2 out)") {
		t.Errorf("%d %s%s", code, p.out.String(), p.err.String())
	}
	do("status", "--actors")
	if want := []string{"root", "├─ chain", "└─ registry", "   └─ conn-1"}; !reflect.DeepEqual(trimTree(p.out.String()), want) {
		t.Errorf("tree %q:\n%s", trimTree(p.out.String()), p.out.String())
	}
	var s nodeStatus
	if do("status", "--json", "--actors"); json.Unmarshal(p.out.Bytes(), &s) != nil || s.PoolTxs != 9 || len(s.Actors) != 4 {
		t.Errorf("%s", p.out.String())
	}
	if code := do("stop"); code != 0 || !strings.HasPrefix(p.out.String(), "Troupe stopping\nstopped after ") {
		t.Errorf("%d %s%s", code, p.out.String(), p.err.String())
	}
	node.answers["getblockchaininfo"] = &rpcError{rpcWarmingUp, "Replaying blocks"}
	if code := do("status"); code != exitUnexpected || !strings.Contains(p.err.String(), "the node is starting · Replaying blocks") {
		t.Errorf("%d %s", code, p.err.String())
	}
	if code := do("status", "-rpcuser=u", "-rpcpassword=wrong"); code == 0 || !strings.Contains(p.err.String(), "does not accept the password") {
		t.Errorf("%d %s", code, p.err.String())
	}
	node.Close()
	if code := do("status"); code == 0 || !strings.Contains(p.err.String(), "nothing listens there") {
		t.Errorf("%d %s", code, p.err.String())
	}
}

// trimTree keeps the branches and names of a drawn tree.
func trimTree(s string) []string {
	var list []string
	for line := range strings.Lines(s) {
		for _, state := range []string{"idle", "running"} {
			if before, _, ok := strings.Cut(line, state+" "); ok {
				list = append(list, strings.TrimRight(before, " "))
			}
		}
	}
	return list
}

func TestImportShowsWhatItReached(t *testing.T) {
	p := newProgram(t, engine{})
	file := filepath.Join(p.dir, "blk.dat")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.engine.Import = func(_ context.Context, s *session, files []string, progress func(importState)) error {
		if !reflect.DeepEqual(files, []string{file}) || s.Config.Chain != config.Main {
			t.Errorf("%v on %s", files, s.Config.Chain)
		}
		progress(importState{Bytes: 1, OfBytes: 1, Blocks: 3, Height: 2})
		return nil
	}
	if code := p.do("import", file, "-datadir", filepath.Join(p.dir, "new")); code != 0 || !strings.HasPrefix(p.out.String(), "imported 3 blocks, height 2, in ") {
		t.Errorf("%d %s%s", code, p.out.String(), p.err.String())
	}
}
