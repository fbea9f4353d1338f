package kit

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// simNet is the network of a simulation: connections in memory with bounded
// buffers. Bytes arrive in pieces whose size the seed chooses, as they do on a
// real network, so that framing is exercised.
type simNet struct {
	sim       *Sim
	listeners map[string]*simListener
	lastPort  int
}

// simBuffer is how many bytes a direction holds before its writer waits.
const simBuffer = 64 << 10

type simAddr string

func (a simAddr) Network() string { return "tcp" }
func (a simAddr) String() string  { return string(a) }

type simListener struct {
	sim    *Sim
	addr   simAddr
	queue  []net.Conn
	closed bool
	gate   simGate
}

// Listen opens an address of the simulated network; port 0 picks one.
func (s *Sim) Listen(_, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Err: err}
	}
	if port == "0" {
		address = net.JoinHostPort(host, s.net.freePort())
	}
	if s.net.listeners[address] != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: simAddr(address), Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}
	}
	l := &simListener{sim: s, addr: simAddr(address), gate: simGate{sim: s}}
	if s.net.listeners == nil {
		s.net.listeners = map[string]*simListener{}
	}
	s.net.listeners[address] = l
	return l, nil
}

func (n *simNet) freePort() string {
	n.lastPort++
	return fmt.Sprint(49151 + n.lastPort)
}

// Dial connects to a listener of the simulation; nobody else answers.
func (s *Sim) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: simAddr(address), Err: err}
	}
	l := s.net.listeners[address]
	if l == nil || len(l.queue) >= 128 {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: simAddr(address), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	local := simAddr(net.JoinHostPort("127.0.0.1", s.net.freePort()))
	near, far := s.pipe(local, l.addr)
	l.queue = append(l.queue, far)
	l.gate.signal()
	return near, nil
}

// Pipe returns the two ends of a connection of the simulated network.
func (s *Sim) Pipe() (net.Conn, net.Conn) {
	return s.pipe(simAddr("127.0.0.1:"+s.net.freePort()), simAddr("127.0.0.1:"+s.net.freePort()))
}

func (s *Sim) pipe(near, far simAddr) (*simConn, *simConn) {
	out := &simStream{sim: s, gate: simGate{sim: s}}
	in := &simStream{sim: s, gate: simGate{sim: s}}
	return &simConn{sim: s, in: in, out: out, local: near, remote: far},
		&simConn{sim: s, in: out, out: in, local: far, remote: near}
}

func (l *simListener) Accept() (net.Conn, error) {
	err := l.gate.until(context.Background(), 0, func() bool { return l.closed || len(l.queue) > 0 })
	if err != nil {
		return nil, err
	}
	if l.closed {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.addr, Err: net.ErrClosed}
	}
	c := l.queue[0]
	l.queue = l.queue[1:]
	return c, nil
}

func (l *simListener) Addr() net.Addr { return l.addr }

func (l *simListener) Close() error {
	if l.closed {
		return net.ErrClosed
	}
	l.closed = true
	delete(l.sim.net.listeners, string(l.addr))
	for _, c := range l.queue {
		c.Close()
	}
	l.gate.signal()
	return nil
}

// simStream is one direction.
type simStream struct {
	sim     *Sim
	buf     []byte
	ended   bool // the writer closed: the reader gets what is left, then EOF
	refused bool // the reader closed: the writer gets a broken pipe
	gate    simGate
}

type simConn struct {
	sim           *Sim
	in, out       *simStream
	local, remote simAddr
	closed        bool
	readBy        time.Duration // deadline in simulated time, 0 none
	writeBy       time.Duration
}

func (c *simConn) LocalAddr() net.Addr  { return c.local }
func (c *simConn) RemoteAddr() net.Addr { return c.remote }

func (c *simConn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	s := c.in
	err := c.await("read", s, &c.readBy, func() bool { return c.closed || len(s.buf) > 0 || s.ended })
	if err != nil {
		return 0, err
	}
	if c.closed {
		return 0, c.fail("read", net.ErrClosed)
	}
	if len(s.buf) == 0 {
		return 0, io.EOF
	}
	n := min(len(b), len(s.buf))
	n = 1 + c.sim.rng.IntN(n) // any piece of it, as a network would
	copy(b, s.buf[:n])
	s.buf = s.buf[n:]
	s.gate.signal()
	return n, nil
}

func (c *simConn) Write(b []byte) (int, error) {
	s := c.out
	done := 0
	for done < len(b) {
		err := c.await("write", s, &c.writeBy, func() bool { return c.closed || s.refused || len(s.buf) < simBuffer })
		if err != nil {
			return done, err
		}
		if c.closed {
			return done, c.fail("write", net.ErrClosed)
		}
		if s.refused {
			return done, c.fail("write", os.NewSyscallError("write", syscall.EPIPE))
		}
		n := min(len(b)-done, simBuffer-len(s.buf))
		s.buf = append(s.buf, b[done:done+n]...)
		done += n
		s.gate.signal()
	}
	return done, nil
}

// await waits for the stream under the deadline, which may be moved meanwhile.
func (c *simConn) await(op string, s *simStream, by *time.Duration, ok func() bool) error {
	late := func() bool { return *by != 0 && c.sim.now >= *by }
	for {
		left := time.Duration(0)
		if *by != 0 {
			left = max(*by-c.sim.now, 1)
		}
		moved := *by
		err := s.gate.until(context.Background(), left, func() bool { return ok() || late() || *by != moved })
		switch {
		case c.closed:
			return nil // the caller tells: closed counts more than late
		case late():
			return c.fail(op, os.ErrDeadlineExceeded)
		case ok():
			return nil
		case err != nil && err != ErrTimeout:
			return c.fail(op, err)
		}
	}
}

func (c *simConn) fail(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}

// Close ends both directions; what was written can still be read by the other end.
func (c *simConn) Close() error {
	if c.closed {
		return c.fail("close", net.ErrClosed)
	}
	c.closed = true
	c.out.ended = true
	c.in.refused = true
	c.in.gate.signal()
	c.out.gate.signal()
	return nil
}

func (c *simConn) SetDeadline(t time.Time) error {
	c.setBy(&c.readBy, c.in, t)
	c.setBy(&c.writeBy, c.out, t)
	return nil
}

func (c *simConn) SetReadDeadline(t time.Time) error  { c.setBy(&c.readBy, c.in, t); return nil }
func (c *simConn) SetWriteDeadline(t time.Time) error { c.setBy(&c.writeBy, c.out, t); return nil }

// setBy takes a deadline on the simulated wall clock (Sim.Now without mock), as
// net.Conn's deadlines are on the real one.
func (c *simConn) setBy(by *time.Duration, s *simStream, t time.Time) {
	*by = 0
	if !t.IsZero() {
		*by = max(t.Sub(simEpoch), 1)
	}
	s.gate.signal()
}
