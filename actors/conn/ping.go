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
		c.note("pong peer=%s: Unsolicited pong without ping, %x expected, %x received", peerNumber(c.peer), p.nonce, m.Nonce)
		return
	case m.Nonce == 0:
		c.note("pong peer=%s: Nonce zero, %x expected, %x received", peerNumber(c.peer), p.nonce, m.Nonce)
	case m.Nonce != p.nonce:
		c.note("pong peer=%s: Nonce mismatch, %x expected, %x received", peerNumber(c.peer), p.nonce, m.Nonce)
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
	p.since = time.Time{}
	c.peer.Stats.PingSince.Store(0)
}
