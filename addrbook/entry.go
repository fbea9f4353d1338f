package addrbook

import (
	"math"
	"time"

	"github.com/troupe-node/troupe/wire/netaddr"
)

// When an address is worth nothing any more, as in Core's addrman.
const (
	horizon       = 30 * 24 * time.Hour // not heard of for so long
	maxRetries    = 3                   // attempts on an address that never answered
	maxFailures   = 10                  // attempts since the last success
	minFail       = 7 * 24 * time.Hour  // and no success for so long
	futureSlack   = 10 * time.Minute    // a time further ahead than this is a lie
	graceAfterTry = time.Minute         // never judge right after trying
)

// entry is one address in the book.
type entry struct {
	addr     netaddr.AddrPort
	services uint64
	source   netaddr.Addr // who told us first
	seen     time.Time    // last heard of or connected

	lastTry     time.Time
	lastCounted time.Time // last attempt that counted as a failure
	lastSuccess time.Time
	attempts    int // since the last success

	tried bool
	refs  int // places in new buckets
	at    int // index in Book.order
}

// terrible says that the entry may be forgotten and should not be passed on.
func (e *entry) terrible(now time.Time) bool {
	switch {
	case now.Sub(e.lastTry) <= graceAfterTry:
		return false
	case e.seen.Sub(now) > futureSlack:
		return true
	case now.Sub(e.seen) > horizon:
		return true
	case e.lastSuccess.IsZero() && e.attempts >= maxRetries:
		return true
	}
	return now.Sub(e.lastSuccess) > minFail && e.attempts >= maxFailures
}

// chance is the relative probability of being chosen: small right after an
// attempt, falling with every failure.
func (e *entry) chance(now time.Time) float64 {
	c := 1.0
	if now.Sub(e.lastTry) < 10*time.Minute {
		c = 0.01
	}
	return c * math.Pow(0.66, float64(min(e.attempts, 8)))
}

// Info is what the book knows about an address.
type Info struct {
	Addr        netaddr.AddrPort
	Services    uint64
	Source      netaddr.Addr
	Seen        time.Time
	LastTry     time.Time // zero: never
	LastSuccess time.Time // zero: never
	Attempts    int       // since the last success
	Tried       bool      // it answered once and has a place in a tried bucket
}

func (e *entry) info() Info {
	return Info{Addr: e.addr, Services: e.services, Source: e.source, Seen: e.seen, LastTry: e.lastTry, LastSuccess: e.lastSuccess, Attempts: e.attempts, Tried: e.tried}
}
