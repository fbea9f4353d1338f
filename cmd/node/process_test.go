package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/mempool/estimate"
)

// actAsProgram in the environment makes the test binary the program itself, so
// that whole processes can be started, and killed, without building anything.
const actAsProgram = "TROUPE_TEST_ACT_AS"

func actIfAsked() {
	if name := os.Getenv(actAsProgram); name != "" {
		os.Args[0] = name
		main()
	}
}

// process is the program, running.
type process struct {
	*exec.Cmd
	t        testing.TB
	dir      string // -datadir
	chainDir string // the chain's folder in it
	port     int    // of RPC
	p2p      int
	out      shared
	errs     shared
	waited   chan struct{}
	waitErr  error
}

// shared is a buffer that is read while the process still writes.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// launch starts the program with a data directory of its own.
func launch(t testing.TB, name string, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(exe, args...), t: t, waited: make(chan struct{})}
	p.Env = append(os.Environ(), actAsProgram+"="+name)
	p.Stdout, p.Stderr = &p.out, &p.errs
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.waitErr = p.Wait(); close(p.waited) }()
	t.Cleanup(func() { p.Process.Kill(); <-p.waited })
	return p
}

// launchNode runs a regtest node in dir and waits until it answers.
func launchNode(t testing.TB, dir string, args ...string) *process {
	t.Helper()
	base := []string{"-regtest", "-printtoconsole=0", "-logformat=json", "-bind=127.0.0.1"}
	return launchAnswering(t, dir, filepath.Join(dir, "regtest"), append(base, args...))
}

// launchAnswering runs a node on two free ports and waits until it answers. What was free a
// moment ago somebody else may have taken, a connection of another test say: then there are
// others.
func launchAnswering(t testing.TB, dir, chainDir string, args []string) *process {
	t.Helper()
	for tries := 1; ; tries++ {
		rpc, p2p := freePort(t), freePort(t)
		// By default one of two addresses is enough for RPC, and we ask the other one.
		base := []string{"run", "-datadir=" + dir, "-dnsseed=0", "-rpcbind=127.0.0.1", "-rpcallowip=127.0.0.1",
			fmt.Sprintf("-rpcport=%d", rpc), fmt.Sprintf("-port=%d", p2p)}
		p := launch(t, "troupe", append(base, args...)...)
		p.dir, p.chainDir, p.port, p.p2p = dir, chainDir, rpc, p2p
		taken := func() bool { return p.ended() && p.ProcessState.ExitCode() == exitAddress && tries < 5 }
		p.unless(taken, "the node answers", func() bool { return p.try(nil, "getblockcount") == nil })
		if !taken() {
			return p
		}
	}
}

