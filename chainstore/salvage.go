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

	sst "github.com/dgraph-io/badger/v3/table"
	"github.com/dgraph-io/badger/v3/y"
	"github.com/troupe-node/troupe/tx"
)

// Salvage reads bodies and headers out of a store's files one by one, without opening the store: what can be read of a damaged
// one is read, whatever else is missing. Bodies deleted by pruning may be among what is found.
type Salvage struct {
	dir  string
	lock *DirLock
}

// OpenSalvage locks a store's directory.
func OpenSalvage(dir string) (*Salvage, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("chain store: %w", err)
	}
	lock, err := Lock(dir)
	if err != nil {
		return nil, err
	}
	if err := bringBack(dir); err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	return &Salvage{dir: dir, lock: lock}, nil
}

// Close lets go of the directory.
func (s *Salvage) Close() error { return s.lock.Release() }

// SalvageFile is one file that may hold bodies or headers.
type SalvageFile struct {
	Path  string
	Bytes int64 // on disk
	kind  string
}

// Files lists them, small ones first, then the value log from its oldest file on.
func (s *Salvage) Files() (list []SalvageFile, err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("chain store: %w", err)
	}
	for _, e := range entries {
		kind := filepath.Ext(e.Name())
		info, err := e.Info()
		if err != nil || info.Size() == 0 || kind != ".mem" && kind != ".sst" && kind != ".vlog" {
			continue
		}
		list = append(list, SalvageFile{Path: filepath.Join(s.dir, e.Name()), Bytes: onDisk(info), kind: kind})
	}
	slices.SortFunc(list, func(a, b SalvageFile) int { // .mem, .sst, .vlog
		if c := strings.Compare(a.kind, b.kind); c != 0 {
			return c
		}
		return strings.Compare(a.Path, b.Path)
	})
	return list, nil
}

// Salvaged is what Read finds. Slices are lent.
type Salvaged struct {
	Body   func(hash tx.Hash, raw []byte) error // nil: skip them
	Header func(r HeaderRecord) error           // nil: skip them
}

// Read calls back with everything in a file that still matches its checksum.
func (s *Salvage) Read(f SalvageFile, to Salvaged) error {
	info, err := os.Stat(f.Path)
	if err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	data, unmap, err := mapFile(f.Path, info.Size())
	if err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	defer unmap()
	if f.kind == ".sst" {
		return salvageTable(data, to)
	}
	return salvageLog(data, to)
}

// Remove deletes a file whose content is safe elsewhere.
func (s *Salvage) Remove(f SalvageFile) error {
	if err := os.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("chain store: %w", err)
	}
	return nil
}

// entry passes on what is of interest. What does not decode is damage, and skipped.
func (to *Salvaged) entry(key, val []byte) error {
	switch {
	case len(key) == 1+tx.HashSize && key[0] == prefixBody && to.Body != nil:
		return to.Body(tx.Hash(key[1:]), val)
	case len(key) > 0 && key[0] == prefixHeader && to.Header != nil:
		if r, err := decodeHeader(key, val); err == nil {
			return to.Header(r)
		}
	}
	return nil
}

// Bits of an entry's first byte, as Badger writes them.
const (
	entryDeleted = 1 << 0
	entryPointer = 1 << 1 // the value lies elsewhere
)

const (
	logFileHeader = 20
	versionBytes  = 8 // after each key
	maxEntry      = 8 << 20
)

// salvageLog reads a value log file or a memtable's log: entry after entry, each with its lengths in front and a CRC-32C behind. After
// one that does not check it goes on at the next place where an entry could begin.
func salvageLog(data []byte, to Salvaged) error {
	for at := logFileHeader; at < len(data); {
		e, ok := parseLogEntry(data[at:])
		if !ok {
			at = nextEntry(data, at+1)
			continue
		}
		if e.meta&(entryDeleted|entryPointer) == 0 {
			if err := to.entry(e.key, e.val); err != nil {
				return err
			}
		}
		at += e.size
	}
	return nil
}

