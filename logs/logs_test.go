package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/logs/category"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write docs/logs.md")

func TestDocsLogsIsWhatTheCatalogueSays(t *testing.T) {
	path := filepath.Join("..", "docs", "logs.md")
	want := Markdown()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/logs.md is out of date: run go test ./logs -update")
	}
}

func TestNamesAreDeclaredOnceAndLifecycleIsNeverSampled(t *testing.T) {
	seen := map[string]bool{"ts": true, "lvl": true, "cat": true, "evt": true, "msg": true, "src": true}
	for _, k := range keys {
		if seen[k.name] {
			t.Errorf("key %s twice", k.name)
		}
		seen[k.name] = true
	}
	known := map[category.Category]bool{}
	for _, info := range category.All {
		known[info.Name] = true
	}
	seen = map[string]bool{}
	for _, e := range events {
		if seen[e.name] {
			t.Errorf("event %s twice", e.name)
		}
		seen[e.name] = true
		if !known[e.category] {
			t.Errorf("%s has the unknown category %s", e.name, e.category)
		}
		if e.sampled && (e.level >= Info || e.category == category.Actor || e.category == category.Supervision) {
			t.Errorf("%s must not be sampled", e.name)
		}
	}
}

func lines(t *testing.T, raw []byte) []map[string]any {
	t.Helper()
	var list []map[string]any
	for line := range bytes.Lines(raw) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, m)
	}
	return list
}