func (p *process) ended() bool {
	select {
	case <-p.waited:
		return true
	default:
		return false
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (p *process) until(what string, done func() bool) {
	p.t.Helper()
	p.unless(func() bool { return false }, what, done)
}

// unless waits until something is done, or the other thing has happened.
func (p *process) unless(other func() bool, what string, done func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		ended := p.ended() // before it is asked for the last time
		switch {
		case done(), other():
			return
		case ended:
			p.t.Fatalf("waiting until %s: the process ended: %v\n%s", what, p.waitErr, p.errs.String())
		}
	}
	p.Process.Signal(syscall.SIGQUIT) // where does it stand?
	select {
	case <-p.waited:
	case <-time.After(10 * time.Second):
	}
	p.t.Fatalf("waited in vain until %s\n%s", what, p.errs.String())
}

func (p *process) client() (*rpcClient, error) {
	c := &config.Config{ChainDir: p.chainDir}
	c.RPC.Bind = append(c.RPC.Bind, addrPort(p.port))
	c.RPC.CookieFile = filepath.Join(c.ChainDir, ".cookie")
	return newRPCClient(c, time.Minute)
}

func (p *process) try(result any, method string, params ...any) error {
	c, err := p.client()
	if err != nil {
		return err
	}
	defer c.http.CloseIdleConnections()
	return c.call(result, method, params...)
}

func (p *process) rpc(result any, method string, params ...any) {
	p.t.Helper()
	if err := p.try(result, method, params...); err != nil {
		p.t.Fatalf("%s: %v", method, err)
	}
}

func (p *process) tip() (hash string) {
	p.t.Helper()
	p.rpc(&hash, "getbestblockhash")
	return hash
}

// coinSet is what two nodes with the same coins agree on.
func (p *process) coinSet() string {
	p.t.Helper()
	var info struct {
		Height int
		Hash   string `json:"hash_serialized_3"`
	}
	p.rpc(&info, "gettxoutsetinfo")
	return fmt.Sprintf("%d %s", info.Height, info.Hash)
}

// end asks the process to stop and checks that it does so in order and silently.
func (p *process) end(sig syscall.Signal) {
	p.t.Helper()
	p.Process.Signal(sig)
	select {
	case <-p.waited:
	case <-time.After(30 * time.Second):
		p.t.Fatal("the process does not stop")
	}
	var exit *exec.ExitError
	if errors.As(p.waitErr, &exit) {
		p.t.Errorf("exit: %v\n%s", exit, p.errs.String())
	}
	if p.errs.String() != "" {
		p.t.Errorf("standard error is not empty: %s", p.errs.String())
	}
}

// events counts the lines of the log with that event.
func (p *process) events(name string) (lines []map[string]any) {
	p.t.Helper()
	f, err := os.Open(filepath.Join(p.chainDir, "debug.log"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var line map[string]any
		if json.Unmarshal(s.Bytes(), &line) == nil && line["evt"] == name {
			lines = append(lines, line)
		}
	}
	return lines
}

// Two addresses: to the same one, at the same second, two nodes mint the same block.
const (
	someAddress    = "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk"
	anotherAddress = "mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z"
)

func TestANodeOf300BlocksGivesWayToOneOf301InOneReorganisation(t *testing.T) {
	a, b := launchNode(t, t.TempDir()), launchNode(t, t.TempDir())
	a.rpc(nil, "generatetoaddress", 300, someAddress)
	b.rpc(nil, "generatetoaddress", 301, anotherAddress)
	b.rpc(nil, "addnode", fmt.Sprintf("127.0.0.1:%d", a.p2p), "onetry")
	a.until("both nodes have one tip", func() bool { return a.tip() == b.tip() })
	if got, want := a.coinSet(), b.coinSet(); got != want {
		t.Errorf("coins of a: %s, of b: %s", got, want)
	}
	a.end(syscall.SIGTERM)
	b.end(syscall.SIGINT)
	if n := len(a.events("reorg")); n != 1 {
		t.Errorf("%d reorganisations in a's log, want one", n)
	}
	if n := len(b.events("reorg")); n != 0 {
		t.Errorf("%d reorganisations in b's log, want none", n)
	}
}

func TestARestartResumesAtTheExactTip(t *testing.T) {
	dir := t.TempDir()
	p := launchNode(t, dir)
	p.rpc(nil, "generatetoaddress", 105, someAddress)
	tip, coins := p.tip(), p.coinSet()
	p.end(syscall.SIGTERM)
	p = launchNode(t, dir)
	if p.tip() != tip || p.coinSet() != coins {
		t.Errorf("after the restart: tip %s, coins %s; before: %s, %s", p.tip(), p.coinSet(), tip, coins)
	}
	p.Process.Kill()
	<-p.waited
	p = launchNode(t, dir)
	if p.tip() != tip || p.coinSet() != coins {
		t.Errorf("after a kill: tip %s, coins %s; before: %s, %s", p.tip(), p.coinSet(), tip, coins)
	}
	p.end(syscall.SIGTERM)
}

// The tree in the README is the one that a node prints.
func TestTheActorsOfARunningNodeAreThoseOfTheReadme(t *testing.T) {
	p := launchNode(t, t.TempDir())
	q := launchNode(t, t.TempDir(), fmt.Sprintf("-connect=127.0.0.1:%d", p.p2p))
	var peers []any
	p.until("the nodes are connected", func() bool { return p.try(&peers, "getpeerinfo") == nil && len(peers) == 1 })
	out := launch(t, "troupe", "status", "--actors", "-regtest", "-datadir="+p.dir, fmt.Sprintf("-rpcport=%d", p.port))
	<-out.waited
	if out.waitErr != nil {
		t.Fatalf("%v\n%s", out.waitErr, out.errs.String())
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := treeNames(string(readme))
	got := treeNames(out.out.String())
	if !slices.Equal(got, want) {
		t.Errorf("the node prints\n%s\nthe README has %q", out.out.String(), want)
	}
	q.end(syscall.SIGTERM)
	p.end(syscall.SIGTERM)
}

// treeNames lists the actors of a printed tree in order; connections count once.
func treeNames(text string) (names []string) {
	for _, line := range strings.Split(text, "\n") {
		fields := strings.Fields(strings.NewReplacer("├─", " ", "└─", " ", "│", " ").Replace(line))
		switch {
		case len(fields) == 0:
		case len(names) == 0 && fields[0] != "root":
		case len(names) == 0, strings.Contains(line, "─ "):
			name := fields[0]
			if strings.HasPrefix(name, "conn-") {
				name = "conn-N"
			}
			names = append(names, name)
		case len(names) > 1:
			return names
		}
	}
	return names
}

func TestThePoolOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	p := launchNode(t, dir, "-acceptnonstdtxn")
	// OP_TRUE, so that anybody can spend what was minted.
	p.rpc(nil, "generatetodescriptor", 101, "raw(51)#8lvh9jxk")
	var hash string
	p.rpc(&hash, "getblockhash", 1)
	var block struct{ Tx []string }
	p.rpc(&block, "getblock", hash)
	var raw, id string
	p.rpc(&raw, "createrawtransaction", []any{map[string]any{"txid": block.Tx[0], "vout": 0}}, map[string]any{someAddress: 49.999})
	p.rpc(&id, "sendrawtransaction", raw)
	p.end(syscall.SIGTERM)
	p = launchNode(t, dir, "-acceptnonstdtxn")
	p.until("the pool is back", func() bool {
		var ids []string
		return p.try(&ids, "getrawmempool") == nil && slices.Equal(ids, []string{id})
	})
	p.end(syscall.SIGTERM)
	// The second life saw no block: what it wrote it had read.
	file, err := os.ReadFile(filepath.Join(p.chainDir, estimate.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if e, err := estimate.Decode(file); err != nil || e.Height() != 101 {
		t.Errorf("fee estimates of another height than 101: %v", err)
	}
}

func TestTheStopCallEndsTheProcessInOrder(t *testing.T) {
	p := launchNode(t, t.TempDir())
	var said string
	p.rpc(&said, "stop")
	if !strings.Contains(said, "stopping") {
		t.Errorf("stop answers %q", said)
	}
	select {
	case <-p.waited:
	case <-time.After(30 * time.Second):
		t.Fatal("the process does not stop")
	}
	if p.waitErr != nil || p.errs.String() != "" {
		t.Errorf("%v\n%s", p.waitErr, p.errs.String())
	}
	if _, err := os.Stat(filepath.Join(p.chainDir, ".cookie")); !os.IsNotExist(err) {
		t.Errorf("the cookie is still there: %v", err)
	}
}

func TestASecondNodeInTheSameFolderIsToldWhoHasIt(t *testing.T) {
	p := launchNode(t, t.TempDir())
	second := launch(t, "troupe", "run", "-regtest", "-datadir="+p.dir, "-printtoconsole=0")
	<-second.waited
	if code := second.ProcessState.ExitCode(); code != exitLocked {
		t.Errorf("exit code %d, want %d", code, exitLocked)
	}
	if text := second.errs.String(); !strings.Contains(text, fmt.Sprint(p.Process.Pid)) || !strings.Contains(text, "troupe stop") {
		t.Errorf("the error names neither the holder nor the way to end it: %s", text)
	}
	p.end(syscall.SIGTERM)
}

func addrPort(port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
}
