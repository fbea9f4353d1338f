package addrbook

import (
	"time"

	"github.com/troupe-node/troupe/wire/netaddr"
)

// Limits of what is passed on to a peer (Core's MAX_ADDR_TO_SEND and
// MAX_PCT_ADDR_TO_SEND): never the whole book.
const (
	MaxSample     = 1000
	SamplePercent = 23
)

// Choice narrows Select. The zero value takes from both tables and any network.
type Choice struct {
	NewOnly bool            // heard-of addresses only, as for feelers
	Network netaddr.Network // None: any
}

// Select draws an address to connect to: from tried and new with equal chance,
// then any bucket, then any place, accepted with a chance that falls with
// failures, until one is accepted. Not ok if there is none. The caller skips
// what it is already connected to and asks again.
func (b *Book) Select(c Choice, now time.Time) (Info, bool) {
	heard, tried := b.Counts(c.Network)
	if c.NewOnly {
		tried = 0
	}
	if heard+tried == 0 {
		return Info{}, false
	}
	from := &b.fresh
	if heard == 0 || tried > 0 && b.rand.IntN(2) == 0 {
		from = &b.proven
	}
	for factor := 1.0; ; {
		e := b.draw(from, c.Network)
		if e == nil {
			continue
		}
		if b.rand.Float64() < factor*e.chance(now) {
			return e.info(), true
		}
		factor *= 1.2
	}
}

// draw takes a random bucket and in it the first entry of the network from a
// random place on; nil if the bucket has none.
func (b *Book) draw(t *table, network netaddr.Network) *entry {
	bucket := b.rand.IntN(len(t.filled))
	if t.filled[bucket] == 0 {
		return nil
	}
	start := b.rand.IntN(bucketSize)
	for i := range bucketSize {
		e := t.get(bucket, (start+i)%bucketSize)
		if e != nil && (network == netaddr.None || e.addr.Addr.Network() == network) {
			return e
		}
	}
	return nil
}

// Sample draws what a peer that asks with getaddr may see: at most 23 % of the
// book, at most most addresses (1000 if that is more or 0), none that is
// terrible; of one network, or of any with netaddr.None.
func (b *Book) Sample(most int, network netaddr.Network, now time.Time) []Info {
	if most <= 0 || most > MaxSample {
		most = MaxSample
	}
	most = min(most, len(b.order)*SamplePercent/100)
	var out []Info
	for i := 0; i < len(b.order) && len(out) < most; i++ {
		j := i + b.rand.IntN(len(b.order)-i)
		b.swap(i, j)
		e := b.order[i]
		if !e.terrible(now) && (network == netaddr.None || e.addr.Addr.Network() == network) {
			out = append(out, e.info())
		}
	}
	return out
}

func (b *Book) swap(i, j int) {
	b.order[i], b.order[j] = b.order[j], b.order[i]
	b.order[i].at, b.order[j].at = i, j
}

// Shareable lists in no order what is not too old or too often called in vain to be
// passed on.
func (b *Book) Shareable(now time.Time) []Info {
	var out []Info
	for _, e := range b.order {
		if !e.terrible(now) {
			out = append(out, e.info())
		}
	}
	return out
}

// Place is where an address is kept. A heard-of one can have several.
type Place struct {
	Bucket, Position int
	Info
}

// Places lists both tables.
func (b *Book) Places() (heard, tried []Place) {
	list := func(t *table) (out []Place) {
		for i, e := range t.slots {
			if e != nil {
				out = append(out, Place{i / bucketSize, i % bucketSize, e.info()})
			}
		}
		return out
	}
	return list(&b.fresh), list(&b.proven)
}

// All lists the book in no order, for getnodeaddresses 0 and for tests.
func (b *Book) All() []Info {
	out := make([]Info, len(b.order))
	for i, e := range b.order {
		out[i] = e.info()
	}
	return out
}
