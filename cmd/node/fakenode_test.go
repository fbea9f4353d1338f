package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// fakeNode answers JSON-RPC from a table, and keeps what was asked.
type fakeNode struct {
	*httptest.Server
	answers map[string]any
	calls   []string
}

func newFakeNode(t *testing.T, p *program, answers map[string]any) (*fakeNode, []string) {
	t.Helper()
	n := &fakeNode{answers: answers}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pass, _ := r.BasicAuth(); pass != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var call struct {
			Method string `json:"method"`
			Params any    `json:"params"`
		}
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
			t.Error(err)
		}
		params, _ := json.Marshal(call.Params)
		n.calls = append(n.calls, call.Method+string(params))
		answer, ok := n.answers[call.Method]
		reply := map[string]any{"jsonrpc": "2.0", "id": 1, "result": answer}
		if e, isErr := answer.(*rpcError); isErr || !ok {
			if !ok {
				e = &rpcError{-32601, "Method not found"}
			}
			reply = map[string]any{"jsonrpc": "2.0", "id": 1, "error": e}
		}
		if err := json.NewEncoder(w).Encode(reply); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(func() { n.Close(); http.DefaultTransport.(*http.Transport).CloseIdleConnections() })
	dir := filepath.Join(p.dir, "regtest")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".cookie"), []byte("__cookie__:secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(n.Listener.Addr().String())
	return n, []string{"-regtest", "-datadir=" + p.dir, "-rpcport=" + port}
}
