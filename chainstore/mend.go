package chainstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	badger "github.com/dgraph-io/badger/v3"
	sst "github.com/dgraph-io/badger/v3/table"
	"github.com/troupe-node/troupe/tx"
)

func blockName(key []byte) string { return tx.Hash(key[1:33]).String() }

// mendTails takes away what a power cut may leave and Badger refuses to open, though it holds nothing that was synced: log files
// that were made but never grew, and half a record at the end of the MANIFEST.
func mendTails(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	for _, e := range entries {
		if _, kind := logFile(e.Name()); kind == "" {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return fmt.Errorf("chain store: %w", err)
		}
		const logHeader = 20
		if info.Size() <= logHeader {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return fmt.Errorf("chain store: %w", err)
			}
		}
	}
	return mendManifest(filepath.Join(dir, badger.ManifestFilename))
}

// mendManifest cuts a last record that does not match its checksum. Badger deletes nothing on the word of a record before the
// record is synced, so that such a record was not needed by anybody.
func mendManifest(path string) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	for at := 8; at+8 <= len(b); {
		size := int(binary.BigEndian.Uint32(b[at:]))
		end := at + 8 + size
		if size > len(b) || end > len(b) {
			return nil // cut short: Badger truncates it itself
		}
		if crc32.Checksum(b[at+8:end], castagnoli) != binary.BigEndian.Uint32(b[at+4:]) {
			if end < len(b) && strings.Trim(string(b[end:]), "\x00") != "" {
				return &Damage{What: path, Why: fmt.Sprintf("a record at byte %d does not match its checksum", at), Mend: mendReindex}
			}
			if err := os.Truncate(path, int64(at)); err != nil {
				return fmt.Errorf("chain store: %w", err)
			}
			return syncFile(path)
		}
		at = end
	}
	return nil
}

// checkTables opens every table the MANIFEST lists, and names the first that does not open: Badger would end the process over it,
// from a goroutine of its own.
func checkTables(dir string) error {
	path := filepath.Join(dir, badger.ManifestFilename)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return manifestMissing(dir)
	}
	if err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	manifest, _, err := badger.ReplayManifestFile(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return &Damage{What: path, Why: "it cannot be read", Mend: mendReindex, Err: err}
	}
	for id := range manifest.Tables {
		name := sst.NewFilename(id, dir)
		if why := tableDamage(name, false); why != "" {
			return &Damage{What: name, Why: why, Mend: mendReindex}
		}
	}
	return nil
}

// tableDamage says what is wrong with a table file; nothing when it opens and, if asked for, every block matches its checksum.
func tableDamage(path string, blocks bool) (why string) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "it is missing"
	case err != nil:
		return err.Error()
	case info.Size() == 0:
		return "it is empty"
	}
	why = "it is cut short or torn"
	defer func() {
		_ = recover() // Badger panics over what it does not understand; why says it
	}()
	data, unmap, err := mapFile(path, info.Size())
	if err != nil {
		return err.Error()
	}
	defer unmap()
	t, err := sst.OpenInMemoryTable(data, 1, &sst.Options{})
	if err != nil {
		return err.Error()
	}
	if why = ""; !blocks {
		return ""
	}
	why = "a block does not match its checksum"
	if t.VerifyChecksum() == nil {
		why = ""
	}
	return why
}

// CheckFiles reads every table of an open store against its checksums (level 0 of `troupe store verify`).
func (b *Badger) CheckFiles() error {
	return b.checkTablesWith(func(badger.TableInfo) bool { return true })
}

// confirmAbsent reads the tables in which the key would be. A damaged block of a table looks to Badger's look-ups as if it were
// empty, so that a missing key is not always a missing key.
func (b *Badger) confirmAbsent(key []byte) error {
	return b.checkTablesWith(func(t badger.TableInfo) bool {
		const version = 8 // the bytes after a key in a table
		return bytes.Compare(t.Left[:len(t.Left)-version], key) <= 0 && bytes.Compare(key, t.Right[:len(t.Right)-version]) <= 0
	})
}

func (b *Badger) checkTablesWith(wanted func(badger.TableInfo) bool) error {
	b.use.RLock()
	defer b.use.RUnlock()
	if err := b.usable(); err != nil {
		return err
	}
	for _, t := range b.db.Tables() {
		if !wanted(t) {
			continue
		}
		name := sst.NewFilename(t.ID, b.dir)
		if why := tableDamage(name, true); why != "" && b.hasTable(t.ID) {
			return &Damage{What: name, Why: why, Mend: mendReindex}
		}
	}
	return nil
}

// hasTable is false for a table that a merge has replaced meanwhile.
func (b *Badger) hasTable(id uint64) bool {
	return slices.ContainsFunc(b.db.Tables(), func(t badger.TableInfo) bool { return t.ID == id })
}
