package chainstore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// disk knows what a power cut cannot take: the bytes of each log as they were when it was last synced.
type disk struct {
	mu     sync.Mutex
	synced map[string][]byte
	listed map[string]bool // synced in this round: it may have been deleted after the directory was synced
}

// options has the directory's own syncs watched: a file deleted before one stays deleted.
func (d *disk) options(dir string) Options {
	o := metaOptions()
	o.Failpoint = func(point string) {
		if point != "sync-note" && point != "gc-delete" {
			return
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		for name := range d.synced {
			if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) && !d.listed[name] {
				delete(d.synced, name)
			}
		}
		clear(d.listed)
	}
	return o
}

func (d *disk) watch(b *Badger) {
	d.synced, d.listed = make(map[string][]byte), make(map[string]bool)
	b.syncPath = func(path string) error {
		if err := syncFile(path); err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.synced[filepath.Base(path)] = content
		d.listed[filepath.Base(path)] = true
		return nil
	}
}

// cutAll writes into dir the worst case: of the logs, only what was synced is left.
func (d *disk) cutAll(t *testing.T, now map[string][]byte, dir string) {
	t.Helper()
	for name, content := range now {
		if _, kind := logFile(name); kind != "" {
			if content = d.synced[name]; content == nil {
				continue
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// cut writes into dir what a power cut at this moment could leave of the store in src. Tables, MANIFEST and SYNC are whole, as they
// are synced when they are written. Of the logs, every page written since the last sync is there or not, by chance; a log made
// since may be missing or empty; a log deleted since may be back.
func (d *disk) cut(t *testing.T, rng *rand.Rand, now map[string][]byte, dir string) {
	t.Helper()
	mode := rng.IntN(4)
	names := make([]string, 0, len(now))
	for name := range now {
		names = append(names, name)
	}
	for name := range d.synced {
		if now[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		content := now[name]
		if _, kind := logFile(name); kind != "" {
			content = d.page(rng, mode, name, content, content == nil)
		}
		if content == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// photograph reads a directory as of one moment: again and again until nothing changed meanwhile.
func photograph(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	read := func() map[string][]byte {
		files := make(map[string][]byte)
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if content, err := os.ReadFile(filepath.Join(dir, e.Name())); err == nil {
				files[e.Name()] = content
			}
		}
		return files
	}
	same := func(a, b map[string][]byte) bool {
		return maps.EqualFunc(a, b, func(x, y []byte) bool { return bytes.Equal(x, y) })
	}
	for range 200 {
		if a, b := read(), read(); same(a, b) {
			return b
		}
		waitABit()
	}
	t.Fatal("the directory never comes to rest")
	return nil
}

func (d *disk) page(rng *rand.Rand, mode int, name string, now []byte, deleted bool) []byte {
	safe, known := d.synced[name]
	if deleted {
		if rng.IntN(2) == 0 {
			return nil
		}
		return safe // the deletion was lost
	}
	if !known {
		switch rng.IntN(4) {
		case 0:
			return nil
		case 1:
			return []byte{}
		}
	}
	const page = 4096
	out := bytes.Clone(now)
	cut := rng.IntN(len(out)/page + 1)
	for i := 0; i*page < len(out); i++ {
		lost := false
		switch mode {
		case 0:
			lost = rng.IntN(2) == 0 // any page
		case 1:
			lost = i >= cut // the end
		case 2:
			lost = i == cut || rng.IntN(30) == 0 // few
		case 3:
			lost = true // all
		}
		if !lost {
			continue
		}
		dst := out[i*page : min((i+1)*page, len(out))]
		clear(dst)
		if i*page < len(safe) {
			copy(dst, safe[i*page:])
		}
	}
	return out
}

// history remembers the whole store after each commit.
type history struct {
	after  map[tx.Hash]string // by tip, which every commit of the test changes
	bodies map[tx.Hash][]tx.Hash
	seq    map[tx.Hash]uint64
	coins  map[tx.OutPoint]consensus.Coin
	stored []tx.Hash
	put    []int // bodies in the n-th commit
	n      int
}

func newHistory() *history {
	h := &history{after: map[tx.Hash]string{}, bodies: map[tx.Hash][]tx.Hash{}, seq: map[tx.Hash]uint64{}, coins: map[tx.OutPoint]consensus.Coin{}}
	h.after[tx.Hash{}] = h.sum()
	return h
}

func (h *history) sum() string {
	var total uint64
	for op, c := range h.coins {
		total += coinDigest(op, &c)
	}
	return fmt.Sprintf("%d coins %x", len(h.coins), total)
}

func coinDigest(op tx.OutPoint, c *consensus.Coin) uint64 {
	d := tx.DoubleSHA256(appendCoin(appendCoinKey(nil, &op), c))
	return uint64(d[0]) | uint64(d[1])<<8 | uint64(d[2])<<16 | uint64(d[3])<<24
}

func bodyOf(hash tx.Hash, size int) []byte {
	b := bytes.Repeat(hash[:], size/32+1)
	return b[:size]
}

// commit makes the next commit of a random history: one or several blocks, each with a body and undo data.
func (h *history) commit(t *testing.T, rng *rand.Rand, b Store) {
	t.Helper()
	h.n++
	tip := block(h.n)
	c := &Commit{Tip: tip, Base: b.State().Tip}
	for range rng.IntN(400) {
		n := rng.IntN(3000)
		op := point(n)
		if _, has := h.coins[op]; has && rng.IntN(2) == 0 {
			delete(h.coins, op)
			c.Coins = append(c.Coins, CoinChange{OutPoint: op})
			continue
		}
		coin := coinOf(rng.IntN(1 << 30))
		h.coins[op] = coin
		c.Coins = append(c.Coins, CoinChange{op, &coin})
	}
	if len(h.stored) > 5 && rng.IntN(2) == 0 {
		c.Prune = h.stored[:2:2]
		h.stored = h.stored[2:]
	}
	h.put = append(h.put, 0)
	for i := range rng.IntN(3) {
		h.put[len(h.put)-1]++
		hash := block(h.n*10 + 1_000_000 + i)
		if err := putBlock(b, hash, bodyOf(hash, 200+rng.IntN(100_000))); err != nil {
			t.Error(err)
			return
		}
		u := &Undo{Txs: [][]consensus.Coin{{coinOf(h.n)}}}
		c.Undo = append(c.Undo, BlockUndo{hash, u.Encode(hash)})
		h.stored = append(h.stored, hash)
	}
	if err := b.Commit(c); err != nil {
		t.Error(err)
		return
	}
	h.after[tip], h.seq[tip], h.bodies[tip] = h.sum(), b.State().Seq, h.stored[:len(h.stored):len(h.stored)]
}

// check holds a reopened store to the history: it is at one of the commits, wholly.
func (h *history) check(b *Badger) error {
	tip := b.State().Tip
	want, known := h.after[tip]
	if !known {
		return fmt.Errorf("reopened at %s, which was never a tip", tip)
	}
	snap, err := b.Snapshot()
	if err != nil {
		return err
	}
	defer snap.Release()
	var total uint64
	n := 0
	err = snap.EachCoin(func(op tx.OutPoint, c *consensus.Coin) error {
		n++
		total += coinDigest(op, c)
		return nil
	})
	if got := fmt.Sprintf("%d coins %x", n, total); err != nil || got != want {
		return fmt.Errorf("at the tip of commit %d the coins are %s, want %s: %v", h.seq[tip], got, want, err)
	}
	for _, hash := range h.bodies[tip] {
		raw, err := snap.Block(hash)
		if err != nil || !bytes.Equal(raw, bodyOf(hash, len(raw))) || len(raw) < 200 {
			return fmt.Errorf("body of %s: %d bytes, %v", hash, len(raw), err)
		}
		if _, err := snap.Undo(hash); err != nil {
			return err
		}
	}
	return nil
}

func long() bool { return os.Getenv("TROUPE_LONG") == "1" }

func TestPowerCutKeepsEverythingSyncedAndNoHalfOfTheRest(t *testing.T) {
	rounds, cuts := 5, 6
	if long() {
		rounds, cuts = 60, 40
	}
	kept, rolled := 0, 0
	for round := range rounds {
		rng := rand.New(rand.NewPCG(uint64(round), 4))
		dir := scratch(t)
		d := new(disk)
		b := openTest(t, dir, d.options(dir))
		d.watch(b)
		h := newHistory()
		for range 1 + rng.IntN(3) {
			for range rng.IntN(25) {
				h.commit(t, rng, b)
			}
			if err := b.Sync(); err != nil {
				t.Fatal(err)
			}
			if _, err := b.RunGC(0.05); err != nil {
				t.Fatal(err)
			}
		}
		synced := b.Synced()
		for range rng.IntN(60) {
			h.commit(t, rng, b)
		}
		now := photograph(t, dir)
		for i := range cuts {
			image := scratch(t)
			d.cut(t, rng, now, image)
			after, err := Open(image, metaOptions())
			if err != nil {
				t.Fatalf("round %d, cut %d: %v", round, i, err)
			}
			if err := h.check(after); err != nil {
				t.Fatalf("round %d, cut %d: %v", round, i, err)
			}
			if seq := h.seq[after.State().Tip]; seq < synced {
				t.Fatalf("round %d, cut %d: synced up to %d and found only %d", round, i, synced, seq)
			}
			kept += after.Recovered().Kept
			rolled += min(1, after.Recovered().RolledBack)
			goOn(t, after, image)
		}
		b.Close()
	}
	t.Logf("%d unsynced commits survived, %d cuts had something to take back", kept, rolled)
	if kept == 0 || rolled == 0 {
		t.Fatal("the cuts did not reach what they are for")
	}
}

// goOn shows that a mended store is a store: it takes commits, and closes and opens clean.
func goOn(t *testing.T, b *Badger, dir string) {
	t.Helper()
	coin := coinOf(42)
	tip := block(99_999_999)
	if err := b.Commit(&Commit{Tip: tip, Coins: []CoinChange{{point(12345), &coin}}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := Open(dir, metaOptions())
	if err != nil {
		t.Fatal(err)
	}
	if b.State().Tip != tip || b.Recovered().RolledBack != 0 || b.Recovered().Kept != 0 {
		t.Fatalf("after a clean close the store is at %v and mended %+v", b.State(), b.Recovered())
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLogOlderThanItsSyncIsReportedNotBelieved(t *testing.T) {
	dir := scratch(t)
	b := openTest(t, dir, testOptions())
	d := new(disk)
	d.watch(b)
	h := newHistory()
	rng := rand.New(rand.NewPCG(1, 1))
	for range 5 {
		h.commit(t, rng, b)
	}
	if err := b.Sync(); err != nil {
		t.Fatal(err)
	}
	old := map[string][]byte{}
	for name, content := range d.synced {
		old[name] = content
	}
	for range 5 {
		h.commit(t, rng, b)
	}
	if err := b.Sync(); err != nil {
		t.Fatal(err)
	}
	image := scratch(t)
	(&disk{synced: d.synced}).cut(t, rand.New(rand.NewPCG(3, 3)), photograph(t, dir), image)
	for name, content := range old {
		if err := os.WriteFile(filepath.Join(image, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(image, testOptions())
	if !errors.Is(err, ErrCorrupt) {
		t.Fatalf("a store whose synced log went back in time opened with %v", err)
	}
	t.Log(err)
}
