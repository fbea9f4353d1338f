// Package testpeer is the other side of a connection, for tests: a peer that says
// exactly what the test wants, raw bytes included, and waits for what it expects.
//
// It has no goroutine. Whatever waits reads from the socket itself, so that the
// same peer plays against a node on a real socket and against one in a
// simulation; and a peer that waits for nothing does not read, which is a test of
// its own. It answers pings, unless told otherwise, whenever it reads.
//
// Start reading at [Dial] and [Peer.Sync].
package testpeer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/troupe-node/troupe/wire"
)

// UserAgent is what the peer calls itself.
const UserAgent = "/testpeer:1.0/"

// Options say how the peer behaves. The zero Options are those of an ordinary
// node of today on regtest.
type Options struct {
	Magic wire.Magic // zero: regtest's
	// Version changes the version message before it is sent.
	Version func(*wire.Version)
	// Silent leaves the handshake to the test.
	Silent bool
	// TxID keeps to announcements by txid: no wtxidrelay.
	TxID bool
	// AddrV1 keeps to old addresses: no sendaddrv2.
	AddrV1 bool
	// Accepted is set when the node called: it speaks first.
	Accepted bool
	// Mute answers no pings.
	Mute bool
	// Patience is how long the peer waits for what it expects; zero: a minute.
	Patience time.Duration
	// Now is the clock of the socket's deadlines; nil: the machine's.
	Now func() time.Time
}

// Regtest is the magic of regtest.
var Regtest = wire.Magic{0xfa, 0xbf, 0xb5, 0xda}

// Peer is one connection to a node.
type Peer struct {
	Conn net.Conn
	// Theirs is the node's version message, after the handshake.
	Theirs *wire.Version
	// Handle is called with every message that arrives, before anybody waits for
	// it: a peer that serves what it is asked for.
	Handle func(wire.Message)

	t      testing.TB
	o      Options
	frames *wire.FrameReader
	inbox  []wire.Message
	nonce  uint64
}

// Dial connects to a node on this machine and shakes hands.
func Dial(t testing.TB, addr string, o Options) *Peer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return New(t, conn, o)
}

// New is a peer around a socket; it shakes hands unless Silent. The socket closes
// with the test.
func New(t testing.TB, conn net.Conn, o Options) *Peer {
	t.Helper()
	if o.Magic == (wire.Magic{}) {
		o.Magic = Regtest
	}
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Peer{Conn: conn, t: t, o: o, frames: wire.NewFrameReader(bufio.NewReader(conn), o.Magic), nonce: 1 << 32}
	t.Cleanup(func() { conn.Close() })
	if !o.Silent {
		p.Shake()
	}
	return p
}

// OurVersion is the version message that the peer sends.
func (p *Peer) OurVersion() *wire.Version {
	v := &wire.Version{
		Protocol: 70016, Services: wire.NodeNetwork | wire.NodeWitness, Time: p.o.Now().Unix(),
		Nonce: 0x1234_5678_9abc_def0, UserAgent: UserAgent, Relay: true,
	}
	if p.o.Version != nil {
		p.o.Version(v)
	}
	return v
}

// Shake shakes hands and waits until the node has said verack, too.
func (p *Peer) Shake() {
	p.t.Helper()
	if !p.o.Accepted {
		p.Send(p.OurVersion())
	}
	p.Theirs = Wait[*wire.Version](p, nil)
	if p.o.Accepted {
		p.Send(p.OurVersion())
	}
	if !p.o.TxID {
		p.Send(&wire.WTxIDRelay{})
	}
	if !p.o.AddrV1 {
		p.Send(&wire.SendAddrV2{})
	}
	p.Send(&wire.Verack{})
	Wait[*wire.Verack](p, nil)
}

// Send writes messages. A connection that the node has closed is no failure: the
// test finds out when it waits.
func (p *Peer) Send(list ...wire.Message) {
	var raw []byte
	for _, m := range list {
		raw = wire.Append(raw, p.o.Magic, m)
	}
	p.SendRaw(raw)
}

// SendRaw writes bytes as they are.
func (p *Peer) SendRaw(raw []byte) { p.Conn.Write(raw) }

// Frame is a whole frame around any payload.
func (p *Peer) Frame(command string, payload []byte) []byte {
	return wire.Append(nil, p.o.Magic, &wire.Raw{Name: command, Payload: payload})
}

