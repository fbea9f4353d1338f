package chainstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
	"pgregory.net/rapid"
)

// dump is everything a snapshot shows, in one string.
func dump(s *Snapshot) (string, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%d %s\n", s.Seq(), s.Tip())
	err := s.EachCoin(func(op tx.OutPoint, c *consensus.Coin) error {
		fmt.Fprintf(&out, "%s %d %x %d %v\n", op, c.Output.Value, c.Output.PkScript, c.Height, c.Coinbase)
		return nil
	})
	if err != nil {
		return "", err
	}
	err = s.EachRecord(nil, func(key, val []byte) error {
		fmt.Fprintf(&out, "%x=%x\n", key, val)
		return nil
	})
	return out.String(), err
}

// twoStores holds the store in memory and the one on disk that must never differ.
type twoStores struct {
	dir    string
	memory *Memory
	disk   *Badger
	snaps  [][2]*Snapshot
	blocks int
}

func (s *twoStores) both(t *rapid.T, what string, fn func(Store) error) {
	a, b := fn(s.memory), fn(s.disk)
	if (a == nil) != (b == nil) || (a != nil && errors.Is(a, ErrSequence) != errors.Is(b, ErrSequence)) {
		t.Fatalf("%s: memory answers %v, disk %v", what, a, b)
	}
}

func drawCommit(t *rapid.T, blocks int) *Commit {
	c := &Commit{Seq: uint64(rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "seq"))}
	if rapid.Bool().Draw(t, "coins") {
		c.Tip = block(rapid.IntRange(1, 1000).Draw(t, "tip"))
		for range rapid.IntRange(0, 12).Draw(t, "changes") {
			ch := CoinChange{OutPoint: point(rapid.IntRange(0, 30).Draw(t, "outpoint"))}
			if rapid.Bool().Draw(t, "made") {
				coin := coinOf(rapid.IntRange(0, 1<<20).Draw(t, "coin"))
				ch.Coin = &coin
			}
			c.Coins = append(c.Coins, ch)
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "records") {
		r := Record{Key: []byte{byte(rapid.IntRange(0, 3).Draw(t, "key"))}}
		if rapid.Bool().Draw(t, "set") {
			r.Value = rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "value")
		}
		c.Records = append(c.Records, r)
	}
	for range rapid.IntRange(0, 2).Draw(t, "headers") {
		h := tx.Header{Version: int32(rapid.IntRange(0, 5).Draw(t, "version"))}
		c.Headers = append(c.Headers, HeaderRecord{Header: h, Height: h.Version, Status: uint32(rapid.IntRange(0, 7).Draw(t, "status"))})
	}
	if blocks > 0 && rapid.IntRange(0, 3).Draw(t, "prune") == 0 {
		c.Prune = append(c.Prune, block(rapid.IntRange(1, blocks).Draw(t, "pruned")))
	}
	if rapid.Bool().Draw(t, "undo") {
		hash := block(rapid.IntRange(1, blocks+1).Draw(t, "undone"))
		u := &Undo{Txs: [][]consensus.Coin{{coinOf(blocks)}, {}}}
		c.Undo = append(c.Undo, BlockUndo{hash, u.Encode(hash)})
	}
	return c
}

func (s *twoStores) step(t *rapid.T) {
	switch rapid.IntRange(0, 11).Draw(t, "step") {
	case 0, 1, 2, 3, 4:
		c := drawCommit(t, s.blocks)
		s.both(t, "commit", func(st Store) error { return st.Commit(c) })
	case 5, 6:
		s.blocks++
		raw := bytes.Repeat([]byte{byte(s.blocks)}, rapid.SampledFrom([]int{10, 900, 3000, 200_000}).Draw(t, "size"))
		s.both(t, "put", func(st Store) error { return putBlock(st, block(s.blocks), raw) })
	case 7:
		a, err := s.memory.Snapshot()
		b, err2 := s.disk.Snapshot()
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		s.snaps = append(s.snaps, [2]*Snapshot{a, b})
	case 8:
		if n := len(s.snaps); n > 0 {
			i := rapid.IntRange(0, n-1).Draw(t, "snapshot")
			s.snaps[i][0].Release()
			s.snaps[i][1].Release()
			s.snaps = append(s.snaps[:i], s.snaps[i+1:]...)
		}
	case 9:
		s.both(t, "sync", Store.Sync)
	case 10:
		s.compact(t)
	case 11:
		s.reopen(t)
	}
	if a, b := s.memory.State(), s.disk.State(); a != b {
		t.Fatalf("memory is at %v, disk at %v", a, b)
	}
}

