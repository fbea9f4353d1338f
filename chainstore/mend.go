package chainstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	badger "github.com/dgraph-io/badger/v3"
	sst "github.com/dgraph-io/badger/v3/table"
	"github.com/dgraph-io/ristretto/z"
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

// diagnose turns Badger's failure to open into a Damage that names the file, if a file is to blame.
func diagnose(dir string, cause error) error {
	if strings.Contains(cause.Error(), "Another process is using") {
		return fmt.Errorf("%w: %w", ErrLocked, cause)
	}
	damage := &Damage{What: "the database in " + dir, Why: "it does not open", Mend: mendReindex, Err: cause}
	f, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if err != nil {
		damage.What, damage.Why = filepath.Join(dir, badger.ManifestFilename), "it is missing or cannot be read"
		return damage
	}
	defer f.Close()
	manifest, _, err := badger.ReplayManifestFile(f)
	if err != nil {
		damage.What, damage.Why = f.Name(), "it cannot be read"
		return damage
	}
	for id := range manifest.Tables {
		if why := tableDamage(sst.NewFilename(id, dir)); why != "" {
			damage.What, damage.Why = sst.NewFilename(id, dir), why
			return damage
		}
	}
	return damage
}

// tableDamage says what is wrong with a table file; nothing when it opens.
func tableDamage(path string) (why string) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "it is missing"
	case err != nil:
		return err.Error()
	case info.Size() == 0:
		return "it is empty"
	}
	defer func() {
		if r := recover(); r != nil {
			why = "it is cut short or torn"
		}
	}()
	mapped, err := z.OpenMmapFile(path, os.O_RDWR, 0)
	if err != nil {
		return err.Error()
	}
	t, err := sst.OpenTable(mapped, sst.Options{})
	if err != nil {
		return err.Error()
	}
	if err := t.VerifyChecksum(); err != nil {
		why = "a block does not match its checksum"
	}
	if err := t.Close(-1); err != nil && why == "" {
		why = err.Error()
	}
	return why
}

// CheckFiles reads every table of an open store against its checksums (level 0 of `troupe store verify`).
func (b *Badger) CheckFiles() error {
	b.use.RLock()
	defer b.use.RUnlock()
	if err := b.usable(); err != nil {
		return err
	}
	if err := b.db.VerifyChecksum(); err != nil {
		damage := &Damage{What: "the tables in " + b.dir, Why: "a block does not match its checksum", Mend: mendReindex, Err: err}
		for _, t := range b.db.Tables() {
			name := sst.NewFilename(t.ID, b.dir)
			if why := tableDamage(name); why != "" {
				damage.What, damage.Why = name, why
				break
			}
		}
		return damage
	}
	return nil
}
