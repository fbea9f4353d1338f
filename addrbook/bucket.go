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

// hash mixes the parts with the key, as Core does: the same key keeps the same address
// in the same place.
func (k *Key) hash(parts ...[]byte) uint64 {
	buf := make([]byte, 0, 160)
	buf = append(buf, k[:]...)
	for _, p := range parts {
		buf = append(buf, p...)
	}
	sum := sha256.Sum256(buf)
	sum = sha256.Sum256(sum[:])
	return binary.LittleEndian.Uint64(sum[:])
}

// vector is a part of variable length: with it in front, no two lists of parts look
// the same.
func vector(b []byte) []byte { return append([]byte{byte(len(b))}, b...) }

func group(a netaddr.Addr) []byte { return vector([]byte(a.Group())) }

// name is the address with its port, for hashing (Core's CService::GetKey): IPv4 in the
// form of the addr message.
func name(a netaddr.AddrPort) []byte {
	b := a.Addr.Bytes()
	if a.Addr.FitsV1() {
		wrapped := a.Addr.As16()
		b = wrapped[:]
	}
	return vector(binary.BigEndian.AppendUint16(b, a.Port))
}

func number(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

// newBucket is where a heard-of address belongs. One source group reaches 64
// buckets at most, and the addresses of one group from it one only.
func (k *Key) newBucket(a netaddr.AddrPort, source netaddr.Addr) int {
	from := group(source)
	h := k.hash(group(a.Addr), from) % newPerSource
	return int(k.hash(from, number(h)) % newBuckets)
}

// triedBucket is where an address that answered belongs: one of 8 buckets per
// group.
func (k *Key) triedBucket(a netaddr.AddrPort) int {
	h := k.hash(name(a)) % triedPerGroup
	return int(k.hash(group(a.Addr), number(h)) % triedBuckets)
}

// position is the only place of the address in that bucket.
func (k *Key) position(a netaddr.AddrPort, tried bool, bucket int) int {
	table := []byte("N")
	if tried {
		table = []byte("K")
	}
	return int(k.hash(table, binary.LittleEndian.AppendUint32(nil, uint32(bucket)), name(a)) % bucketSize)
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
