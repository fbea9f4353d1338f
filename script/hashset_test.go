package script

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
)

func TestASetOfHashesKeepsAllWhileItGrowsAndTakesNoMoreThanItNeeds(t *testing.T) {
	const bound, n = 8 << 20, 20_000
	s := newHashSet(bound)
	key := func(i int) [32]byte { return sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(i))) }
	size := func() (bytes int) {
		for i := range s.shards {
			bytes += len(s.shards[i].groups) * cacheWays * 32
		}
		return bytes
	}
	if size() != 0 {
		t.Fatal("an empty one takes memory")
	}
	for i := range n {
		k := key(i)
		s.add(&k)
		s.add(&k)
	}
	for i := range 2 * n {
		if k := key(i); s.has(&k) != (i < n) {
			t.Fatalf("number %d of %d: %v", i, n, s.has(&k))
		}
	}
	if got := size(); got > 8*n*32 {
		t.Errorf("%d bytes for %d hashes", got, n)
	}
	for i := range bound / 32 * 3 {
		k := key(i)
		s.add(&k)
		if !s.has(&k) {
			t.Fatal("the newest is not there")
		}
	}
	if got := size(); got > bound {
		t.Errorf("%d bytes, bound to %d", got, bound)
	}
}
