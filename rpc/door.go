package rpc

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/logs"
)

// Door is the way in: open sockets, and who may come through them. It is opened
// before the node starts, so that an address in use or a cookie that cannot be
// written is told at once.
type Door struct {
	listeners []net.Listener
	opts      Options
	cookie    string // path; empty: none was written
	log       *logs.Logger
	server    *Server
}

// ErrAddressInUse is wrapped by OpenDoor's error when no socket could be opened.
var ErrAddressInUse = errors.New("Unable to bind any endpoint for RPC server")

// OpenDoor opens the sockets first and writes the cookie then: a second node must
// not take the first one's cookie away. Of several addresses one is enough, as in
// Core.
func OpenDoor(c *config.RPC, log *logs.Logger) (*Door, error) {
	d := &Door{log: log}
	var failed []error
	for _, addr := range c.Bind {
		l, err := net.Listen("tcp", addr.String())
		if err != nil {
			logs.ListenFailed.Log(log, logs.Listen.Is(addr.String()), logs.Err.Is(err)) // who asks there is not answered
			failed = append(failed, err)
			continue
		}
		d.listeners = append(d.listeners, l)
	}
	if len(d.listeners) == 0 {
		return nil, fmt.Errorf("%w: %w", ErrAddressInUse, errors.Join(failed...))
	}
	d.opts = Options{
		AllowIP: c.AllowIP, Whitelist: c.Whitelist, WhitelistDefault: c.WhitelistDefault,
		Threads: c.Threads, Queue: c.WorkQueue, Timeout: c.Timeout,
	}
	d.opts.observe(log)
	for _, a := range c.Auth {
		d.opts.Credentials = append(d.opts.Credentials, Credential{User: a.User, Salt: a.Salt, HMAC: a.HMAC})
	}
	if c.Password != "" {
		d.opts.Credentials = append(d.opts.Credentials, Credential{User: c.User, Password: c.Password})
	}
	if c.CookieFile == "" {
		return d, nil
	}
	cookie, err := WriteCookie(c.CookieFile, c.CookiePerms)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.cookie = c.CookieFile
	d.opts.Credentials = append(d.opts.Credentials, cookie)
	return d, nil
}

// Addresses are where it listens.
func (d *Door) Addresses() []string {
	var list []string
	for _, l := range d.listeners {
		list = append(list, l.Addr().String())
	}
	return list
}

// Ready ends the warm-up: the node answers from now on. Call it once the cast is
// complete.
func (d *Door) Ready() {
	if d.server != nil {
		d.server.Ready()
	}
}

// Warmup says what the node is doing before it is ready.
func (d *Door) Warmup(stage string) {
	if d.server != nil {
		d.server.Warmup(stage)
	}
}

// Close gives everything back. The actor does it when it ends; call it for a node
// that will not be.
func (d *Door) Close() error {
	var errs []error
	for _, l := range d.listeners {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if d.cookie != "" {
		if err := os.Remove(d.cookie); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
