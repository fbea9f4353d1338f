package conn

import (
	"fmt"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/wire"
)

// Core's PING_INTERVAL and TIMEOUT_INTERVAL.
const (
	pingInterval = 2 * time.Minute
	silenceLimit = 20 * time.Minute
)

// pinger measures the way to the peer and notices when it is gone.
type pinger struct {
	asked bool // at once, whatever the interval says
	nonce uint64
	since time.Time // when the ping under way was sent; zero if none is
	last  time.Time
}

func (p *pinger) tick(k *kit.Context, c *conn) {
	now := k.Now()
	if c.shake.version.Protocol < wire.VersionPong {
		return
	}
	if !p.asked && (!p.since.IsZero() || now.Sub(p.last) < pingInterval) {
		return
	}
	p.asked = false
	for p.nonce = 0; p.nonce == 0; {
		p.nonce = k.Rand().Uint64()
	}
	p.since, p.last = now, now
	c.peer.Stats.PingSince.Store(now.UnixMicro())
	c.send(k, &wire.Ping{Nonce: p.nonce})
}

// overdue tells whether the peer has not answered for too long.
func (p *pinger) overdue(now time.Time) string {
	if p.since.IsZero() || now.Sub(p.since) <= silenceLimit {
		return ""
	}
	return fmt.Sprintf("ping timeout: %fs", now.Sub(p.since).Seconds())
}

// onPong takes the answer to our ping; others are noted and ignored.
func (c *conn) onPong(k *kit.Context, m *wire.Pong) {
	p := &c.ping
	switch {
	case p.since.IsZero():
		c.notePong("Unsolicited pong without ping", m.Nonce, 8)
		return
	case m.Nonce == 0:
		c.notePong("Nonce zero", m.Nonce, 8)
	case m.Nonce != p.nonce:
		c.notePong("Nonce mismatch", m.Nonce, 8)
		return
	default:
		// The node's clock may be a mock one, and then it is what measures, as in
		// Core; otherwise it agrees with the monotonic one.
		micros := max(1, k.Now().Sub(p.since).Microseconds())
		stats := &c.peer.Stats
		stats.PingMicros.Store(micros)
		if least := stats.MinPingMicros.Load(); least == 0 || micros < least {
			stats.MinPingMicros.Store(micros)
		}
	}
	p.answered(c)
}

// answered says that no ping is under way.
func (p *pinger) answered(c *conn) {
	p.since = time.Time{}
	p.nonce = 0
	c.peer.Stats.PingSince.Store(0)
}

// onShortPong is a pong without room for a nonce: nothing can be measured, and
// nothing more is waited for.
func (c *conn) onShortPong() {
	c.notePong("Short payload", 0, 0)
	c.ping.answered(c)
}

func (c *conn) notePong(what string, nonce uint64, size int) {
	c.note("pong peer=%s: %s, %x expected, %x received, %d bytes", peerNumber(c.peer), what, c.ping.nonce, nonce, size)
}
