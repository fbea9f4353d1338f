package chainstate

import (
	"testing"

	"github.com/troupe-node/troupe/chainstore"
)

// TestTheStoreOnDiskEndsAtTheSameCoins plays a chain with a reorganisation on
// both stores, closing the one on disk halfway.
func TestTheStoreOnDiskEndsAtTheSameCoins(t *testing.T) {
	f, c, blocks := forged(t, "disk", 300)
	other := c.Fork(1)
	for b, err := range c.Blocks(300, 100) {
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	half := len(blocks)
	for b, err := range other.Blocks(400, 100) {
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	open := func(dir string) *chainstore.Badger {
		s, err := chainstore.Open(dir, chainstore.Options{Network: "regtest", Magic: f.Params().Magic, Memory: chainstore.SmallMemory})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	dir := t.TempDir()
	var hashes []string
	for _, store := range []chainstore.Store{chainstore.NewMemory(), open(dir)} {
		r := newRigOn(t, f.Params(), Options{LoadAbove: 1}, store)
		r.quiet = true
		r.addAll(blocks[:half])
		if _, disk := store.(*chainstore.Badger); disk {
			r.flush()
			r.m.Close()
			r.published.Release()
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			r.store = open(dir)
			r.open()
		}
		r.addAll(blocks[half:])
		if r.published.Tip().Hash() != other.Tip() {
			t.Fatalf("ended at height %d (%v)", r.published.Tip().Height(), r.err)
		}
		hashes = append(hashes, r.coinHash())
		r.m.Close()
		r.published.Release()
		if err := r.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if hashes[0] != hashes[1] {
		t.Fatalf("coins on disk %s, in memory %s", hashes[1], hashes[0])
	}
}
