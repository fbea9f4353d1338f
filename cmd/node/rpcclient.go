package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/troupe-node/troupe/config"
)

// rpcClient speaks to the running node of a data directory.
type rpcClient struct {
	url            string
	user, password string
	where          string // for error texts
	http           http.Client
}

// rpcError is the node's answer that a call failed.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return fmt.Sprintf("%s (code %d)", e.Message, e.Code) }

// rpcWarmingUp is Core's code for a node that is not ready yet.
const rpcWarmingUp = -28

// newRPCClient finds the node by its configuration: the address from -rpcbind and -rpcport,
// the password from -rpcpassword or else the cookie.
func newRPCClient(c *config.Config, timeout time.Duration) (*rpcClient, error) {
	addr := c.RPC.Bind[0]
	for _, b := range c.RPC.Bind {
		if b.Addr().Is4() {
			addr = b // the commonest case, and [::1] may not exist
			break
		}
	}
	if addr.Addr().IsUnspecified() {
		addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), addr.Port())
	}
	client := &rpcClient{
		url: "http://" + addr.String() + "/", where: addr.String(),
		user: c.RPC.User, password: c.RPC.Password, http: http.Client{Timeout: timeout},
	}
	if client.password != "" {
		return client, nil
	}
	raw, err := os.ReadFile(c.RPC.CookieFile)
	if err != nil {
		f := fail(exitUnexpected, fmt.Sprintf("no node runs in %s", c.ChainDir), "", "start it with troupe run, or name another place with -datadir and -chain")
		if errors.Is(err, fs.ErrNotExist) {
			f.Why = "there is no cookie " + c.RPC.CookieFile
		}
		return nil, f.because(err)
	}
	var ok bool
	if client.user, client.password, ok = strings.Cut(string(raw), ":"); !ok {
		return nil, fail(exitUnexpected, "the cookie "+c.RPC.CookieFile+" cannot be read", "it is not user:password", "start the node again")
	}
	return client, nil
}

// call performs a method with positional parameters and stores its result.
func (c *rpcClient) call(result any, method string, params ...any) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(c.user, c.password)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		f := fail(exitUnexpected, "the node at "+c.where+" does not answer", "", "see its debug.log")
		if errors.Is(err, syscall.ECONNREFUSED) {
			f.Why, f.Fix = "nothing listens there", "start it with troupe run, or name another place with -datadir, -chain, -rpcport"
		}
		return f.because(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return fail(exitUnexpected, "the node at "+c.where+" broke off its answer", "", "try again").because(err)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return fail(exitUnexpected, "the node at "+c.where+" does not accept the password", "the cookie or rpcpassword is another node's", "name its place with -datadir and -chain")
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  *rpcError       `json:"error"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fail(exitUnexpected, fmt.Sprintf("the answer of %s is not JSON-RPC", c.where), resp.Status, "is another program listening there?")
	}
	if answer.Error != nil {
		return answer.Error
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, result)
}
