package chainstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

const (
	kindCoins  = 2000 // in a table
	kindBodies = 6    // in the value log
)

// everyKindOfFile is what lies in a store's directory after a SIGKILL, all of it synced:
// tables, a memtable's log, bodies in the value log.
func everyKindOfFile(t *testing.T) map[string][]byte {
	t.Helper()
	dir := scratch(t)
	b := openTest(t, dir, metaOptions())
	commit := func(tip, from, to int) {
		c := &Commit{Tip: block(tip)}
		for i := from; i < to; i++ {
			coin := coinOf(i)
			c.Coins = append(c.Coins, CoinChange{point(i), &coin})
		}
		if err := b.Commit(c); err != nil {
			t.Fatal(err)
		}
	}
	for i := range kindBodies {
		if err := putBlock(b, block(i+1), bodyOf(block(i+1), 40_000)); err != nil {
			t.Fatal(err)
		}
	}
	commit(1, 0, kindCoins)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = openTest(t, dir, metaOptions())
	commit(2, kindCoins, kindCoins+500)
	if err := b.Sync(); err != nil {
		t.Fatal(err)
	}
	return photograph(t, dir)
}

// missing counts the coins and bodies that are not there, and returns the errors about
// those that cannot be read.
func missing(b *Badger) (lost int, errs []error) {
	snap, err := b.Snapshot()
	if err != nil {
		return 0, []error{err}
	}
	defer snap.Release()
	lost = kindCoins + 500
	if err := snap.EachCoin(func(tx.OutPoint, *consensus.Coin) error { lost--; return nil }); err != nil {
		errs = append(errs, err)
	}
	for i := range kindBodies {
		if _, err := snap.Block(block(i + 1)); errors.Is(err, ErrNotFound) {
			lost++
		} else if err != nil {
			errs = append(errs, err)
		}
	}
	return lost, errs
}

// Whatever happens to a file of the store, the store is whole, or opening it or what it
// lost is an error that names the damage and the command that mends it.
func TestDamageToAnyKindOfFileIsHarmlessOrNamedWithWhatMendsIt(t *testing.T) {
	files := everyKindOfFile(t)
	ways := []struct {
		what   string
		damage func(content []byte) []byte // nil: there is no file
	}{
		{"missing", func([]byte) []byte { return nil }},
		{"empty", func([]byte) []byte { return []byte{} }},
		{"cut to its half", func(c []byte) []byte { return c[:len(c)/2] }},
		{"cut by a byte", func(c []byte) []byte { return c[:max(0, len(c)-1)] }},
		{"torn at its begin", func(c []byte) []byte { clear(c[:min(64, len(c))]); return c }},
		{"torn in its middle", func(c []byte) []byte { used := usedBytes(c); clear(c[used/2 : min(used/2+512, len(c))]); return c }},
		{"torn at its end", func(c []byte) []byte { used := usedBytes(c); clear(c[max(0, used-64):used]); return c }},
	}
	kinds := map[string]int{}
	for name, content := range files {
		if name == lockName {
			continue // says who holds the store, for people; nothing depends on it
		}
		kind := filepath.Ext(name)
		if kind == "" {
			kind = name
		}
		for _, way := range ways {
			t.Run(name+" "+way.what, func(t *testing.T) {
				dir := scratch(t)
				for other, c := range files {
					if other != name {
						write(t, dir, other, c)
					}
				}
				if c := way.damage(append([]byte(nil), content...)); c != nil {
					write(t, dir, name, c)
				}
				kinds[kind]++
				b, err := Open(dir, metaOptions())
				if err != nil {
					mendable(t, err)
					if !strings.Contains(err.Error(), dir) {
						t.Errorf("the text does not say where: %v", err)
					}
					return
				}
				defer b.Close()
				lost, errs := missing(b)
				for _, err := range errs {
					mendable(t, err)
				}
				if lost > 0 { // a damaged block of a table looks empty
					damage, err := Verify(b, VerifyOptions{Level: 0})
					if err != nil || len(damage) == 0 || !strings.Contains(damage[0].Error(), name) {
						t.Fatalf("%d coins and bodies are lost, and nobody says so: %v %v", lost, damage, err)
					}
					mendable(t, damage[0])
				}
				t.Logf("opens; %d lost, %v", lost, errs)
			})
		}
	}
	for _, kind := range []string{".sst", ".mem", ".vlog", "MANIFEST", "SYNC", "FORMAT", "DISCARD", "KEYREGISTRY"} {
		if kinds[kind] == 0 {
			t.Errorf("there was no %s to damage", kind)
		}
	}
}

// usedBytes is where a file that was made ahead of its use ends.
func usedBytes(c []byte) int {
	for n := len(c); n > 0; n-- {
		if c[n-1] != 0 {
			return n
		}
	}
	return 0
}

func write(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// mendable checks that an error is of damage and says what mends it.
func mendable(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "troupe reindex") {
		t.Error(fmt.Errorf("no damage with its remedy: %w", err))
	}
	t.Log(err)
}

// What a crash leaves between the writing of a table and its record in the MANIFEST is
// in the store already, and goes; what only the lost end of a MANIFEST listed stays for
// `troupe reindex` to read.
func TestATableThatTheManifestDoesNotListGoesOnlyIfTheStoreHasWhatIsInIt(t *testing.T) {
	files := everyKindOfFile(t)
	table := files["000001.sst"]
	dir := scratch(t)
	for name, c := range files {
		write(t, dir, name, c)
	}
	write(t, dir, "000009.sst", table)
	write(t, dir, "000010.sst", table[:len(table)/2]) // torn: it was being written
	b := openTest(t, dir, metaOptions())
	if lost, errs := missing(b); lost > 0 || len(errs) > 0 {
		t.Errorf("%d lost, %v", lost, errs)
	}
	for _, name := range []string{"000009.sst", "000009.sst" + asideSuffix, "000010.sst", "000010.sst" + asideSuffix} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is left", name)
		}
	}

	dir = scratch(t)
	for name, c := range files {
		write(t, dir, name, c)
	}
	manifest := files["MANIFEST"]
	write(t, dir, "MANIFEST", manifest[:len(manifest)-1])
	for range 2 { // the second time as the first
		if _, err := Open(dir, metaOptions()); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "MANIFEST") {
			t.Fatal(err)
		}
		kept := false
		names, err := filepath.Glob(filepath.Join(dir, "*.sst"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			c, err := os.ReadFile(name)
			kept = kept || err == nil && bytes.Equal(c, table)
		}
		if !kept {
			t.Fatal("the table is gone")
		}
	}
}
