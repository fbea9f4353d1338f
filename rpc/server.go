package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// badPasswordDelay makes guessing slow, as Core does.
const badPasswordDelay = 250 * time.Millisecond

// maxHeader is how long the head of a request may be, as in Core.
const maxHeader = 8 << 10

// Options say who may come in and how much they may ask at once.
type Options struct {
	Credentials []Credential
	AllowIP     []netip.Prefix // besides loopback
	// Whitelist maps a user to the methods allowed; a user without an entry may
	// call everything unless WhitelistDefault is set.
	Whitelist        map[string]map[string]bool
	WhitelistDefault bool
	Threads          int // calls that run at once; default 16
	Queue            int // calls that wait for a turn; default 64
	MaxBody          int64
	MaxReply         int           // bytes of one batch's answer
	Timeout          time.Duration // for reading one request; idle connections stay open
	OnPanic          func(method string, reason any, stack []byte)
	OnRefused        func(user, remote, why string) // 401 and 403, for the log
	OnCall           func(method, user string, failed *Error, took time.Duration)
	OnOverload       func() // 503
}

func (o *Options) setDefaults() {
	if o.Threads <= 0 {
		o.Threads = 16
	}
	if o.Queue <= 0 {
		o.Queue = 64
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 32 << 20
	}
	if o.MaxReply <= 0 {
		o.MaxReply = 256 << 20
	}
	if o.OnPanic == nil {
		o.OnPanic = func(string, any, []byte) {}
	}
	if o.OnRefused == nil {
		o.OnRefused = func(string, string, string) {}
	}
	if o.OnOverload == nil {
		o.OnOverload = func() {}
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
}

// Server answers HTTP. It begins in warm-up: every call is told the stage until
// [Server.Ready].
type Server struct {
	opts     Options
	registry *Registry
	node     *Node
	warmup   atomic.Pointer[string]
	turns    chan struct{} // one token per running call
	waiting  atomic.Int64
	stopping atomic.Bool

	mu     sync.Mutex
	calls  map[int64]activeCall
	nextID int64
}

type activeCall struct {
	method string
	start  time.Time
}

// NewServer makes a server in warm-up over a node.
func NewServer(registry *Registry, node *Node, opts Options) *Server {
	opts.setDefaults()
	s := &Server{
		opts: opts, registry: registry, node: node,
		turns: make(chan struct{}, opts.Threads), calls: make(map[int64]activeCall),
	}
	s.Warmup("RPC server started")
	return s
}

// Warmup says what the node is doing before it can answer.
func (s *Server) Warmup(stage string) { s.warmup.Store(&stage) }

// Ready ends the warm-up.
func (s *Server) Ready() { s.warmup.Store(nil) }

// Serve answers on l until ctx ends, then interrupts the calls that wait for
// something, lets the others finish for at most grace, and returns. Connections
// may idle for as long as they like.
func (s *Server) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	fresh := &freshConns{}
	h := &http.Server{
		Handler: s, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: s.opts.Timeout,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnState:   fresh.note,
		ErrorLog:    log.New(io.Discard, "", 0), // a client's broken connection is no news
	}
	done := make(chan error, 1)
	go func() { done <- h.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("rpc listener on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	fresh.close()
	last, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := h.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		err = h.Close()
	}
	<-done
	return err
}

// freshConns are the connections on which nothing was asked yet. A shutdown of
// net/http would wait five seconds for their first request.
type freshConns struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
	over  bool
}

func (f *freshConns) note(c net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(f.conns, c)
	case f.over:
		c.Close()
	default:
		if f.conns == nil {
			f.conns = make(map[net.Conn]bool)
		}
		f.conns[c] = true
	}
}

func (f *freshConns) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	for c := range f.conns {
		c.Close()
	}
}

// ServeHTTP is the whole conversation of one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.fromAllowedAddress(r.RemoteAddr) {
		s.opts.OnRefused("", r.RemoteAddr, "its address is not in -rpcallowip")
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if len(r.RequestURI) > maxHeader {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if r.URL.Path != "/" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "JSONRPC server handles only POST requests", http.StatusMethodNotAllowed)
		return
	}
	user, ok := s.authenticated(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="jsonrpc"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.opts.MaxBody))
	if err != nil {
		http.Error(w, fmt.Sprintf("request body: %s (limit %d bytes)", err, s.opts.MaxBody), http.StatusRequestEntityTooLarge)
		return
	}
	if !s.takeTurn(r.Context()) {
		s.opts.OnOverload()
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "Work queue depth exceeded")
		return
	}
	status, answer := func() (int, json.RawMessage) {
		defer func() { <-s.turns }()
		return s.answer(r.Context(), user, body)
	}()
	if status == http.StatusForbidden {
		s.opts.OnRefused(user, r.RemoteAddr, "the method is not in the user's -rpcwhitelist")
	}
	s.write(w, status, answer)
}

func (s *Server) write(w http.ResponseWriter, status int, answer json.RawMessage) {
	if s.stopping.Load() {
		w.Header().Set("Connection", "close")
	}
	if answer == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(answer)
	io.WriteString(w, "\n")
}

// takeTurn waits for one of the places at the table; when too many wait
// already, it refuses at once.
func (s *Server) takeTurn(ctx context.Context) bool {
	select {
	case s.turns <- struct{}{}:
		return true
	default:
	}
	if s.waiting.Add(1) > int64(s.opts.Queue) {
		s.waiting.Add(-1)
		return false
	}
	defer s.waiting.Add(-1)
	select {
	case s.turns <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Server) fromAllowedAddress(remote string) bool {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	addr := ap.Addr().Unmap()
	if addr.IsLoopback() {
		return true
	}
	for _, p := range s.opts.AllowIP {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func (s *Server) authenticated(r *http.Request) (string, bool) {
	user, password, ok := r.BasicAuth()
	if !ok {
		return "", false
	}
	admitted := false
	for i := range s.opts.Credentials {
		admitted = s.opts.Credentials[i].admits(user, password) || admitted
	}
	if !admitted {
		s.opts.OnRefused(user, r.RemoteAddr, "incorrect password attempt")
		select {
		case <-time.After(badPasswordDelay):
		case <-r.Context().Done():
		}
	}
	return user, admitted
}

// allowed tells whether -rpcwhitelist lets the user call the method.
func (s *Server) allowed(user, method string) bool {
	methods, listed := s.opts.Whitelist[user]
	if !listed {
		return !s.opts.WhitelistDefault
	}
	return methods[method]
}

func (s *Server) begin(method string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID++
	s.calls[s.nextID] = activeCall{method, time.Now()}
	return s.nextID
}

func (s *Server) end(id int64) (took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	took = time.Since(s.calls[id].start)
	delete(s.calls, id)
	return took
}

// ActiveCall is one call in progress, for getrpcinfo.
type ActiveCall struct {
	Method   string `json:"method"`
	Duration int64  `json:"duration"` // microseconds
}

// Active lists the calls in progress, oldest first.
func (s *Server) Active() []ActiveCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int64, 0, len(s.calls))
	for id := range s.calls {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	list := make([]ActiveCall, 0, len(ids))
	for _, id := range ids {
		c := s.calls[id]
		list = append(list, ActiveCall{c.method, time.Since(c.start).Microseconds()})
	}
	return list
}
