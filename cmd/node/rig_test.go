package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// rigNode is the program as a functional test framework for bitcoind starts it:
// by that name, with that configuration file and those arguments.
type rigNode struct {
	t      *testing.T
	n      int
	dir    string
	rpc    int
	p2p    int
	cmd    *exec.Cmd
	stderr *os.File
	exited chan error
}

func newRigNode(t *testing.T, n int) *rigNode {
	r := &rigNode{t: t, n: n, dir: filepath.Join(t.TempDir(), fmt.Sprintf("node%d", n)), rpc: freePort(t), p2p: freePort(t)}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	conf := fmt.Sprintf(`regtest=1
[regtest]
port=%d
rpcport=%d
rpcservertimeout=99000
rpcdoccheck=1
fallbackfee=0.0002
server=1
keypool=1
discover=0
dnsseed=0
fixedseeds=0
listenonion=0
peertimeout=999999999
printtoconsole=0
upnp=0
natpmp=0
shrinkdebugfile=0
deprecatedrpc=create_bdb
unsafesqlitesync=1
connect=0
bind=127.0.0.1
`, r.p2p, r.rpc)
	if err := os.WriteFile(filepath.Join(r.dir, "bitcoin.conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rigNode) start(extra ...string) {
	r.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	args := append([]string{"-datadir=" + r.dir, "-logtimemicros", "-debug", "-debugexclude=libevent", "-debugexclude=leveldb",
		"-debugexclude=rand", fmt.Sprintf("-uacomment=testnode%d", r.n), "-disablewallet", "-logthreadnames", "-logsourcelocations",
		"-loglevel=trace", "-v2transport=0"}, extra...)
	r.cmd = exec.Command(exe, args...)
	r.cmd.Env = append(os.Environ(), actAsProgram+"=bitcoind", "LIBC_FATAL_STDERR_=1")
	if r.stderr, err = os.Create(filepath.Join(r.dir, "stderr")); err != nil {
		r.t.Fatal(err)
	}
	r.cmd.Stderr = r.stderr
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.exited = make(chan error, 1)
	go func(c *exec.Cmd, done chan error) { done <- c.Wait() }(r.cmd, r.exited)
	r.t.Cleanup(func() { r.cmd.Process.Kill() })
	r.wait("the RPC answers", func() bool {
		var blocks int
		return r.try(&blocks, "getblockcount", nil) == nil
	})
	r.wait("the pool is loaded", func() bool {
		var info struct{ Loaded bool }
		return r.try(&info, "getmempoolinfo", nil) == nil && info.Loaded
	})
}

func (r *rigNode) wait(what string, done func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		select {
		case err := <-r.exited:
			text, _ := os.ReadFile(r.stderr.Name())
			r.t.Fatalf("node%d exited during initialization: %v\n%s", r.n, err, text)
		default:
		}
		if done() {
			return
		}
	}
	r.t.Fatalf("node%d: waited in vain until %s", r.n, what)
}

// try makes a call as the framework's client does: JSON-RPC 2.0, named arguments
// as an object.
func (r *rigNode) try(result any, method string, params any) error {
	cookie, err := os.ReadFile(filepath.Join(r.dir, "regtest", ".cookie"))
	if err != nil {
		return err
	}
	user, password, _ := strings.Cut(string(cookie), ":")
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/", r.rpc), strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	req.SetBasicAuth(user, password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		return fmt.Errorf("content type %q", got)
	}
	var answer struct {
		Version string          `json:"jsonrpc"`
		Result  json.RawMessage `json:"result"`
		Error   json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return err
	}
	if answer.Version != "2.0" || (answer.Result == nil) == (answer.Error == nil) || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not the dialect of 2.0: status %d, %s", resp.StatusCode, raw)
	}
	if answer.Error != nil {
		return fmt.Errorf("%s", answer.Error)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, result)
}

func (r *rigNode) call(result any, method string, params any) {
	r.t.Helper()
	if err := r.try(result, method, params); err != nil {
		r.t.Fatalf("node%d: %s: %v", r.n, method, err)
	}
}

type named map[string]any

func (r *rigNode) stop() {
	r.t.Helper()
	r.call(nil, "stop", named{"wait": 0})
	select {
	case err := <-r.exited:
		if err != nil {
			r.t.Errorf("node%d: exit: %v", r.n, err)
		}
	case <-time.After(60 * time.Second):
		r.t.Fatalf("node%d does not stop", r.n)
	}
	text, err := os.ReadFile(r.stderr.Name())
	if err != nil || strings.TrimSpace(string(text)) != "" {
		r.t.Errorf("node%d: standard error: %s (%v)", r.n, text, err)
	}
}

// rigAddresses are three P2PKH and one taproot address of regtest, as frameworks
// use them.
var rigAddresses = []string{
	"mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z", "msX6jQXvxiNhx3Q62PKeLPrhrqZQdSimTg",
	"mnonCMyH9TmAsSj3M59DsbH8H63U3RKoFP", "bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6",
}

type rigPeer struct {
	ID        int
	Addr      string
	AddrBind  string
	Subver    string
	Inbound   bool
	BytesRecv map[string]int `json:"bytesrecv_per_msg"`
}