// Next reads one message. Pings are answered and passed over, unless Mute.
func (p *Peer) Next(patience time.Duration) (wire.Message, error) {
	for {
		m, err := p.read(patience)
		if err != nil {
			return nil, err
		}
		ping, ok := m.(*wire.Ping)
		if !ok || p.o.Mute {
			return m, nil
		}
		p.Send(&wire.Pong{Nonce: ping.Nonce})
	}
}

func (p *Peer) read(patience time.Duration) (wire.Message, error) {
	if err := p.Conn.SetReadDeadline(p.o.Now().Add(patience)); err != nil {
		return nil, err
	}
	h, err := p.frames.Next()
	if err != nil {
		return nil, err
	}
	payload := make([]byte, h.Length)
	if err := p.frames.Payload(payload); err != nil {
		return nil, err
	}
	m, err := wire.Decode(h.Command, payload)
	if err != nil {
		return nil, err
	}
	if p.Handle != nil {
		p.Handle(m)
	}
	return m, nil
}

// until reads until one of the messages fits, which is then taken from the inbox.
func (p *Peer) until(fits func(wire.Message) bool) (wire.Message, error) {
	for i := 0; ; i++ {
		if i == len(p.inbox) {
			m, err := p.Next(p.o.Patience)
			if err != nil {
				return nil, err
			}
			p.inbox = append(p.inbox, m)
		}
		if m := p.inbox[i]; fits(m) {
			p.inbox = append(p.inbox[:i:i], p.inbox[i+1:]...)
			return m, nil
		}
	}
}

// Wait waits for a message of a type that fits; a nil fits takes any.
func Wait[M wire.Message](p *Peer, fits func(M) bool) M {
	p.t.Helper()
	m, err := p.until(func(m wire.Message) bool {
		typed, ok := m.(M)
		return ok && (fits == nil || fits(typed))
	})
	if err != nil {
		var none M
		p.t.Fatalf("waited in vain for %T: %v (in the inbox: %s)", none, err, Names(p.inbox))
		return none
	}
	return m.(M)
}

// Sync sends a ping and returns everything that came before its pong: by then all
// that the peer sent before has taken effect.
func (p *Peer) Sync() []wire.Message {
	p.t.Helper()
	before, err := p.TrySync()
	if err != nil {
		p.t.Fatalf("no pong: %v (before: %s)", err, Names(before))
	}
	return before
}

// TrySync is Sync for a peer that may be disconnected.
func (p *Peer) TrySync() ([]wire.Message, error) {
	p.nonce++
	nonce := p.nonce
	p.Send(&wire.Ping{Nonce: nonce})
	var before []wire.Message
	for i := 0; ; i++ {
		if i == len(p.inbox) {
			m, err := p.Next(p.o.Patience)
			if err != nil {
				return p.inbox, err
			}
			p.inbox = append(p.inbox, m)
		}
		if pong, ok := p.inbox[i].(*wire.Pong); ok && pong.Nonce == nonce {
			before, p.inbox = p.inbox[:i:i], p.inbox[i+1:]
			return before, nil
		}
	}
}

// WaitClosed waits until the node has closed the connection, and returns what it
// said before.
func (p *Peer) WaitClosed() []wire.Message {
	p.t.Helper()
	for {
		m, err := p.Next(p.o.Patience)
		if err == nil {
			p.inbox = append(p.inbox, m)
			continue
		}
		if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
			p.t.Fatalf("still connected (in the inbox: %s)", Names(p.inbox))
		}
		return p.inbox
	}
}

// Quiet reads for a while and returns everything that came, the inbox included.
// A closed connection fails the test.
func (p *Peer) Quiet(d time.Duration) []wire.Message {
	p.t.Helper()
	for end := p.o.Now().Add(d); ; {
		m, err := p.Next(max(time.Millisecond, end.Sub(p.o.Now())))
		if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
			all := p.inbox
			p.inbox = nil
			return all
		}
		if err != nil {
			p.t.Fatalf("connection ended: %v", err)
		}
		p.inbox = append(p.inbox, m)
	}
}

// Names lists the commands of messages, for failures.
func Names(list []wire.Message) string {
	out := ""
	for _, m := range list {
		out += " " + m.Command()
	}
	if out == "" {
		return "nothing"
	}
	return fmt.Sprintf("%d:%s", len(list), out)
}

// Find is the first of a type in a list, and whether there is one.
func Find[M wire.Message](list []wire.Message) (m M, ok bool) {
	for _, x := range list {
		if m, ok = x.(M); ok {
			return m, true
		}
	}
	return m, false
}
