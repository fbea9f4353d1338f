package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// toyMethods are enough to speak every dialect.
var toyMethods = []Method{
	{Name: "add", Category: "toys", Summary: "Adds two numbers.",
		Params: []Param{{Name: "a|first", Kind: Number}, {Name: "b", Kind: Number, Optional: true, Default: "1"}, {Name: "c", Kind: Number, Optional: true}},
		Handler: func(c *Call) (any, error) {
			a, err := c.Int(0, 0)
			if err != nil {
				return nil, err
			}
			b, err := c.Int(1, 1)
			if err != nil {
				return nil, err
			}
			d, err := c.Int(2, 0)
			return a + b + d, err
		}},
	{Name: "fail", Category: "toys", Summary: "Fails.",
		Handler: func(*Call) (any, error) { return nil, Errorf(CodeInvalidParam, "no <such> thing") }},
	{Name: "trouble", Category: "toys", Summary: "Fails without a code.",
		Handler: func(*Call) (any, error) { return nil, errors.New("out of luck") }},
	{Name: "panic", Category: "toys", Summary: "Has a bug.", Handler: func(*Call) (any, error) { panic("a bug") }},
	{Name: "wait", Category: "toys", Summary: "Waits to be told.", Handler: func(c *Call) (any, error) {
		<-c.Context.Done()
		return "interrupted", nil
	}},
	{Name: "secret", Category: "hidden", Hidden: true, Summary: "Is not listed.", Handler: func(*Call) (any, error) { return nil, nil }},
}

func toyServer(t testing.TB, change func(*Options)) *Server {
	t.Helper()
	r, err := NewRegistry(toyMethods, controlMethods)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Credentials: []Credential{{User: "u", Password: "p"}}}
	if change != nil {
		change(&o)
	}
	s := NewServer(r, &Node{}, o)
	s.Ready()
	return s
}