type rigChain struct {
	Blocks, Headers      int
	InitialBlockDownload bool
	BestBlockHash        string
}

// cachedChain gives both nodes 199 blocks of long ago, as rigs do once, and then one of today.
func cachedChain(t *testing.T, a, b *rigNode) {
	t.Helper()
	const genesisTime = 1296688602
	a.call(nil, "setmocktime", []any{genesisTime})
	for i := range 8 {
		n := 25
		if i == 7 {
			n = 24
		}
		a.call(nil, "generatetoaddress", named{"nblocks": n, "address": rigAddresses[i%4], "maxtries": 1000000})
	}
	var info rigChain
	a.call(&info, "getblockchaininfo", nil)
	if info.Blocks != 199 {
		t.Fatalf("%d blocks, want 199", info.Blocks)
	}
	// The cached chain is the data directory copied after a clean stop.
	a.stop()
	b.stop()
	copyTree(t, filepath.Join(a.dir, "regtest"), filepath.Join(b.dir, "regtest"))
	a.start()
	b.start()

	var hashes []string
	a.call(&hashes, "generatetoaddress", named{"nblocks": 1, "address": rigAddresses[0]})
	var raw string
	a.call(&raw, "getblock", named{"blockhash": hashes[0], "verbosity": 0})
	var refused any
	b.call(&refused, "submitblock", []any{raw})
	if refused != nil {
		t.Fatalf("submitblock answers %v", refused)
	}
	for _, r := range []*rigNode{a, b} {
		r.call(&info, "getblockchaininfo", nil)
		if info.Blocks != 200 || info.InitialBlockDownload || info.BestBlockHash != hashes[0] {
			t.Fatalf("node%d: %+v", r.n, info)
		}
	}
}

func TestARigsHandshakeWithTwoNodes(t *testing.T) {
	a, b := newRigNode(t, 0), newRigNode(t, 1)
	for _, r := range []*rigNode{a, b} {
		r.start()
	}
	cachedChain(t, a, b)
	b.call(nil, "addnode", []any{fmt.Sprintf("127.0.0.1:%d", a.p2p), "onetry"})
	subversion := func(r *rigNode) string {
		var n struct{ Subversion string }
		r.call(&n, "getnetworkinfo", nil)
		return n.Subversion
	}
	for _, pair := range [][2]*rigNode{{a, b}, {b, a}} {
		want := subversion(pair[1])
		if !strings.Contains(want, fmt.Sprintf("(testnode%d)/", pair[1].n)) {
			t.Fatalf("subversion %q does not name the node", want)
		}
		pair[0].wait("the other has ponged", func() bool {
			var peers []rigPeer
			pair[0].call(&peers, "getpeerinfo", nil)
			return len(peers) == 1 && peers[0].Subver == want && peers[0].BytesRecv["pong"] >= 29
		})
	}

	var hashes []string
	b.call(&hashes, "generatetoaddress", named{"nblocks": 3, "address": rigAddresses[1]})
	a.wait("both have one tip", func() bool {
		var x, y string
		a.call(&x, "getbestblockhash", nil)
		b.call(&y, "getbestblockhash", nil)
		return x == y && x == hashes[2]
	})
	for _, r := range []*rigNode{a, b} {
		r.call(nil, "syncwithvalidationinterfacequeue", nil)
		r.stop()
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func TestWrongOptionsEndTheStartWithAnError(t *testing.T) {
	r := newRigNode(t, 0)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"-minimumchainwork=test", "-testactivationheight=nothing@1", "-nosuchoption=1"} {
		cmd := exec.Command(exe, "-datadir="+r.dir, bad)
		cmd.Env = append(os.Environ(), actAsProgram+"=bitcoind")
		out, err := cmd.CombinedOutput()
		if err == nil || len(out) == 0 {
			t.Errorf("%s: %v, %q", bad, err, out)
		}
	}
}

// TestANodeWhoseClockIsBehindItsChainDoesNotStart follows rpc_blockchain.py.
func TestANodeWhoseClockIsBehindItsChainDoesNotStart(t *testing.T) {
	const tip = 1_700_000_000
	r := newRigNode(t, 0)
	r.start(fmt.Sprintf("-mocktime=%d", tip))
	r.wait("RPC", func() bool { return r.try(nil, "getblockcount", nil) == nil })
	r.call(nil, "generatetoaddress", named{"nblocks": 1, "address": "mneYUmWYsuk7kySiURxCi3AGxrAqZxLgPZ"})
	r.stop()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-datadir="+r.dir, fmt.Sprintf("-mocktime=%d", tip-2*60*60-1))
	cmd.Env = append(os.Environ(), actAsProgram+"=bitcoind")
	var out strings.Builder
	cmd.Stderr = &out
	err = cmd.Run()
	want := ": " + blocksFromFuture + "\nPlease restart with -reindex or -reindex-chainstate to recover."
	if err == nil || strings.TrimSpace(out.String()) != want {
		t.Errorf("two hours and a second behind: %v, %q", err, out.String())
	}
	r.start(fmt.Sprintf("-mocktime=%d", tip-2*60*60))
	r.wait("RPC", func() bool { return r.try(nil, "getblockcount", nil) == nil })
	r.stop()
}
