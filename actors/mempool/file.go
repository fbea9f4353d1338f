package mempool

import (
	"os"
	"sync"
)

// file is a file that the pool writes as a whole, beside the actor or at its end.
// Of two writers the one with the newer contents wins, whoever comes last.
type file struct {
	path string
	next uint64 // the actor's alone

	mu      sync.Mutex // held while writing: never waited for in a handler but the last
	written uint64
}

// version numbers the contents that are about to be written.
func (f *file) version() uint64 {
	f.next++
	return f.next
}

// put replaces the file, unless newer contents are there.
func (f *file) put(version uint64, b []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if version < f.written {
		return nil
	}
	if err := write(f.path, b); err != nil {
		return err
	}
	f.written = version
	return nil
}

// write replaces a file as a whole.
func write(path string, b []byte) error {
	fresh := path + ".new"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(fresh, path)
}
