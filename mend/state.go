package mend

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Phase is how far a reindexing has come. It stands in a file of its own, so that
// a process that was killed in the middle leaves word.
type Phase string

// The phases, in their order.
const (
	// None: nothing is pending.
	None Phase = ""
	// Headers are being gathered into the new store.
	Headers Phase = "headers"
	// Bodies move file by file from the old store into the new one.
	Bodies Phase = "bodies"
	// Wipe: the coins are being deleted, for them alone to be made anew.
	Wipe Phase = "wipe"
	// Connect: everything is in its place, and blocks are being connected.
	Connect Phase = "connect"
)

// Beside the store's own directory.
const (
	newSuffix   = ".reindex" // the store that is being made
	stateSuffix = ".phase"   // the phase
)

// Pending says what was begun on the store in dir and not ended.
func Pending(dir string) (Phase, error) {
	text, err := os.ReadFile(dir + stateSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return None, nil
	}
	if err != nil {
		return None, fmt.Errorf("reindex: %w", err)
	}
	switch p := Phase(strings.TrimSpace(string(text))); p {
	case Headers, Bodies, Wipe, Connect:
		return p, nil
	default:
		return None, fmt.Errorf("reindex: %s holds %q, which is no phase of a reindexing; delete it and run `troupe reindex`", dir+stateSuffix, p)
	}
}

// setPhase notes how far we are, for good.
func setPhase(dir string, p Phase) error {
	path := dir + stateSuffix
	if p == None {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("reindex: %w", err)
		}
		return syncDir(filepath.Dir(path))
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("reindex: %w", err)
	}
	_, err = f.WriteString(string(p) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("reindex: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("reindex: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("reindex: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// Done forgets that a reindexing was pending: its blocks are connected, or a node
// goes on with them like with any others.
func Done(dir string) error { return setPhase(dir, None) }
