package chainstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	badger "github.com/dgraph-io/badger/v3"
	"github.com/dgraph-io/badger/v3/pb"
	sst "github.com/dgraph-io/badger/v3/table"
	"github.com/dgraph-io/badger/v3/y"
)

// Badger deletes a table that the MANIFEST does not list, for it takes it to be what a crash left: a table that was written and whose
// record was not, the same entries being still in the log or the tables that it was made of. A MANIFEST that lost its end looks the
// same, and there the table is all there is. So tables younger than all that the MANIFEST speaks of are set aside before Badger
// sees them, and go only when the open database has what is in them.

const asideSuffix = ".aside"

// setAside renames such tables and says which.
func setAside(dir string) (aside []string, err error) {
	if err := bringBack(dir); err != nil {
		return nil, err
	}
	highest, err := highestListed(filepath.Join(dir, badger.ManifestFilename))
	if err != nil {
		return nil, err
	}
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		return nil, fmt.Errorf("chain store: %w", err)
	}
	for _, path := range tables {
		if tableID(path) <= highest {
			continue
		}
		if err := os.Rename(path, path+asideSuffix); err != nil {
			return nil, fmt.Errorf("chain store: %w", err)
		}
		aside = append(aside, path+asideSuffix)
	}
	return aside, nil
}

// bringBack undoes setAside, for who reads the files themselves. A table whose number was given away meanwhile gets the next free one.
func bringBack(dir string) error {
	aside, err := filepath.Glob(filepath.Join(dir, "*.sst"+asideSuffix))
	if err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	for _, path := range aside {
		to := strings.TrimSuffix(path, asideSuffix)
		for id := tableID(to); ; id++ {
			to = sst.NewFilename(id, dir)
			if _, err := os.Stat(to); err != nil {
				break
			}
		}
		if err := os.Rename(path, to); err != nil {
			return fmt.Errorf("chain store: %w", err)
		}
	}
	return nil
}

func tableID(path string) uint64 {
	id, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(path), ".sst"), 10, 64)
	if err != nil {
		return 0 // not one of Badger's
	}
	return id
}

// highestListed is the highest table number that a record of the MANIFEST made or deleted.
func highestListed(path string) (highest uint64, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return math.MaxUint64, nil // a new store
	}
	for at := 8; at+8 <= len(b); {
		size := int(binary.BigEndian.Uint32(b[at:]))
		end := at + 8 + size
		if size > len(b) || end > len(b) {
			break // Badger cuts it
		}
		var changes pb.ManifestChangeSet
		if err := changes.Unmarshal(b[at+8 : end]); err != nil {
			return 0, &Damage{What: path, Why: fmt.Sprintf("the record at byte %d does not decode", at), Mend: mendReindex, Err: err}
		}
		for _, c := range changes.Changes {
			highest = max(highest, c.Id)
		}
		at = end
	}
	return highest, nil
}

// dropAside deletes the tables that were set aside, unless one holds what the database does not have though it was synced.
func (b *Badger) dropAside(aside []string) error {
	for _, path := range aside {
		key := syncedEntry(path, b.slots.seq)
		if key != nil && !b.hasEntry(key) {
			return &Damage{
				What: filepath.Join(b.dir, badger.ManifestFilename),
				Why:  "its end is lost: it does not list " + strings.TrimSuffix(filepath.Base(path), asideSuffix) + ", which holds what is nowhere else",
				Mend: mendReindex,
			}
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("chain store: %w", err)
		}
	}
	return nil
}

// syncedEntry is the last key, with its version, of a table among those up to a sequence. A table that is torn has none: it was being
// written.
func syncedEntry(path string, seq uint64) (key []byte) {
	defer func() {
		_ = recover() // Badger panics over what it does not understand
	}()
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 {
		return nil
	}
	data, unmap, err := mapFile(path, info.Size())
	if err != nil {
		return nil
	}
	defer unmap()
	t, err := sst.OpenInMemoryTable(data, 1, &sst.Options{})
	if err != nil {
		return nil
	}
	it := t.NewIterator(sst.NOCACHE | sst.REVERSED)
	for it.Rewind(); it.Valid(); it.Next() {
		// Badger's own entries end a transaction; a replayed log does not have them.
		if y.ParseTs(it.Key()) <= seq && !bytes.HasPrefix(it.Key(), []byte("!badger!")) {
			return bytes.Clone(it.Key())
		}
	}
	return nil
}

// hasEntry looks for a key at its very version, deleted or not.
func (b *Badger) hasEntry(key []byte) bool {
	version := y.ParseTs(key)
	txn := b.db.NewTransactionAt(version, false)
	defer txn.Discard()
	it := txn.NewKeyIterator(y.ParseKey(key), badger.IteratorOptions{AllVersions: true})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		if it.Item().Version() == version {
			return true
		}
	}
	return false
}

// manifestMissing is damage when there are tables.
func manifestMissing(dir string) error {
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err == nil && len(tables) > 0 {
		err = &Damage{What: filepath.Join(dir, badger.ManifestFilename), Why: "it is missing", Mend: mendReindex}
	}
	return err
}
