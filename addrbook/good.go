package addrbook

import (
	"slices"
	"time"

	"github.com/troupe-node/troupe/wire/netaddr"
)

// Before a tried address loses its place to another, it is tested once more
// (Core's test-before-evict).
const (
	maxCollisions  = 10
	freshEnough    = 4 * time.Hour    // an old holder that answered so recently stays
	testPatience   = time.Minute      // a test needs so long to fail
	collisionLimit = 40 * time.Minute // a newcomer waits no longer for a test
)

// Attempt records that we try to connect. countFailure is false when it is
// likely that we are offline ourselves.
func (b *Book) Attempt(a netaddr.AddrPort, countFailure bool, now time.Time) {
	e := b.entries[a]
	if e == nil {
		return
	}
	e.lastTry = now
	// One failure per time that anybody answered: a broken line of ours must
	// not make everybody look dead.
	if countFailure && e.lastCounted.Before(b.lastGood) {
		e.lastCounted = now
		e.attempts++
	}
}

// Good records that an address answered as a node should, and moves it into a
// tried bucket. It says whether it moved: not if it was there, is unknown, or
// must wait for the holder of its place to be tested (see Collision).
func (b *Book) Good(a netaddr.AddrPort, now time.Time) bool {
	return b.good(a, true, now)
}

func (b *Book) good(a netaddr.AddrPort, testFirst bool, now time.Time) bool {
	b.lastGood = now
	e := b.entries[a]
	if e == nil {
		return false
	}
	e.lastSuccess, e.lastTry, e.attempts = now, now, 0
	if e.tried {
		return false
	}
	bucket := b.key.triedBucket(a)
	position := b.key.position(a, true, bucket)
	if testFirst && b.proven.get(bucket, position) != nil {
		if len(b.collisions) < maxCollisions && !slices.Contains(b.collisions, a) {
			b.collisions = append(b.collisions, a)
		}
		return false
	}
	b.makeTried(e, bucket, position)
	return true
}

// makeTried moves an entry from its new buckets to its tried place. Who held
// the place goes back to a new bucket.
func (b *Book) makeTried(e *entry, bucket, position int) {
	first := b.key.newBucket(e.addr, e.source) // where it usually is, alone
	for i := 0; i < newBuckets && e.refs > 0; i++ {
		n := (first + i) % newBuckets
		if p := b.key.position(e.addr, false, n); b.fresh.get(n, p) == e {
			b.dropRef(n, p, e)
		}
	}
	if old := b.proven.get(bucket, position); old != nil {
		b.setTried(bucket, position, nil)
		back := b.key.newBucket(old.addr, old.source)
		p := b.key.position(old.addr, false, back)
		b.clearNew(back, p)
		b.setNew(back, p, old)
	}
	b.setTried(bucket, position, e)
}

func (b *Book) setTried(bucket, position int, e *entry) {
	if old := b.proven.get(bucket, position); old != nil {
		old.tried = false
		b.proven.nets[old.addr.Addr.Network()]--
	}
	if e != nil {
		e.tried = true
		b.proven.nets[e.addr.Addr.Network()]++
	}
	b.proven.set(bucket, position, e)
}

// Connected records that a connection ended well, so that the address is known
// to be alive. Not more often than every twenty minutes: the times we pass on
// must not tell whom we are connected to.
func (b *Book) Connected(a netaddr.AddrPort, now time.Time) {
	if e := b.entries[a]; e != nil && now.Sub(e.seen) > 20*time.Minute {
		e.seen = now
	}
}

// SetServices records what a node said about itself.
func (b *Book) SetServices(a netaddr.AddrPort, services uint64) {
	if e := b.entries[a]; e != nil {
		e.services = services
	}
}

// Collision is a tried address that should be tested, because another wants its
// place: a feeler connection to it settles the matter at the next Resolve.
func (b *Book) Collision() (Info, bool) {
	for len(b.collisions) > 0 {
		i := b.rand.IntN(len(b.collisions))
		if e := b.entries[b.collisions[i]]; e != nil {
			if old := b.holder(e); old != nil && old != e {
				return old.info(), true
			}
		}
		b.collisions = slices.Delete(b.collisions, i, i+1)
	}
	return Info{}, false
}

func (b *Book) holder(e *entry) *entry {
	bucket := b.key.triedBucket(e.addr)
	return b.proven.get(bucket, b.key.position(e.addr, true, bucket))
}

// Resolve decides the collisions that can be decided.
func (b *Book) Resolve(now time.Time) {
	waiting := b.collisions
	b.collisions = nil
	for _, a := range waiting {
		e := b.entries[a]
		if e == nil || e.tried {
			continue
		}
		old := b.holder(e)
		switch {
		case old == nil:
			b.good(a, false, now)
		case now.Sub(old.lastSuccess) < freshEnough: // it stays
		case now.Sub(old.lastTry) < freshEnough && now.Sub(old.lastTry) > testPatience:
			b.good(a, false, now) // tested, and did not answer
		case now.Sub(old.lastTry) < freshEnough:
			b.collisions = append(b.collisions, a)
		case now.Sub(e.lastSuccess) > collisionLimit:
			b.good(a, false, now) // nobody came to test it
		default:
			b.collisions = append(b.collisions, a)
		}
	}
}