type logEntry struct {
	meta     byte
	key, val []byte
	size     int
}

// parseLogEntry reads: meta, user meta, key length, value length, expiry (varints), key, value, CRC.
func parseLogEntry(b []byte) (e logEntry, ok bool) {
	e, head, ok := parseLogHead(b)
	if !ok {
		return e, false
	}
	sum := crc32.Checksum(b[:head+len(e.key)+versionBytes+len(e.val)], castagnoli)
	return e, binary.BigEndian.Uint32(b[e.size-4:]) == sum
}

func parseLogHead(b []byte) (e logEntry, head int, ok bool) {
	if len(b) < 2 {
		return e, 0, false
	}
	var nums [3]uint64
	head = 2
	for i := range nums {
		v, n := binary.Uvarint(b[head:min(len(b), head+10)])
		if n <= 0 {
			return e, 0, false
		}
		nums[i] = v
		head += n
	}
	if nums[0] <= versionBytes || nums[0] > 1<<16 || nums[1] > maxEntry || nums[2] != 0 {
		return e, 0, false
	}
	klen, vlen := int(nums[0]), int(nums[1])
	e = logEntry{meta: b[0], size: head + klen + vlen + 4}
	if e.size > len(b) {
		return e, 0, false
	}
	e.key = b[head : head+klen-versionBytes]
	e.val = b[head+klen : head+klen+vlen]
	return e, head, true
}

// nextEntry is the next place where an entry of a kind that is wanted could begin. Most of a file that was not filled is zeros.
func nextEntry(data []byte, at int) int {
	const bodyKey = 1 + tx.HashSize + versionBytes
	for at < len(data) {
		if data[at+min(2, len(data)-at-1)] == 0 { // no key is that short
			if n := zeros(data[at:]); at+n == len(data) {
				return len(data)
			} else if n > 2 {
				at += n - 2 // the first two bytes of an entry may be zero
			}
		}
		if e, _, ok := parseLogHead(data[at:]); ok && len(e.key)+versionBytes <= bodyKey+4 && (e.key[0] == prefixBody || e.key[0] == prefixUndo || e.key[0] == prefixHeader) {
			return at
		}
		at++
	}
	return at
}

// zeros is the number of zero bytes in front.
func zeros(b []byte) (n int) {
	var page [4096]byte
	for len(b)-n >= len(page) && bytes.Equal(b[n:n+len(page)], page[:]) {
		n += len(page)
	}
	for n < len(b) && b[n] == 0 {
		n++
	}
	return n
}

// salvageTable reads a table from the front and, when a block of it is damaged, from the back.
func salvageTable(data []byte, to Salvaged) (err error) {
	ours := false
	defer func() {
		// Badger panics over what it does not understand: what was read before counts.
		if p := recover(); p != nil && ours {
			panic(p)
		}
	}()
	pass := func(key []byte, v y.ValueStruct) error {
		ours = true
		err := to.tableEntry(key, v)
		ours = false
		return err
	}
	t, err := sst.OpenInMemoryTable(data, 1, &sst.Options{})
	if err != nil {
		return nil
	}
	var last []byte
	it := t.NewIterator(sst.NOCACHE)
	for it.Rewind(); it.Valid(); it.Next() {
		if err := pass(it.Key(), it.Value()); err != nil {
			return err
		}
		last = append(last[:0], it.Key()...)
	}
	if last != nil && bytes.Equal(last, t.Biggest()) {
		return nil
	}
	back := t.NewIterator(sst.NOCACHE | sst.REVERSED)
	for back.Rewind(); back.Valid() && y.CompareKeys(back.Key(), last) > 0; back.Next() {
		if err := pass(back.Key(), back.Value()); err != nil {
			return err
		}
	}
	return nil
}

func (to *Salvaged) tableEntry(key []byte, v y.ValueStruct) error {
	if v.Meta&(entryDeleted|entryPointer) != 0 || len(key) <= versionBytes {
		return nil
	}
	return to.entry(y.ParseKey(key), v.Value)
}
