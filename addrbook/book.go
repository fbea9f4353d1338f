package addrbook

import (
	"math/rand/v2"
	"time"

	"github.com/troupe-node/troupe/wire/netaddr"
)

// Book is the address book. It has one owner.
type Book struct {
	key  Key
	rand *rand.Rand

	entries map[netaddr.AddrPort]*entry
	order   []*entry // all entries, for drawing at random
	fresh   table    // heard of
	proven  table    // answered

	lastGood   time.Time // of any address: failures count only while we are online
	collisions []netaddr.AddrPort
}

// New makes an empty book. The key must be secret and stay the same for the
// life of the book, across restarts; rand must be unpredictable to peers.
func New(key Key, rand *rand.Rand) *Book {
	return &Book{key: key, rand: rand, entries: make(map[netaddr.AddrPort]*entry), fresh: newTable(newBuckets), proven: newTable(triedBuckets)}
}

// Seen is what a peer tells about an address.
type Seen struct {
	Addr     netaddr.AddrPort
	Services uint64
	Time     time.Time // when the address was last alive
}

// The times of addresses that cannot be right become five days old (Core's
// rule for addr messages).
const assumedAge = 5 * 24 * time.Hour

var earliest = time.Unix(100_000_000, 0)

// Add takes addresses in that source told, and says how many found a new
// place. penalty makes them look older than claimed (Core: two hours for what
// peers pass on, nothing for what they say about themselves). Unroutable
// addresses are left out.
func (b *Book) Add(seen []Seen, source netaddr.Addr, penalty time.Duration, now time.Time) int {
	added := 0
	for _, s := range seen {
		if s.Time.Before(earliest) || s.Time.Sub(now) > futureSlack {
			s.Time = now.Add(-assumedAge)
		}
		if b.addOne(s, source, penalty, now) {
			added++
		}
	}
	return added
}

func (b *Book) addOne(s Seen, source netaddr.Addr, penalty time.Duration, now time.Time) bool {
	if !s.Addr.Addr.IsRoutable() || s.Addr.Port == 0 {
		return false
	}
	if s.Addr.Addr == source {
		penalty = 0 // a peer speaks for itself
	}
	e := b.entries[s.Addr]
	if e == nil {
		e = b.create(s, source, penalty)
	} else if !b.refresh(e, s, penalty, now) {
		return false
	}
	return b.place(e, source, now)
}

func (b *Book) create(s Seen, source netaddr.Addr, penalty time.Duration) *entry {
	e := &entry{addr: s.Addr, services: s.Services, source: source, seen: s.Time.Add(-penalty), at: len(b.order)}
	b.entries[s.Addr] = e
	b.order = append(b.order, e)
	return e
}

// refresh updates a known entry and says whether it deserves one more place.
func (b *Book) refresh(e *entry, s Seen, penalty time.Duration, now time.Time) bool {
	interval := 24 * time.Hour
	if now.Sub(s.Time) < 24*time.Hour {
		interval = time.Hour // online: keep its time more exact
	}
	older := e.seen
	if e.seen.Before(s.Time.Add(-interval - penalty)) {
		e.seen = s.Time.Add(-penalty)
	}
	e.services |= s.Services
	switch {
	case !s.Time.After(older), e.tried, e.refs == maxRefs:
		return false
	}
	// Each further place is half as likely as the one before.
	return e.refs == 0 || b.rand.IntN(1<<e.refs) == 0
}

// place puts an entry into the new bucket its source leads to.
func (b *Book) place(e *entry, source netaddr.Addr, now time.Time) bool {
	bucket := b.key.newBucket(e.addr, source)
	position := b.key.position(e.addr, false, bucket)
	old := b.fresh.get(bucket, position)
	if old == e {
		return false
	}
	if old != nil && !old.terrible(now) && (old.refs <= 1 || e.refs > 0) {
		if e.refs == 0 {
			b.forget(e)
		}
		return false
	}
	b.clearNew(bucket, position)
	b.setNew(bucket, position, e)
	return true
}

func (b *Book) setNew(bucket, position int, e *entry) {
	if e.refs == 0 {
		b.fresh.nets[e.addr.Addr.Network()]++
	}
	e.refs++
	b.fresh.set(bucket, position, e)
}

// clearNew empties a place. Who loses the last place is forgotten.
func (b *Book) clearNew(bucket, position int) {
	if e := b.fresh.get(bucket, position); e != nil {
		b.dropRef(bucket, position, e)
		if e.refs == 0 {
			b.forget(e)
		}
	}
}

func (b *Book) dropRef(bucket, position int, e *entry) {
	b.fresh.set(bucket, position, nil)
	e.refs--
	if e.refs == 0 {
		b.fresh.nets[e.addr.Addr.Network()]--
	}
}

// forget removes an entry that has no place any more.
func (b *Book) forget(e *entry) {
	last := b.order[len(b.order)-1]
	b.order[e.at], last.at = last, e.at
	b.order[len(b.order)-1] = nil
	b.order = b.order[:len(b.order)-1]
	delete(b.entries, e.addr)
}

// Len is the number of addresses.
func (b *Book) Len() int { return len(b.order) }

// Counts says how many addresses of a network were only heard of and how many
// answered; netaddr.None means all networks.
func (b *Book) Counts(n netaddr.Network) (heard, tried int) {
	for _, k := range netaddr.Networks {
		if n == netaddr.None || n == k {
			heard += b.fresh.nets[k]
			tried += b.proven.nets[k]
		}
	}
	return heard, tried
}

// Find tells what the book knows about an address.
func (b *Book) Find(a netaddr.AddrPort) (Info, bool) {
	if e := b.entries[a]; e != nil {
		return e.info(), true
	}
	return Info{}, false
}
