package chainstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Commits go through Badger's log of the memtable (*.mem) and its value log (*.vlog), both files mapped into memory: a process may
// die at any time without loss, a power cut loses what the kernel has not written yet, in any order. Sync writes it: fsync of a file
// covers what was stored through a shared mapping (on Linux msync is the same call). Tables (*.sst) and the MANIFEST are synced by
// Badger before it deletes the log they replace. What was synced is then noted in the file SYNC.

// Sync makes everything committed before the call survive a power cut. Commits go on meanwhile.
func (b *Badger) Sync() error {
	b.use.RLock()
	defer b.use.RUnlock()
	if err := b.usable(); err != nil {
		return err
	}
	return b.sync()
}

func (b *Badger) sync() error {
	b.syncMu.Lock()
	defer b.syncMu.Unlock()
	seq := b.State().Seq // before the files are listed: a file that appears later holds nothing up to it
	if seq == b.synced.Load() {
		return nil
	}
	b.opts.Failpoint("sync-files")
	logs, err := b.syncFiles()
	if err != nil {
		return b.fail(err)
	}
	b.opts.Failpoint("sync-note")
	if err := b.slots.write(seq); err != nil {
		return b.fail(err)
	}
	b.noteLogs(logs, b.synced.Load())
	b.synced.Store(seq)
	b.trim()
	return nil
}

// noteLogs remembers since when each memtable log exists, and holds back what may be forgotten while one does.
//
// Badger deletes a log when its memtable has become a table and the last reader is done with it, which a long iteration delays.
// Should the process die then, the log is replayed, and brings back coins whose deletion lay in a later log and was forgotten
// in a merge together with them. So no deletion is forgotten that is newer than the oldest log on disk.
func (b *Badger) noteLogs(logs []uint32, before uint64) {
	born := make(map[uint32]uint64, len(logs))
	oldest := uint64(latest)
	for _, fid := range logs {
		seq, known := b.born[fid]
		if !known {
			seq = before // it was not there at the sync before, so that all it holds is newer
		}
		born[fid] = seq
		oldest = min(oldest, seq)
	}
	b.born = born
	b.oldestLog.Store(oldest)
}

// syncFiles syncs the logs and the directory, and returns the memtable logs that exist.
func (b *Badger) syncFiles() (logs []uint32, err error) {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, fmt.Errorf("sync: %w", err)
	}
	newest := b.lastFid
	for _, e := range entries {
		name := e.Name()
		fid, kind := logFile(name)
		switch {
		case kind == ".vlog" && fid >= b.lastFid:
			newest = max(newest, fid)
		case kind == ".mem":
			logs = append(logs, fid)
		default:
			continue
		}
		// A log that is gone by now was replaced by a table, which is synced.
		if err := b.syncPath(filepath.Join(b.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("sync: %w", err)
		}
	}
	b.lastFid = newest
	return logs, syncDir(b.dir)
}

// logFile splits the name of a value log or memtable log file.
func logFile(name string) (fid uint32, kind string) {
	kind = filepath.Ext(name)
	if kind != ".vlog" && kind != ".mem" {
		return 0, ""
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(name, kind), 10, 32)
	if err != nil {
		return 0, ""
	}
	return uint32(n), kind
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncSlots is the file SYNC: two slots a page apart, written in turn, so that a torn write leaves the other one.
type syncSlots struct {
	f     *os.File
	seq   uint64
	count uint64
}

const (
	syncName  = "SYNC"
	slotSpace = 4096
	slotSize  = 8 + 8 + 8 + 4
)

var slotMagic = [8]byte{'t', 'r', 'o', 'u', 'p', 'e', 's', '1'}

func openSyncSlots(dir string) (*syncSlots, error) {
	path := filepath.Join(dir, syncName)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, &Damage{What: path, Why: "the note of what was synced is missing", Mend: mendReindex, Err: err}
	}
	s := &syncSlots{f: f}
	valid := 0
	for i := range int64(2) {
		var b [slotSize]byte
		if _, err := f.ReadAt(b[:], i*slotSpace); err != nil {
			continue
		}
		if [8]byte(b[:8]) != slotMagic || binary.LittleEndian.Uint32(b[24:]) != crc32.Checksum(b[:24], castagnoli) {
			continue
		}
		valid++
		if count := binary.LittleEndian.Uint64(b[8:]); count >= s.count {
			s.count, s.seq = count, binary.LittleEndian.Uint64(b[16:])
		}
	}
	if valid == 0 {
		return nil, errors.Join(&Damage{What: path, Why: "neither of its two notes is whole", Mend: mendReindex}, f.Close())
	}
	return s, nil
}

func createSyncSlots(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, syncName), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	return errors.Join((&syncSlots{f: f}).write(0), f.Close())
}

func (s *syncSlots) write(seq uint64) error {
	s.count++
	var b [slotSize]byte
	copy(b[:], slotMagic[:])
	binary.LittleEndian.PutUint64(b[8:], s.count)
	binary.LittleEndian.PutUint64(b[16:], seq)
	binary.LittleEndian.PutUint32(b[24:], crc32.Checksum(b[:24], castagnoli))
	if _, err := s.f.WriteAt(b[:], int64(s.count%2)*slotSpace); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	if err := s.f.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	s.seq = seq
	return nil
}

func (s *syncSlots) close() error { return s.f.Close() }
