package addrbook

import (
	"math"
	"time"

	"github.com/troupe-node/troupe/wire/netaddr"
)

// Points that a misbehaviour costs. They add up per neighbourhood and fade, so
// that bad luck is forgiven and malice is not.
const (
	DiscourageAt = 100 // from here on the peer is disconnected and discouraged

	halfLife  = 30 * time.Minute
	maxScored = 4096
)

// Scores remembers who misbehaved how much lately. Bounded: when full, the
// lowest score gives way, of equal ones the oldest.
type Scores struct {
	scores map[netaddr.Subnet]score
	added  uint64
}

type score struct {
	points float64
	at     time.Time
	number uint64 // breaks ties: a map's order must not decide anything
}

// NewScores makes an empty ledger.
func NewScores() *Scores { return &Scores{scores: make(map[netaddr.Subnet]score)} }

// neighbourhood is what one host surely owns: an address, or a /64 of IPv6.
func neighbourhood(a netaddr.Addr) netaddr.Subnet {
	if a.Network() == netaddr.IPv6 {
		return netaddr.Prefix(a, 64)
	}
	return netaddr.Single(a)
}

func (s score) now(now time.Time) float64 {
	age := max(0, now.Sub(s.at))
	return s.points * math.Exp2(-float64(age)/float64(halfLife))
}

// Add charges an address and gives its score from now on.
func (l *Scores) Add(a netaddr.Addr, points int, now time.Time) int {
	key := neighbourhood(a)
	old, known := l.scores[key]
	if !known && len(l.scores) >= maxScored {
		l.dropLowest(now)
	}
	total := old.now(now) + float64(points)
	l.added++
	l.scores[key] = score{total, now, l.added}
	return int(math.Round(total))
}

// Of is the score of an address now.
func (l *Scores) Of(a netaddr.Addr, now time.Time) int {
	return int(math.Round(l.scores[neighbourhood(a)].now(now)))
}

// Forgive forgets an address.
func (l *Scores) Forgive(a netaddr.Addr) { delete(l.scores, neighbourhood(a)) }

// Len counts the neighbourhoods with a score.
func (l *Scores) Len() int { return len(l.scores) }

func (l *Scores) dropLowest(now time.Time) {
	var lowest netaddr.Subnet
	var number uint64
	least := math.Inf(1)
	for k, s := range l.scores {
		if p := s.now(now); p < least || p == least && s.number < number {
			lowest, least, number = k, p, s.number
		}
	}
	delete(l.scores, lowest)
}

// Discouraged remembers addresses that misbehaved: they may call while there is
// room but are evicted first, and we do not call them. Unlike bans this is not
// kept across restarts. It holds between 25,000 and 50,000 addresses and
// forgets the oldest first (Core keeps the last 50,000 in a rolling filter).
type Discouraged struct {
	young, old map[netaddr.Subnet]struct{}
}

const discouragedHalf = 25_000

// NewDiscouraged makes an empty set.
func NewDiscouraged() *Discouraged {
	return &Discouraged{young: make(map[netaddr.Subnet]struct{})}
}

// Add discourages an address.
func (d *Discouraged) Add(a netaddr.Addr) {
	if len(d.young) >= discouragedHalf {
		d.young, d.old = make(map[netaddr.Subnet]struct{}), d.young
	}
	d.young[neighbourhood(a)] = struct{}{}
}

// Has says whether an address is discouraged.
func (d *Discouraged) Has(a netaddr.Addr) bool {
	k := neighbourhood(a)
	_, young := d.young[k]
	_, old := d.old[k]
	return young || old
}

// Len counts the addresses.
func (d *Discouraged) Len() int { return len(d.young) + len(d.old) }
