package chainstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// DirLock is the lock on a directory. The kernel lets go of it when the process ends, however it ends.
type DirLock struct {
	f    *os.File
	path string
}

// Holder is what the holder of a lock wrote into it.
type Holder struct {
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	Command string    `json:"command"`
}

const lockName = ".lock"

// Lock locks a directory for this process. Another holder answers ErrLocked, and the text says who it is and how to stop it.
func Lock(dir string) (*DirLock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(lockedBy(dir, path), f.Close())
	}
	text, err := json.Marshal(Holder{PID: os.Getpid(), Started: time.Now().UTC().Truncate(time.Second), Command: strings.Join(os.Args, " ")})
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(append(text, '\n'), 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock: %w", err), f.Close())
	}
	return &DirLock{f, path}, nil
}

func lockedBy(dir, path string) error {
	var h Holder
	if b, err := os.ReadFile(path); err != nil || json.Unmarshal(b, &h) != nil || h.PID == 0 {
		return fmt.Errorf("%w: %s; another process is just opening it, or holds it without saying so", ErrLocked, dir)
	}
	return fmt.Errorf("%w: %s is held by process %d (%s), running since %s; stop it with `troupe stop` or `kill %d`, or use another -datadir",
		ErrLocked, dir, h.PID, h.Command, h.Started.Format(time.RFC3339), h.PID)
}

// Release lets go. The file stays: removing it would let two processes lock two files of the same name.
func (l *DirLock) Release() error {
	return errors.Join(l.f.Truncate(0), l.f.Close())
}