// compact forces what time would bring: old versions go.
func (s *twoStores) compact(t *rapid.T) {
	if err := s.disk.db.Flatten(1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.disk.RunGC(0.01); err != nil {
		t.Fatal(err)
	}
}

func (s *twoStores) reopen(t *rapid.T) {
	for _, pair := range s.snaps {
		pair[0].Release()
		pair[1].Release()
	}
	s.snaps = nil
	if err := s.disk.Close(); err != nil {
		t.Fatal(err)
	}
	disk, err := Open(s.dir, metaOptions())
	if err != nil {
		t.Fatal(err)
	}
	s.disk = disk
	// The disk store goes above what it rolled back; the sequences meet again at the next commit.
	if s.memory, err = s.memory.Restart(s.memory.State().Seq); err != nil {
		t.Fatal(err)
	}
	if seq := max(disk.State().Seq, s.memory.State().Seq) + 1; disk.State() != s.memory.State() {
		s.both(t, "commit", func(st Store) error { return st.Commit(&Commit{Seq: seq}) })
	}
}

func (s *twoStores) compare(t *rapid.T) {
	for _, pair := range s.snaps {
		a, err := dump(pair[0])
		b, err2 := dump(pair[1])
		if err != nil || err2 != nil || a != b {
			t.Fatalf("a snapshot differs: memory (%v)\n%s\ndisk (%v)\n%s", err, a, err2, b)
		}
	}
	var heads [2][]HeaderRecord
	for i, st := range []Store{s.memory, s.disk} {
		snap, err := st.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= s.blocks+1; n++ {
			var got [2]string
			for j, st := range []Store{s.memory, s.disk} {
				snap, _ := st.Snapshot()
				raw, err := snap.Block(block(n))
				u, err2 := snap.Undo(block(n))
				got[j] = fmt.Sprintf("%d %v %v %v", len(raw), err, u, err2)
				snap.Release()
			}
			if got[0] != got[1] {
				t.Fatalf("block %d: memory has %s, disk %s", n, got[0], got[1])
			}
		}
		snap.Release()
		if err := st.Headers(func(r HeaderRecord) error { heads[i] = append(heads[i], r); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(heads[0]) != fmt.Sprint(heads[1]) {
		t.Fatalf("headers differ: %v and %v", heads[0], heads[1])
	}
}

func metaOptions() Options {
	o := testOptions()
	o.Memory = 1 << 20
	o.tiny = true
	return o
}

func TestMemoryAndDiskAnswerTheSameWhateverTheOrder(t *testing.T) {
	base := scratch(t)
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "store")
		if err != nil {
			t.Fatal(err)
		}
		disk, err := Open(dir, metaOptions())
		if err != nil {
			t.Fatal(err)
		}
		s := &twoStores{dir: dir, memory: NewMemory(), disk: disk}
		defer func() { s.disk.Close() }()
		steps := rapid.IntRange(1, 60).Draw(t, "steps")
		for range steps {
			s.step(t)
		}
		last, err := s.memory.Snapshot()
		last2, err2 := s.disk.Snapshot()
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		s.snaps = append(s.snaps, [2]*Snapshot{last, last2})
		s.compare(t)
		for _, pair := range s.snaps {
			pair[0].Release()
			pair[1].Release()
		}
	})
}
