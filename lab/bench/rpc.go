package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// The nodes are ours, listen on this machine only, and live for seconds.
const rpcUser, rpcPassword = "bench", "bench"

// client asks a node by JSON-RPC.
type client struct {
	url  string
	http http.Client
}

func newClient(port int) *client {
	return &client{url: fmt.Sprintf("http://127.0.0.1:%d/", port), http: http.Client{Timeout: 10 * time.Second}}
}

func (c *client) call(ctx context.Context, result any, method string, params ...any) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(rpcUser, rpcPassword)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: %s: %w", method, resp.Status, err)
	}
	if answer.Error != nil {
		return fmt.Errorf("%s: %s", method, answer.Error.Message)
	}
	return json.Unmarshal(answer.Result, result)
}

// height is the node's, of connected blocks.
func (c *client) height(ctx context.Context) (h int, err error) {
	return h, c.call(ctx, &h, "getblockcount")
}
