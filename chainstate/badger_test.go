package chainstate

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

func openDisk(t *testing.T, dir string, p *consensus.Params) *chainstore.Badger {
	t.Helper()
	s, err := chainstore.Open(dir, chainstore.Options{Network: p.Name, Magic: p.Magic, Memory: chainstore.SmallMemory})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closeDisk ends the machine and its store; what is committed stays.
func (r *rig) closeDisk() {
	r.tb.Helper()
	r.m.Close()
	r.published.Release()
	if err := r.store.Close(); err != nil {
		r.tb.Fatal(err)
	}
}

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
	dir := t.TempDir()
	var hashes []string
	for _, store := range []chainstore.Store{chainstore.NewMemory(), openDisk(t, dir, f.Params())} {
		r := newRigOn(t, f.Params(), Options{LoadAbove: 1}, store)
		r.quiet = true
		r.addAll(blocks[:half])
		if _, disk := store.(*chainstore.Badger); disk {
			r.flush()
			r.closeDisk()
			r.store = openDisk(t, dir, f.Params())
			r.open()
		}
		r.addAll(blocks[half:])
		if r.published.Tip().Hash() != other.Tip() {
			t.Fatalf("ended at height %d (%v)", r.published.Tip().Height(), r.err)
		}
		hashes = append(hashes, r.coinHash())
		r.closeDisk()
	}
	if hashes[0] != hashes[1] {
		t.Fatalf("coins on disk %s, in memory %s", hashes[1], hashes[0])
	}
}

// A damaged block of a table looks as if its coins had never been: the machine
// must stop, and no block may be called invalid for it.
func TestACoinLostToADamagedDiskBlamesNoBlock(t *testing.T) {
	f, c, blocks := forged(t, "damage", 300)
	dir := t.TempDir()
	r := newRigOn(t, f.Params(), Options{LoadAbove: -1}, openDisk(t, dir, f.Params()))
	r.quiet = true
	r.addAll(blocks)
	r.flush()
	headers := r.m.Index().Len()
	r.closeDisk()
	var next *tx.Block
	for b, err := range c.Blocks(300, 100) {
		if err != nil {
			t.Fatal(err)
		}
		if next = b; len(spends(b)) == 0 {
			t.Fatal("the forge's next block spends nothing")
		}
		break
	}
	loseACoin(t, dir, f.Params(), stored{spends(next), headers})
	r.store = openDisk(t, dir, f.Params())
	r.open()
	r.add(next, Submission{Requested: true})
	if !errors.Is(r.err, chainstore.ErrCorrupt) {
		t.Fatalf("the machine goes on over a damaged store: %v", r.err)
	}
	v := r.verdicts[len(r.verdicts)-1]
	if v.Outcome != Failed || v.Result() != consensus.Internal || r.m.Index().Get(next.Hash()).Failed() {
		t.Fatalf("a good block is blamed: %+v", v)
	}
	r.closeDisk()
}

// stored is what a store has: some coins, and so many headers.
type stored struct {
	coins   []tx.OutPoint
	headers int
}

// loseACoin flips a byte of the store's table, in the place where that makes one
// of the coins disappear and leaves the headers readable.
func loseACoin(t *testing.T, dir string, p *consensus.Params, want stored) {
	t.Helper()
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) != 1 {
		t.Fatalf("tables %v, want one (%v)", tables, err)
	}
	whole, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	for at := 500; at < len(whole); at += 500 {
		damaged := slices.Clone(whole)
		damaged[at] ^= 0xff
		if err := os.WriteFile(tables[0], damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if lost(t, dir, p, want) {
			return
		}
	}
	t.Fatal("no damage hits a coin alone")
}

func lost(t *testing.T, dir string, p *consensus.Params, want stored) bool {
	t.Helper()
	s, err := chainstore.Open(dir, chainstore.Options{Network: p.Name, Magic: p.Magic, Memory: chainstore.SmallMemory})
	if err != nil {
		return false // the damage hit what the store needs to open
	}
	defer s.Close()
	headers := 0
	if s.Headers(func(chainstore.HeaderRecord) error { headers++; return nil }) != nil || headers != want.headers {
		return false
	}
	snap, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	found, err := snap.Coins(want.coins)
	return err == nil && slices.Contains(found, nil)
}
