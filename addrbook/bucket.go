package addrbook

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/troupe-node/troupe/wire/netaddr"
)

// The shape of the tables and how far one group can reach, as in Core.
const (
	newBuckets   = 1024
	triedBuckets = 256
	bucketSize   = 64

	triedPerGroup = 8  // tried buckets that the addresses of one group can fall into
	newPerSource  = 64 // new buckets that one source group can reach
	maxRefs       = 8  // new buckets that one address can be in
)

// Key is the secret that decides where addresses are kept. Who knows it can
// choose addresses that displace others.
type Key [32]byte

// hash mixes the parts with the key. Lengths go in too, so that no two lists of
// parts look the same.
func (k *Key) hash(parts ...[]byte) uint64 {
	buf := make([]byte, 0, 160)
	buf = append(buf, k[:]...)
	for _, p := range parts {
		buf = append(buf, byte(len(p)))
		buf = append(buf, p...)
	}
	sum := sha256.Sum256(buf)
	return binary.LittleEndian.Uint64(sum[:])
}

// name is the address with its port and network, for hashing.
func name(a netaddr.AddrPort) []byte {
	b := a.Addr.Append([]byte{byte(a.Addr.Network())})
	return binary.BigEndian.AppendUint16(b, a.Port)
}

func number(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

// newBucket is where a heard-of address belongs. One source group reaches 64
// buckets at most, and the addresses of one group from it one only.
func (k *Key) newBucket(a netaddr.AddrPort, source netaddr.Addr) int {
	from := []byte(source.Group())
	h := k.hash([]byte(a.Addr.Group()), from) % newPerSource
	return int(k.hash(from, number(h)) % newBuckets)
}

// triedBucket is where an address that answered belongs: one of 8 buckets per
// group.
func (k *Key) triedBucket(a netaddr.AddrPort) int {
	h := k.hash(name(a)) % triedPerGroup
	return int(k.hash([]byte(a.Addr.Group()), number(h)) % triedBuckets)
}

// position is the only place of the address in that bucket.
func (k *Key) position(a netaddr.AddrPort, tried bool, bucket int) int {
	table := []byte("N")
	if tried {
		table = []byte("K")
	}
	return int(k.hash(table, number(uint64(bucket)), name(a)) % bucketSize)
}

// table is a set of buckets with a count per bucket, so that empty ones can be
// passed over quickly.
type table struct {
	slots  []*entry
	filled []int // per bucket
	nets   [netaddr.CJDNS + 1]int
}

func newTable(buckets int) table {
	return table{slots: make([]*entry, buckets*bucketSize), filled: make([]int, buckets)}
}

func (t *table) get(bucket, position int) *entry { return t.slots[bucket*bucketSize+position] }

func (t *table) set(bucket, position int, e *entry) {
	slot := &t.slots[bucket*bucketSize+position]
	if *slot != nil {
		t.filled[bucket]--
	}
	if e != nil {
		t.filled[bucket]++
	}
	*slot = e
}
