// Package peer is one end of a connection that a person could have written by
// hand: handshake, frames in, frames out, pings answered. The lab's floods and its
// serving of blocks stand on it.
//
// It owns a socket of this machine and nothing else; any other address is refused
// before it is dialled. It judges nothing that the other side says.
//
// Start reading at [Dial] and [Accept].
package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// ErrNotLocal says that an address is not of this machine.
var ErrNotLocal = errors.New("only addresses of this machine are taken")

// CheckLocal refuses every address that is not a loopback one, in numbers.
func CheckLocal(addr string) error {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not an address and port in numbers: %w", addr, ErrNotLocal)
	}
	if !ap.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("%s: %w", addr, ErrNotLocal)
	}
	return nil
}

// Hello is how we present ourselves.
type Hello struct {
	Magic     wire.Magic
	Services  wire.Services
	UserAgent string
	Height    int32
	Relay     bool // we want transactions announced
	WTxIDs    bool // by witness id (BIP339)
	Nonce     uint64
	You       netaddr.AddrPort // what we call the other side; may be zero
}

// handshakeTime is how long the other side may take for it.
const handshakeTime = 30 * time.Second

// writeTime is how long the other side may read nothing at all.
const writeTime = 10 * time.Minute

// Peer is a connection whose handshake is done. One goroutine at a time reads; any may
// send.
type Peer struct {
	Version *wire.Version // theirs

	conn  net.Conn
	in    *wire.FrameReader
	magic wire.Magic
	buf   []byte
	mu    sync.Mutex // of sending
}

// Dial connects to a node of this machine.
func Dial(ctx context.Context, addr string, hello Hello) (*Peer, error) {
	if err := CheckLocal(addr); err != nil {
		return nil, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("no node at %s (is it running, and is this its peer-to-peer port?): %w", addr, err)
	}
	return shake(ctx, conn, hello, true)
}

// Accept takes a connection that came in.
func Accept(ctx context.Context, conn net.Conn, hello Hello) (*Peer, error) {
	return shake(ctx, conn, hello, false)
}

// shake does the handshake; conn is closed when it fails.
func shake(ctx context.Context, conn net.Conn, hello Hello, first bool) (*Peer, error) {
	p := &Peer{conn: conn, magic: hello.Magic, in: wire.NewFrameReader(bufio.NewReaderSize(conn, 1<<16), hello.Magic)}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	conn.SetDeadline(time.Now().Add(handshakeTime))
	err := p.hands(hello, first)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("handshake with %s: %w", conn.RemoteAddr(), err)
	}
	conn.SetDeadline(time.Time{})
	return p, nil
}

func (p *Peer) hands(hello Hello, first bool) error {
	version := &wire.Version{
		Protocol: wire.ProtocolVersion, Services: hello.Services, Time: time.Now().Unix(), Nonce: hello.Nonce,
		To: wire.Endpoint{Addr: hello.You}, From: wire.Endpoint{Services: hello.Services}, UserAgent: hello.UserAgent, StartHeight: hello.Height, Relay: hello.Relay,
	}
	if first {
		if err := p.Send(version); err != nil {
			return err
		}
	}
	for {
		m, err := p.Next()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *wire.Version:
			p.Version = m
			var out []wire.Message
			if !first {
				out = append(out, version)
			}
			if hello.WTxIDs && m.Protocol >= wire.VersionWTxIDRelay {
				out = append(out, &wire.WTxIDRelay{})
			}
			if err := p.Send(append(out, &wire.Verack{})...); err != nil {
				return err
			}
		case *wire.Verack:
			if p.Version == nil {
				return errors.New("verack before version")
			}
			return nil
		}
	}
}

// Next reads the next message. Pings are answered, and come back all the same. The
// message is valid until the next call.
func (p *Peer) Next() (wire.Message, error) {
	for {
		head, err := p.in.Next()
		if err != nil {
			return nil, err
		}
		if !head.Known() {
			if err := p.in.Skip(); err != nil {
				return nil, err
			}
			continue
		}
		if cap(p.buf) < head.Length {
			p.buf = make([]byte, max(head.Length, 4096))
		}
		payload := p.buf[:head.Length]
		if err := p.in.Payload(payload); err != nil {
			return nil, err
		}
		m, err := wire.Decode(head.Command, payload)
		if err != nil {
			return nil, err
		}
		if ping, ok := m.(*wire.Ping); ok {
			if err := p.Send(&wire.Pong{Nonce: ping.Nonce}); err != nil {
				return nil, err
			}
		}
		return m, nil
	}
}

// Send writes messages in one piece.
func (p *Peer) Send(messages ...wire.Message) error {
	var out []byte
	for _, m := range messages {
		out = wire.Append(out, p.magic, m)
	}
	return p.Write(out)
}

// Write writes whole frames that were made before.
func (p *Peer) Write(frames ...[]byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn.SetWriteDeadline(time.Now().Add(writeTime))
	bufs := net.Buffers(frames)
	_, err := bufs.WriteTo(p.conn)
	return err
}

// Close ends the connection.
func (p *Peer) Close() error { return p.conn.Close() }
