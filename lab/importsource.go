package lab

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/troupe-node/troupe/chainstore/blkfile"
)

// sources are the files of an import, open from its beginning to its end.
type sources []*source

// source is one file.
type source struct {
	path string
	file *os.File
	size int64
	key  [blkfile.KeySize]byte
}

func openSources(paths []string) (all sources, err error) {
	for _, path := range paths {
		s := &source{path: path}
		if s.file, err = os.Open(path); err == nil {
			all = append(all, s)
			err = s.prepare()
		}
		if err != nil {
			all.close()
			return nil, fmt.Errorf("block file: %w", err)
		}
	}
	return all, nil
}

// prepare finds the file's size, and its key if a folder of Core's has one.
func (s *source) prepare() error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	s.size = info.Size()
	key := filepath.Join(filepath.Dir(s.path), blkfile.KeyFile)
	raw, err := os.ReadFile(key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(raw) != blkfile.KeySize:
		return fmt.Errorf("%s has %d bytes, not a key's %d: is it damaged? move it away if the block files are plain", key, len(raw), blkfile.KeySize)
	}
	s.key = [blkfile.KeySize]byte(raw)
	return nil
}

// reader reads the file from its beginning.
func (s *source) reader(magic [4]byte) *blkfile.Reader {
	return blkfile.NewReader(blkfile.Unxor(io.NewSectionReader(s.file, 0, s.size), s.key, 0), magic)
}

// block reads a block again whose place is known.
func (s *source) block(at int64, size int) ([]byte, error) {
	raw := make([]byte, size)
	in := blkfile.Unxor(io.NewSectionReader(s.file, at, int64(size)), s.key, at)
	if _, err := io.ReadFull(in, raw); err != nil {
		return nil, fmt.Errorf("%s at %d: %w", s.path, at, err)
	}
	return raw, nil
}

func (all sources) size() (n int64) {
	for _, s := range all {
		n += s.size
	}
	return n
}

func (all sources) close() {
	for _, s := range all {
		s.file.Close()
	}
}
