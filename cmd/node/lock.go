//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/troupe-node/troupe/config"
)

// lockFile keeps a second process out of a chain's folder. The lock is the kernel's, and
// goes with the process; what is written in the file only says who holds it.
type lockFile struct{ f *os.File }

const lockName = ".lock"

// takeLock locks a chain's folder, or says who has it and how to end that.
func takeLock(c *config.Config, command string) (*lockFile, error) {
	path := filepath.Join(c.ChainDir, lockName)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fail(exitUnexpected, fmt.Sprintf("Cannot write to data directory '%s'", c.ChainDir), err.Error(), "check the permissions")
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fail(exitUnexpected, "Cannot lock "+path, err.Error(), "the file system must support locks")
		}
		return nil, fail(exitLocked, fmt.Sprintf("Cannot obtain a lock on data directory %s. Troupe is probably already running.", c.ChainDir),
			"it is in use by "+holder(path),
			fmt.Sprintf("stop that one with \"troupe stop -datadir=%s -chain=%s\", or give this one another -datadir", c.DataDir, c.Chain))
	}
	text := fmt.Sprintf("%d\n%s\n%s\n", os.Getpid(), time.Now().Format("2006-01-02 15:04:05"), command)
	if err := f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(text), 0)
		if err != nil {
			f.Close()
			return nil, fail(exitDisk, "Cannot write "+path, err.Error(), "free some room")
		}
	}
	return &lockFile{f}, nil
}

// holder reads who has the lock: "pid 4127 (troupe run, started 07:02:11)".
func holder(path string) string {
	raw, err := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if err != nil || len(lines) < 3 {
		return "another process"
	}
	if _, err := strconv.Atoi(lines[0]); err != nil {
		return "another process"
	}
	return fmt.Sprintf("pid %s (%s, started %s)", lines[0], lines[2], lines[1])
}

// locked tells whether a process has a chain's folder, without taking it.
func locked(chainDir string) bool {
	f, err := os.OpenFile(filepath.Join(chainDir, lockName), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// release empties the file and gives the lock back.
func (l *lockFile) release() error {
	return errors.Join(l.f.Truncate(0), l.f.Close())
}
