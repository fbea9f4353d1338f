package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors"
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/mining"
	"github.com/troupe-node/troupe/rpc"
	"github.com/troupe-node/troupe/tx"
)

// rig is a whole node on a store in memory, with its RPC server on a free port.
type rig struct {
	t      testing.TB
	node   *actors.Node
	door   *rpc.Door
	cfg    *config.Config
	params *consensus.Params
	forge  *forge.Forge
	url    string
	user   string
	secret string
	client http.Client

	stopped chan struct{} // closed when somebody called stop
	ended   bool
}

func newRig(t testing.TB, args ...string) *rig {
	t.Helper()
	r := &rig{t: t, stopped: make(chan struct{})}
	r.cfg = loadConfig(t, append([]string{"-regtest", "-dnsseed=0", "-fixedseeds=0", "-listen=0", "-rpcport=18999"}, args...))
	r.cfg.RPC.Bind = nil
	for _, b := range []string{"127.0.0.1:0"} {
		r.cfg.RPC.Bind = append(r.cfg.RPC.Bind, mustAddrPort(t, b))
	}
	if err := os.MkdirAll(r.cfg.ChainDir, 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.params, err = actors.ParamsOf(r.cfg); err != nil {
		t.Fatal(err)
	}
	if r.door, err = rpc.OpenDoor(&r.cfg.RPC, nil); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	r.node, err = actors.Start(actors.Options{
		Config: r.cfg, Params: r.params, Store: chainstore.NewMemory(), UserAgent: "/troupe:0.0.0(rig)/",
		PoolFile: filepath.Join(r.cfg.ChainDir, "mempool.dat"),
		RPC: func(n *actors.Node) (kit.Spec, error) {
			return r.door.Spec(&rpc.Node{
				Board: n.Board, Cast: n.Cast, System: n.System, Config: n.Config, Limits: mining.DefaultLimits(),
				Services: n.Services(), UserAgent: n.UserAgent, Started: started, Barrier: n.Barrier,
				Stop: func() { close(r.stopped) },
			})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.door.Ready()
	r.url = "http://" + r.door.Addresses()[0] + "/"
	cookie, err := os.ReadFile(r.cfg.RPC.CookieFile)
	if err != nil {
		t.Fatal(err)
	}
	r.user, r.secret, _ = strings.Cut(string(cookie), ":")
	if r.params.Name == "regtest" { // nobody forges blocks of other chains
		if r.forge, err = forge.New("rpc", r.params); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(r.end)
	return r
}

// end stops the node in order.
func (r *rig) end() {
	if r.ended {
		return
	}
	r.ended = true
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	report := r.node.Stop(ctx)
	if err := report.Err(); err != nil {
		r.t.Error(err)
	}
	r.client.CloseIdleConnections()
}

func loadConfig(t testing.TB, args []string) *config.Config {
	t.Helper()
	parsed, problems := config.ParseArgs(args, config.ArgRules{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	loaded, err := config.Load(config.Sources{Args: parsed, Home: t.TempDir(), WorkDir: t.TempDir(), ReadFile: os.ReadFile})
	if err != nil {
		t.Fatal(err)
	}
	return &loaded.Config
}

// send posts a body as the cookie's user.
func (r *rig) send(body string) (int, []byte) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.SetBasicAuth(r.user, r.secret)
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, answer
}

// try calls a method and returns its result or its error.
func (r *rig) try(method string, params ...any) (json.RawMessage, *rpc.Error) {
	r.t.Helper()
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		r.t.Fatal(err)
	}
	_, raw := r.send(string(body))
	var answer struct {
		Result json.RawMessage
		Error  *rpc.Error
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		r.t.Fatalf("%s: %v in %s", method, err, raw)
	}
	return answer.Result, answer.Error
}

// raw calls a method that must succeed, and returns its result as it came.
func (r *rig) raw(method string, params ...any) string {
	r.t.Helper()
	result, e := r.try(method, params...)
	if e != nil {
		r.t.Fatalf("%s %v: %v", method, params, e)
	}
	return string(result)
}

// call is raw, read into a value.
func call[T any](r *rig, method string, params ...any) (v T) {
	r.t.Helper()
	d := json.NewDecoder(strings.NewReader(r.raw(method, params...)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		r.t.Fatalf("%s: %v", method, err)
	}
	return v
}

// refuses calls a method that must fail so.
func (r *rig) refuses(code rpc.Code, message, method string, params ...any) {
	r.t.Helper()
	result, e := r.try(method, params...)
	if e == nil {
		r.t.Errorf("%s %v: %s, want error %d %s", method, params, result, code, message)
		return
	}
	if e.Code != code || !strings.Contains(e.Message, message) {
		r.t.Errorf("%s %v: %v, want %d %s", method, params, e, code, message)
	}
}

// names are the members of a result that is an object, in order.
func names(t testing.TB, raw string) []string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(raw)))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	var list []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprint(name))
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func wantNames(t testing.TB, raw, want string) {
	t.Helper()
	if got := strings.Join(names(t, raw), " "); got != want {
		t.Errorf("members\n%s\nwant\n%s", got, want)
	}
}

// grow submits the next blocks of a forged chain.
func (r *rig) grow(blocks ...*tx.Block) {
	r.t.Helper()
	for _, b := range blocks {
		if got := r.raw("submitblock", fmt.Sprintf("%x", b.Bytes())); got != "null" {
			r.t.Fatalf("block %s: %s", b.Hash(), got)
		}
	}
}

// payday gives the node a chain on which the forge has coins to spend.
func (r *rig) payday(coins int) *forge.Chain {
	r.t.Helper()
	c := r.forge.Chain(forge.Mix{forge.P2WPKH: 1})
	c.SetTime(uint32(time.Now().Unix()) - 300*600)
	for b := range c.Setup(coins) {
		r.grow(b)
	}
	return c
}

// pay plans and signs a payment.
func (r *rig) pay(c *forge.Chain) *tx.Tx {
	r.t.Helper()
	planned := c.Plan(1)
	if len(planned) != 1 {
		r.t.Fatal("no coin is left")
	}
	return planned[0].Sign()
}

func hexTx(t *tx.Tx) string { return fmt.Sprintf("%x", t.Bytes()) }
