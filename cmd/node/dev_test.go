package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/troupe-node/troupe/config"
)

func TestDevMaturesACoinAndLeavesNothingBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	p := newProgram(t, engine{})
	node, _ := newFakeNode(t, p, map[string]any{
		"generatetoaddress": []string{}, "syncwithvalidationinterfacequeue": nil,
		"scantxoutset": map[string]any{"height": 101, "unspents": []map[string]any{{"txid": "aa", "vout": 0, "amount": json.Number("50.00000000"), "coinbase": true, "height": 1}, {"txid": "bb", "vout": 0, "amount": json.Number("50"), "coinbase": true, "height": 3}}},
		"gettxout":     map[string]any{"value": 50},
	})
	_, port, _ := net.SplitHostPort(node.Listener.Addr().String())
	var seen *config.Config
	p.engine.Run = func(ctx context.Context, s *session, ready func(readiness) error) error {
		seen = &s.Config
		if err := os.WriteFile(s.Config.RPC.CookieFile, []byte("__cookie__:secret"), 0o600); err != nil {
			return err
		}
		if err := ready(readiness{RPC: []string{"r"}, P2P: []string{"p"}}); err != nil {
			return err
		}
		// From another terminal.
		other := newProgram(t, p.engine)
		if code := other.do("dev", "balance", "-rpcport="+port); code != 0 || !strings.Contains(other.out.String(), "spendable  50.00000000\nmaturing   50.00000000\n") {
			t.Errorf("balance: %d %s%s", code, other.out.String(), other.err.String())
		}
		if code := other.do("stop", "-rpcport="+port); code == 0 || !strings.Contains(other.err.String(), "Method not found") {
			t.Errorf("stop without a place: %d %s%s", code, other.out.String(), other.err.String())
		}
		return nil
	}
	if code := p.do("dev", "-printtoconsole=0", "-rpcport="+port, "-mintertxs=1"); code != 0 {
		t.Fatalf("%d %s", code, p.err.String())
	}
	if seen.Chain != config.Regtest || seen.Minter.Txs != 1 || seen.Minter.Interval != 10*time.Second || !strings.HasPrefix(seen.Minter.Address, "bcrt1q") || !seen.Network.Bind[0].Addr.Addr().IsLoopback() {
		t.Errorf("%+v %+v", seen.Minter, seen.Network)
	}
	if want := fmt.Sprintf(`generatetoaddress[101,"%s"]`, seen.Minter.Address); node.calls[0] != want {
		t.Errorf("calls %q", node.calls)
	}
	if !strings.Contains(p.out.String(), "50.00000000 spendable, 50.00000000 maturing") {
		t.Errorf("printed %s", p.out.String())
	}
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if code := p.do("dev", "balance"); code == 0 || !strings.Contains(p.err.String(), "no dev node runs") {
		t.Errorf("%d %s", code, p.err.String())
	}
}

// The whole of it, with real processes: start, look, send, look again, Ctrl-C.
func TestADevNodeHasCoinsToSendAndIsGoneWithCtrlC(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("HOME", t.TempDir())
	start := time.Now()
	p := launch(t, "troupe", "dev", fmt.Sprintf("-rpcport=%d", freePort(t)), fmt.Sprintf("-port=%d", freePort(t)))
	p.until("the coins are there", func() bool { return strings.Contains(p.out.String(), "Ctrl-C stops") })
	t.Logf("coins after %v", time.Since(start))
	if banner := p.out.String(); strings.Contains(banner, "tip.connected") || !strings.Contains(banner, "actor.started") || !strings.Contains(banner, "100.00000000 spendable") {
		t.Errorf("printed\n%s", banner)
	}
	ask := func(want string, args ...string) {
		t.Helper()
		q := launch(t, "troupe", args...)
		if <-q.waited; q.waitErr != nil || !strings.Contains(q.out.String(), want) {
			t.Errorf("%v: %v\n%s%s", args, q.waitErr, q.out.String(), q.errs.String())
		}
	}
	rpc := p.Args[2]
	ask("spendable  100.00000000", "dev", "balance", rpc)
	ask("txid", "dev", "send", someAddress, "1.5", rpc)
	ask("mempool  1 transactions", "status", rpc)
	ask("minter", "status", "--actors", rpc)
	second := launch(t, "troupe", append([]string{"dev", "-printtoconsole=0"}, p.Args[2:]...)...)
	if <-second.waited; second.ProcessState.ExitCode() != exitAddress {
		t.Errorf("a second one on the same ports: %v\n%s", second.waitErr, second.errs.String())
	}
	ask("maturing", "dev", "balance", rpc) // the first is still found
	asked := time.Now()
	p.end(syscall.SIGINT)
	t.Logf("gone after %v", time.Since(asked))
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDevSendPaysAFeeAndKeepsTheChange(t *testing.T) {
	p := newProgram(t, idle(readiness{}))
	node, where := newFakeNode(t, p, map[string]any{
		"scantxoutset": map[string]any{"height": 300, "unspents": []map[string]any{
			{"txid": "aa", "vout": 1, "amount": json.Number("1.0"), "scriptPubKey": "00", "height": 5},
			{"txid": "bb", "vout": 0, "amount": json.Number("2.5"), "scriptPubKey": "01", "coinbase": true, "height": 6}}},
		"gettxout": map[string]any{"value": 1}, "createrawtransaction": "raw",
		"signrawtransactionwithkey": map[string]any{"hex": "signed", "complete": true},
		"decoderawtransaction":      map[string]any{"vsize": 141}, "sendrawtransaction": "txid1",
	})
	if _, err := openDevWallet(filepath.Join(p.dir, "regtest")); err != nil {
		t.Fatal(err)
	}
	code := p.do(append([]string{"dev", "send", "bcrt1qdest", "1.5"}, where...)...)
	if code != 0 || !strings.Contains(p.out.String(), "sent 1.50000000 to bcrt1qdest\n  fee   0.00000282\n  txid  txid1") {
		t.Fatalf("%d %s%s", code, p.out.String(), p.err.String())
	}
	var last string
	for _, c := range node.calls {
		if strings.HasPrefix(c, "createrawtransaction") {
			last = c
		}
	}
	if !strings.Contains(last, `[{"txid":"bb","vout":0}],[{"bcrt1qdest":1.5}`) || !strings.Contains(last, ":0.99999718}]") {
		t.Errorf("made %s", last)
	}
	if code := p.do(append([]string{"dev", "send", "bcrt1qdest", "4"}, where...)...); code == 0 || !strings.Contains(p.err.String(), "3.50000000 are spendable") {
		t.Errorf("%d %s", code, p.err.String())
	}
	if code := p.do(append([]string{"dev", "send", "bcrt1qdest", "1,5"}, where...)...); code != exitUsage {
		t.Errorf("%d %s", code, p.err.String())
	}
}