// post sends a body and gives status and answer.
func post(t testing.TB, s http.Handler, body string, change ...func(*http.Request)) (int, string, http.Header) {
	t.Helper()
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	req.RemoteAddr = "127.0.0.1:50000"
	req.SetBasicAuth("u", "p")
	for _, f := range change {
		f(req)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	return w.Code, strings.TrimSuffix(w.Body.String(), "\n"), w.Header()
}

func TestEachDialectIsAnsweredInItself(t *testing.T) {
	s := toyServer(t, nil)
	for _, c := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"1.1 success", `{"method":"add","params":[2,3],"id":7}`, 200, `{"result":5,"error":null,"id":7}`},
		{"1.1 success without an id", `{"method":"add","params":[2,3]}`, 200, `{"result":5,"error":null}`},
		{"1.0 named so is the old dialect", `{"jsonrpc":"1.0","method":"add","params":[2,3],"id":"x"}`, 200, `{"result":5,"error":null,"id":"x"}`},
		{"1.1 unknown method", `{"method":"nope"}`, 404, `{"result":null,"error":{"code":-32601,"message":"Method not found"}}`},
		{"getinfo is unknown", `{"method":"getinfo","id":1}`, 404, `{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":1}`},
		{"1.1 application error", `{"method":"fail","id":1}`, 500, `{"result":null,"error":{"code":-8,"message":"no <such> thing"},"id":1}`},
		{"an error without a code is a misc error", `{"method":"trouble","id":1}`, 500, `{"result":null,"error":{"code":-1,"message":"out of luck"},"id":1}`},
		{"2.0 success", `{"jsonrpc":"2.0","method":"add","params":[2,3],"id":7}`, 200, `{"jsonrpc":"2.0","result":5,"id":7}`},
		{"2.0 application error", `{"jsonrpc":"2.0","method":"fail","id":7}`, 200, `{"jsonrpc":"2.0","error":{"code":-8,"message":"no <such> thing"},"id":7}`},
		{"2.0 unknown method", `{"jsonrpc":"2.0","method":"nope","id":7}`, 200, `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":7}`},
		{"2.0 with a null id is no notification", `{"jsonrpc":"2.0","method":"add","params":[1],"id":null}`, 200, `{"jsonrpc":"2.0","result":2,"id":null}`},
		{"2.0 notification", `{"jsonrpc":"2.0","method":"add","params":[1]}`, 204, ``},
		{"2.0 notification that fails", `{"jsonrpc":"2.0","method":"fail"}`, 204, ``},
		{"unparsable", `{"method":`, 500, `{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"nothing", ``, 500, `{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"a number", `17`, 500, `{"result":null,"error":{"code":-32700,"message":"Top-level object parse error"},"id":null}`},
		{"no method", `{"id":1}`, 400, `{"result":null,"error":{"code":-32600,"message":"Missing method"},"id":1}`},
		{"2.0 without a method", `{"jsonrpc":"2.0","id":1}`, 400, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Missing method"},"id":1}`},
		{"method is a number", `{"method":1,"id":1}`, 400, `{"result":null,"error":{"code":-32600,"message":"Method must be a string"},"id":1}`},
		{"params is a string", `{"method":"add","params":"1","id":1}`, 400, `{"result":null,"error":{"code":-32600,"message":"Params must be an array or object"},"id":1}`},
		{"jsonrpc is a number", `{"jsonrpc":2,"method":"add","id":1}`, 400, `{"result":null,"error":{"code":-32600,"message":"jsonrpc field must be a string"},"id":1}`},
		{"another version", `{"jsonrpc":"2.1","method":"add","id":1}`, 400, `{"result":null,"error":{"code":-32600,"message":"JSON-RPC version not supported"},"id":1}`},
		{"params null", `{"method":"fail","params":null,"id":1}`, 500, `{"result":null,"error":{"code":-8,"message":"no <such> thing"},"id":1}`},
		{"mixed batch", `[{"method":"add","params":[1],"id":1},{"jsonrpc":"2.0","method":"fail","id":2},{"jsonrpc":"2.0","method":"add","params":[1]},{"method":"nope","id":3},17]`, 200,
			`[{"result":2,"error":null,"id":1},{"jsonrpc":"2.0","error":{"code":-8,"message":"no <such> thing"},"id":2},{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":3},{"result":null,"error":{"code":-32600,"message":"Invalid Request object"},"id":null}]`},
		{"empty batch", `[]`, 200, `[]`},
		{"batch of notifications", `[{"jsonrpc":"2.0","method":"add","params":[1]}]`, 204, ``},
	} {
		status, got, header := post(t, s, c.body)
		if status != c.status || got != c.want {
			t.Errorf("%s: %d %s\nwant %d %s", c.name, status, got, c.status, c.want)
		}
		if kind := header.Get("Content-Type"); got != "" && kind != "application/json" {
			t.Errorf("%s: Content-Type %q", c.name, kind)
		}
	}
}

func TestArgumentsComeByPlaceByNameOrBoth(t *testing.T) {
	s := toyServer(t, nil)
	for _, c := range []struct{ params, want string }{
		{`[2,3]`, `5`},
		{`[2]`, `3`},
		{`[2,null,4]`, `7`},
		{`{"a":2,"b":3}`, `5`},
		{`{"first":2,"c":4}`, `7`},
		{`{"args":[2],"c":4}`, `7`},
		{`{"args":[2,3]}`, `5`},
		{`{"args":17,"a":2}`, `3`},
		{`{"args":[2,3],"b":4}`, `Parameter b specified twice both as positional and named argument`},
		{`{"a":2,"a":3}`, `Parameter a specified multiple times`},
		{`{"a":2,"z":3}`, `Unknown named parameter z`},
		{`{"a":2,"first":3}`, `Unknown named parameter first`},
		{`["2"]`, "Wrong type passed:\n{\n    \"Position 1 (a|first)\": \"JSON value of type string is not of expected type number\"\n}"},
		{`[null]`, "Wrong type passed:\n{\n    \"Position 1 (a|first)\": \"JSON value of type null is not of expected type number\"\n}"},
		{`[true,{}]`, "Wrong type passed:\n{\n    \"Position 1 (a|first)\": \"JSON value of type bool is not of expected type number\",\n    \"Position 2 (b)\": \"JSON value of type object is not of expected type number\"\n}"},
		{`[1.5]`, `JSON integer out of range`},
		{`[1e3]`, `JSON integer out of range`},
		{`[99999999999999999999]`, `JSON integer out of range`},
	} {
		_, got, _ := post(t, s, `{"method":"add","params":`+c.params+`}`)
		var answer struct {
			Result json.RawMessage
			Error  *Error
		}
		if err := json.Unmarshal([]byte(got), &answer); err != nil {
			t.Fatal(err)
		}
		text := string(answer.Result)
		if answer.Error != nil {
			text = answer.Error.Message
		}
		if text != c.want {
			t.Errorf("%s: %s, want %s", c.params, text, c.want)
		}
	}
}

func TestTheWrongNumberOfArgumentsIsAnsweredWithHelp(t *testing.T) {
	s := toyServer(t, nil)
	for _, params := range []string{`[]`, `[1,2,3,4]`, `{"b":1}`} {
		_, got, _ := post(t, s, `{"method":"add","params":`+params+`}`)
		if params == `{"b":1}` {
			if !strings.Contains(got, "type null") {
				t.Errorf("%s: %s", params, got)
			}
			continue
		}
		if !strings.Contains(got, `"code":-1`) || !strings.Contains(got, "Adds two numbers.") {
			t.Errorf("%s: %s", params, got)
		}
	}
}

func TestWhoMayComeIn(t *testing.T) {
	var refused []string
	s := toyServer(t, func(o *Options) {
		o.OnRefused = func(user, _, why string) { refused = append(refused, user+": "+why) }
	})
	const body = `{"method":"add","params":[1]}`
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"right", func(*http.Request) {}, 200},
		{"no credentials", func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		{"wrong password", func(r *http.Request) { r.SetBasicAuth("u", "q") }, 401},
		{"wrong user", func(r *http.Request) { r.SetBasicAuth("v", "p") }, 401},
		{"from elsewhere", func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1" }, 403},
		{"IPv4 in IPv6", func(r *http.Request) { r.RemoteAddr = "[::ffff:127.0.0.1]:1" }, 200},
		{"by GET", func(r *http.Request) { r.Method = http.MethodGet }, 405},
		{"another path", func(r *http.Request) { r.URL.Path = "/wallet/x" }, 404},
	} {
		start := time.Now()
		status, got, header := post(t, s, body, c.change)
		if status != c.status {
			t.Errorf("%s: status %d, want %d", c.name, status, c.status)
		}
		if c.status == 401 && (got != "" || header.Get("WWW-Authenticate") != `Basic realm="jsonrpc"`) {
			t.Errorf("%s: %q %v", c.name, got, header)
		}
		if strings.HasPrefix(c.name, "wrong") && time.Since(start) < badPasswordDelay {
			t.Errorf("%s: answered at once", c.name)
		}
	}
	if len(refused) != 3 {
		t.Errorf("refusals told: %q", refused)
	}
}

func TestTheWhitelistHoldsForBatchesToo(t *testing.T) {
	s := toyServer(t, func(o *Options) {
		o.Credentials = append(o.Credentials, Credential{User: "guest", Password: "p"})
		o.Whitelist = map[string]map[string]bool{"u": {"add": true}}
		o.WhitelistDefault = true
	})
	guest := func(r *http.Request) { r.SetBasicAuth("guest", "p") }
	for _, c := range []struct {
		body   string
		change []func(*http.Request)
		status int
	}{
		{`{"method":"add","params":[1]}`, nil, 200},
		{`{"method":"fail"}`, nil, 403},
		{`[{"method":"add","params":[1]},{"method":"fail"}]`, nil, 403},
		{`[{"method":"add","params":[1]}]`, nil, 200},
		{`{"method":"add","params":[1]}`, []func(*http.Request){guest}, 403},
	} {
		if status, got, _ := post(t, s, c.body, c.change...); status != c.status || (status == 403 && got != "") {
			t.Errorf("%s: %d %s, want %d", c.body, status, got, c.status)
		}
	}
}

func TestWarmUpIsToldBeforeAnythingElse(t *testing.T) {
	s := toyServer(t, nil)
	s.Warmup("Loading block index...")
	_, got, _ := post(t, s, `{"method":"nope","id":1}`)
	if want := `{"result":null,"error":{"code":-28,"message":"Loading block index..."},"id":1}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	s.Ready()
	if _, got, _ := post(t, s, `{"method":"add","params":[1]}`); !strings.Contains(got, `"result":2`) {
		t.Error(got)
	}
}

func TestAPanicIsOneCallersErrorAndOneLineInTheLog(t *testing.T) {
	told := ""
	s := toyServer(t, func(o *Options) {
		o.OnPanic = func(method string, reason any, stack []byte) { told = method + ": " + reason.(string) }
	})
	status, got, _ := post(t, s, `{"method":"panic","id":1}`)
	if status != 500 || !strings.Contains(got, `"code":-32603`) || told != "panic: a bug" {
		t.Errorf("%d %s, told %q", status, got, told)
	}
	if status, _, _ := post(t, s, `{"method":"add","params":[1]}`); status != 200 {
		t.Errorf("status %d afterwards", status)
	}
	if n := len(s.Active()); n != 0 {
		t.Errorf("%d calls still active", n)
	}
}

func TestABodyAboveTheLimitIsRefused(t *testing.T) {
	s := toyServer(t, func(o *Options) { o.MaxBody = 100 })
	if status, _, _ := post(t, s, `{"method":"add","params":[`+strings.Repeat(" ", 200)+`1]}`); status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", status)
	}
}

func TestAnAnswerAboveTheLimitIsRefused(t *testing.T) {
	s := toyServer(t, func(o *Options) { o.MaxReply = 200 })
	batch := `[` + strings.TrimSuffix(strings.Repeat(`{"method":"add","params":[1]},`, 20), ",") + `]`
	if status, got, _ := post(t, s, batch); status != 500 || !strings.Contains(got, `"code":-7`) {
		t.Errorf("%d %s", status, got)
	}
}

func TestTooManyCallersAreTurnedAway(t *testing.T) {
	overloads := 0
	s := toyServer(t, func(o *Options) { o.Threads, o.Queue = 1, 1; o.OnOverload = func() { overloads++ } })
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 2 { // one runs, one waits
		wg.Go(func() {
			post(t, s, `{"method":"wait"}`, func(r *http.Request) { *r = *r.WithContext(ctx) })
		})
	}
	for s.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	status, got, _ := post(t, s, `{"method":"add","params":[1]}`)
	if status != 503 || got != "Work queue depth exceeded" || overloads != 1 {
		t.Errorf("%d %q, %d times told", status, got, overloads)
	}
	cancel()
	wg.Wait()
	if status, _, _ := post(t, s, `{"method":"add","params":[1]}`); status != 200 {
		t.Errorf("status %d afterwards", status)
	}
}

func TestHelpListsByCategoryAndHidesWhatIsHidden(t *testing.T) {
	s := toyServer(t, nil)
	_, got, _ := post(t, s, `{"method":"help"}`)
	var answer struct{ Result string }
	if err := json.Unmarshal([]byte(got), &answer); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"== Control ==\n", "\n\n== Toys ==\nadd a ( b c )\n", "stop\n", "help ( \"command\" )"} {
		if !strings.Contains(answer.Result, want) {
			t.Errorf("no %q in\n%s", want, answer.Result)
		}
	}
	if strings.Contains(answer.Result, "secret") {
		t.Error("a hidden method is listed")
	}
	for name, want := range map[string]string{"secret": "Is not listed.", "nope": "help: unknown command: nope"} {
		if _, got, _ := post(t, s, `{"method":"help","params":["`+name+`"]}`); !strings.Contains(got, want) {
			t.Errorf("help %s: %s", name, got)
		}
	}
}

func TestEchoKeepsWhatCame(t *testing.T) {
	s := toyServer(t, nil)
	for params, want := range map[string]string{
		`[]`: `[]`, `[1,null,"x"]`: `[1,null,"x"]`, `[null]`: `[null]`, `{"arg2":{"a":1}}`: `[null,null,{"a":1}]`,
	} {
		if _, got, _ := post(t, s, `{"method":"echo","params":`+params+`}`); got != `{"result":`+want+`,"error":null}` {
			t.Errorf("%s: %s", params, got)
		}
	}
}

// FuzzBody shows that no body brings the server down, and that whatever is
// answered is JSON of the dialect.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"method":"add","params":[2,3],"id":7}`, `{"jsonrpc":"2.0","method":"add","params":{"a":1,"args":[2]},"id":null}`,
		`[{"method":"fail"},[],{"jsonrpc":"2.0"}]`, `{"method":"echo","params":{"arg9":"trigger_internal_bug"}}`, `[[[[`, `{"id":{"a":`, ` [] `,
		`{"method":"help","params":["add"]}`, `{"\u006dethod":"add","params":[1]}`,
	} {
		f.Add([]byte(seed))
	}
	s := toyServer(f, func(o *Options) {
		o.OnPanic = func(method string, reason any, stack []byte) {
			if method != "panic" {
				panic(reason)
			}
		}
	})
	f.Fuzz(func(t *testing.T, body []byte) {
		if bytes.Contains(body, []byte("wait")) || bytes.Contains(body, []byte("stop")) || bytes.Contains(body, []byte(`\u`)) {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		status, answer := s.answer(ctx, "u", body)
		switch status {
		case 200, 400, 404, 500:
			if !json.Valid(answer) {
				t.Fatalf("%q answered by %q", body, answer)
			}
		case 204:
			if answer != nil {
				t.Fatalf("%q: 204 with %q", body, answer)
			}
		default:
			t.Fatalf("%q: status %d", body, status)
		}
	})
}