func TestALineHasTheStableKeysAndTypes(t *testing.T) {
	var b bytes.Buffer
	l := Into(&b, Trace).With(Actor.Is("conn-7"), Kind.Is("conn"))
	var hash [32]byte
	hash[0], hash[31] = 0xaa, 0x01
	HandlerSlow.Log(l, MsgType.Is("tx"), QueueMS.Is(1500*time.Microsecond), RunMS.Is(2*time.Second), Detail.Is("a \"word\"\nmore"))
	BlockRefused.Log(l, Height.Is(5), Hash.Is(hash), Reason.Is("bad-txnmrklroot"))
	NodeFailed.Log(l, Err.Is(errors.New("no room")))
	got := lines(t, b.Bytes())
	if _, err := time.Parse(time.RFC3339Nano, got[0]["ts"].(string)); err != nil {
		t.Error(err)
	}
	for _, m := range got {
		delete(m, "ts")
	}
	want := []map[string]any{
		{"lvl": "warn", "cat": "actor", "evt": "handler.slow", "msg": "slow handler", "actor": "conn-7", "kind": "conn", "msg_type": "tx", "queue_ms": 1.5, "run_ms": 2000.0, "detail": "a \"word\"\nmore"},
		{"lvl": "warn", "cat": "validation", "evt": "block.refused", "msg": "block refused", "actor": "conn-7", "kind": "conn", "height": 5.0, "hash": "01" + strings.Repeat("00", 30) + "aa", "reason": "bad-txnmrklroot"},
		{"lvl": "error", "cat": "node", "evt": "node.failed", "msg": "cannot go on", "actor": "conn-7", "kind": "conn", "error": "no room"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestLevelsCanBeChangedWhileRunning(t *testing.T) {
	var b bytes.Buffer
	l := Into(&b, Info)
	TxRefused.Log(l, Reason.Is("first"))
	child := l.With(Peer.Is(3))
	l.SetLevel(category.Mempool, Debug)
	TxRefused.Log(child, Reason.Is("second"))
	if !TxRefused.On(child) || MessageSent.On(child) || l.Level(category.Mempool) != Debug {
		t.Error("levels")
	}
	l.SetLevel(category.Mempool, Error)
	MempoolNote.Log(l, Detail.Is("full"))
	if got := b.String(); strings.Contains(got, "first") || !strings.Contains(got, "second") || strings.Contains(got, "full") {
		t.Errorf("got %s", got)
	}
}

func TestANilLoggerWritesNothing(t *testing.T) {
	NodeReady.Log(Discard().With(Height.Is(1)), Height.Is(2))
	if err := errors.Join(Discard().Close(), Discard().Rotate()); err != nil {
		t.Error(err)
	}
}

func TestFrequentEventsAreSampledAndCountedButOthersNever(t *testing.T) {
	var b bytes.Buffer
	l := Into(&b, Trace)
	const n = 20_000
	for range n {
		MessageReceived.Log(l, Command.Is("inv"))
	}
	written := strings.Count(b.String(), "p2p.received")
	b.Reset()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	last := lines(t, b.Bytes())[0]
	if dropped := last["count"].(float64); last["evt"] != "log.incomplete" || last["name"] != "p2p" || written+int(dropped) != n || written >= n/2 || written < sampleFirst {
		t.Errorf("written %d, then %v", written, last)
	}
	b.Reset()
	for range 1000 {
		ActorStopped.Log(l)
		TxRefused.Log(l)
	}
	if got := strings.Count(b.String(), "\n"); got != 2000 {
		t.Errorf("%d lines of 2000", got)
	}
}

func TestAddressesAppearOnlyWhenAskedFor(t *testing.T) {
	for _, ips := range []bool{false, true} {
		var b bytes.Buffer
		l := newLogger(&config.Logs{IPs: ips, Level: "info"}, newCore(&config.Logs{}, &b, true, false), nil)
		PeerReady.Log(l.With(Addr.Is("192.0.2.1:8333")), Peer.Is(1))
		if strings.Contains(b.String(), "192.0.2.1") != ips {
			t.Errorf("logips %v: %s", ips, b.String())
		}
	}
}

func TestTextsAreCutBeforeTheyCouldCarryAPayload(t *testing.T) {
	var b bytes.Buffer
	BlockRefused.Log(Into(&b, Info), Reason.Is(strings.Repeat("ab", 1<<20)), Err.Is(errors.New(strings.Repeat("c", 1<<20))))
	if b.Len() > 3*maxText {
		t.Errorf("a line of %d bytes", b.Len())
	}
}

func TestTheFileIsRotatedAndClosedWithoutLeavingAnything(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "regtest", "debug.log")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := Open(&config.Logs{File: path, Level: "info", MaxFileBytes: 1 << 20, MaxFiles: 2, Timestamps: true, Format: config.FormatJSON}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error("the file is there from the start:", err)
	}
	for i := range 3000 {
		NodeWarning.Log(l, Warning.Is(strings.Repeat("x", 500)), Detail.Is(fmt.Sprint(i)))
	}
	if err := l.Rotate(); err != nil {
		t.Error(err)
	}
	NodeStopped.Log(l)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil || len(lines(t, raw)) != 1 {
		t.Errorf("after a rotation the file has %q, %v", raw, err)
	}
	old, _ := filepath.Glob(filepath.Join(dir, "regtest", "debug-*"))
	if len(old) != 2 {
		t.Errorf("rotated files %v", old)
	}
}

func TestAPathThatCannotBeWrittenIsRefusedAtOnce(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(&config.Logs{File: filepath.Join(dir, "f", "debug.log")}, nil); err == nil {
		t.Error("opened below a file")
	}
}

func TestTextForPeopleIsOneLineWithoutColourUnlessOnATerminal(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "console"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l, err := Open(&config.Logs{Console: true, Level: "info", Format: config.FormatAuto}, f)
	if err != nil {
		t.Fatal(err)
	}
	TipConnected.Log(l, Height.Is(102), TookMS.Is(1300*time.Microsecond), Detail.Is("two words\nand \x1b[31mred"))
	ActorPanicked.Log(l, Actor.Is("x"), Stack.Is("main.go:1\nmain.go:2"))
	raw, _ := os.ReadFile(f.Name())
	want := "INFO  tip.connected: new tip height=102 took_ms=1.3 · two words and  [31mred\n" +
		"ERROR actor.panicked: actor panicked actor=x\n    main.go:1\n    main.go:2\n"
	if string(raw) != want {
		t.Errorf("got  %q\nwant %q", raw, want)
	}
	b, _ := textEncoder{colour: true}.EncodeEntry(entryOf(Warn), nil)
	if !strings.Contains(b.String(), "\x1b[33mWARN ") {
		t.Errorf("no colour in %q", b)
	}
}

func TestSourceLocationsNameTheCaller(t *testing.T) {
	var b bytes.Buffer
	c := &config.Logs{Sources: true, Level: "info"}
	NodeReady.Log(newLogger(c, newCore(c, &b, true, false), nil))
	if !strings.Contains(b.String(), `"src":"logs/logs_test.go:`) {
		t.Errorf("got %s", b.String())
	}
}

func BenchmarkALineThatIsNotWritten(b *testing.B) {
	l := Into(&bytes.Buffer{}, Info)
	b.ReportAllocs()
	for b.Loop() {
		if MessageReceived.On(l) {
			MessageReceived.Log(l, Peer.Is(1), Command.Is("tx"), Bytes.Is(200))
		}
	}
}

func BenchmarkALineInTheFile(b *testing.B) {
	var sink discard
	l := Into(&sink, Info)
	b.ReportAllocs()
	for b.Loop() {
		TipConnected.Log(l, Height.Is(800_000), Hash.Is([32]byte{1}), Txs.Is(3000), TookMS.Is(time.Second))
	}
}

type discard struct{}

func (*discard) Write(p []byte) (int, error) { return len(p), nil }

func TestTheConsoleCanBeQuietWhileTheFileGoesOn(t *testing.T) {
	dir := t.TempDir()
	console, err := os.Create(filepath.Join(dir, "console"))
	if err != nil {
		t.Fatal(err)
	}
	defer console.Close()
	file := filepath.Join(dir, "debug.log")
	l, err := Open(&config.Logs{File: file, Console: true, Level: "info", Format: config.FormatAuto, MaxFileBytes: 1 << 20}, console)
	if err != nil {
		t.Fatal(err)
	}
	for i, quiet := range []bool{false, true, false} {
		l.Quiet(quiet)
		NodeReady.Log(l, Height.Is(int64(i)))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{console.Name(): 2, file: 3} {
		if raw, err := os.ReadFile(path); err != nil || bytes.Count(raw, []byte("node.ready")) != want {
			t.Errorf("%s: want %d lines: %v\n%s", path, want, err, raw)
		}
	}
}
