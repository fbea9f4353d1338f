package chainstore

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/troupe-node/troupe/tx"
)

var testMagic = [4]byte{0xfa, 0xbf, 0xb5, 0xda}

func testOptions() Options {
	return Options{Network: "regtest", Magic: testMagic, CreatedBy: "troupe test", Memory: SmallMemory, SnapshotLimit: -1}
}

func openTest(t testing.TB, dir string, o Options) *Badger {
	t.Helper()
	b, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestOpeningAndClosingASmallStoreIsQuickAndTakesLittleRoom(t *testing.T) {
	dir := scratch(t)
	quickest := time.Hour
	for range 3 {
		start := time.Now()
		b := openTest(t, dir, testOptions())
		opened := time.Since(start)
		coin := coinOf(1)
		if err := b.Commit(&Commit{Tip: block(1), Coins: []CoinChange{{point(1), &coin}}}); err != nil {
			t.Fatal(err)
		}
		if err := putBlock(b, block(1), make([]byte, 300)); err != nil {
			t.Fatal(err)
		}
		start = time.Now()
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("open %v, close %v", opened, time.Since(start))
		quickest = min(quickest, opened)
	}
	if quickest > 5*time.Second { // it takes milliseconds
		t.Errorf("opening took %v", quickest)
	}
	var bytes int64
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		t.Logf("%-14s %8d bytes, %8d on disk", d.Name(), info.Size(), onDisk(info))
		bytes += onDisk(info)
		return nil
	})
	if err != nil || bytes > 256<<10 {
		t.Fatalf("%d bytes on disk: %v", bytes, err)
	}
}

func TestStoreRemembersAcrossACleanClose(t *testing.T) {
	dir := scratch(t)
	b := openTest(t, dir, testOptions())
	h := tx.Header{Version: 4, Time: 7, Bits: 9, Nonce: 11}
	coin := coinOf(5)
	body := make([]byte, 5000)
	body[77] = 5
	if err := putBlock(b, h.Hash(), body); err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(&Commit{
		Seq: 3, Tip: h.Hash(), Coins: []CoinChange{{point(5), &coin}},
		Headers: []HeaderRecord{{Header: h, Height: 1, Status: StatusHaveBody, Order: 9, TxCount: 2}},
		Records: []Record{{Key: []byte("k"), Value: []byte("v")}},
	}); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = openTest(t, dir, testOptions())
	if b.State() != (State{Seq: 3, Tip: h.Hash()}) || b.Recovered() != (Recovery{Synced: 3}) {
		t.Fatalf("reopened at %v, recovered %+v", b.State(), b.Recovered())
	}
	snap, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	if got, err := snap.Coin(point(5)); err != nil || got == nil || !sameCoin(*got, coin) {
		t.Fatal(got, err)
	}
	if got, err := snap.Block(h.Hash()); err != nil || string(got) != string(body) {
		t.Fatal(len(got), err)
	}
	if got, err := snap.Record([]byte("k")); err != nil || string(got) != "v" {
		t.Fatal(got, err)
	}
	n := 0
	if err := b.Headers(func(r HeaderRecord) error {
		n++
		if (r != HeaderRecord{Hash: h.Hash(), Header: h, Height: 1, Status: StatusHaveBody, Order: 9, TxCount: 2}) {
			t.Errorf("header record %+v", r)
		}
		return nil
	}); err != nil || n != 1 {
		t.Fatal(n, err)
	}
}

func waitABit() { time.Sleep(5 * time.Millisecond) }

// scratch is a directory in memory where there is one: these tests make their own power cuts and need no disk to wait for.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "troupe-store")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
