package chainstore

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// schema is the layout this code writes; oldest readers say in min_reader whether they can still read it.
const schema = 1

const formatName = "FORMAT"

// Format is the file FORMAT.
type Format struct {
	Schema    int    `json:"schema"`
	Network   string `json:"network"`
	Magic     string `json:"magic"` // the network's message start, hex
	CreatedBy string `json:"created_by"`
	MinReader int    `json:"min_reader"` // the lowest schema whose code can read this store
}

// ReadFormat reads the FORMAT file of a store without opening it.
func ReadFormat(dir string) (*Format, error) {
	path := filepath.Join(dir, formatName)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("chain store: %w", err)
	}
	f := new(Format)
	if err := json.Unmarshal(b, f); err != nil {
		return nil, &Damage{What: path, Why: "it is not the JSON it should be", Mend: mendReindex, Err: err}
	}
	return f, nil
}

func (b *Badger) checkFormat() error {
	f, err := ReadFormat(b.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return b.createFormat()
	}
	if err != nil {
		return err
	}
	magic := hex.EncodeToString(b.opts.Magic[:])
	switch {
	case f.MinReader > schema:
		return fmt.Errorf("%w: %s has schema %d, written by %s, and this program reads up to %d; use that program, or `troupe reindex` to rebuild the store for this one",
			ErrFormat, b.dir, f.Schema, f.CreatedBy, schema)
	case f.Schema < schema:
		return fmt.Errorf("%w: %s has the older schema %d; `troupe reindex` rebuilds the store for this program", ErrFormat, b.dir, f.Schema)
	case f.Network != b.opts.Network || f.Magic != magic:
		return fmt.Errorf("%w: %s is for %s (message start %s), this node runs %s (%s); use another -datadir, or the -chain it was made for",
			ErrNetwork, b.dir, f.Network, f.Magic, b.opts.Network, magic)
	}
	return nil
}

// createFormat begins a store. FORMAT comes last: a directory without it is not a store, and one with it has everything.
func (b *Badger) createFormat() error {
	if _, err := os.Stat(filepath.Join(b.dir, "MANIFEST")); err == nil {
		return fmt.Errorf("%w: %s holds a database but no FORMAT file; it is not a chain store, or its FORMAT file was lost; if it is one, run `troupe reindex` to rebuild it", ErrFormat, b.dir)
	}
	b.opts.Failpoint("make-sync")
	if err := createSyncSlots(b.dir); err != nil {
		return err
	}
	text, err := json.MarshalIndent(Format{
		Schema: schema, Network: b.opts.Network, Magic: hex.EncodeToString(b.opts.Magic[:]), CreatedBy: b.opts.CreatedBy, MinReader: schema,
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	tmp := filepath.Join(b.dir, formatName+".new")
	if err := os.WriteFile(tmp, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	if err := syncFile(tmp); err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	b.opts.Failpoint("make-format")
	if err := os.Rename(tmp, filepath.Join(b.dir, formatName)); err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	b.opts.Failpoint("make-done")
	return syncDir(b.dir)
}
