package chainstore

import (
	"errors"
	"fmt"
)

// The kinds of refusal. Compare with errors.Is.
var (
	ErrClosed          = errors.New("the chain store is closed")
	ErrSnapshotExpired = errors.New("the snapshot was held too long and has expired; take a new one")
	ErrNotFound        = errors.New("not in the chain store")
	ErrNotTip          = errors.New("the commit starts from another block than the stored tip")
	ErrSequence        = errors.New("the commit's sequence is not above the stored one")
	ErrBadCommit       = errors.New("the commit contradicts itself")
	ErrCorrupt         = errors.New("the chain store is damaged")
	ErrFormat          = errors.New("the chain store has another format")
	ErrNetwork         = errors.New("the chain store belongs to another network")
	ErrLocked          = errors.New("the directory is in use by another process")
	ErrDecode          = errors.New("malformed record")
	ErrBroken          = errors.New("the chain store stopped after a failed write")
)

// Damage names what is wrong on disk and what mends it. errors.Is(err, ErrCorrupt) holds.
type Damage struct {
	What string // the file or record
	Why  string
	Mend string // a command
	Err  error  // the cause, if another error revealed it
}

func (d *Damage) Error() string {
	s := fmt.Sprintf("the chain store is damaged: %s: %s", d.What, d.Why)
	if d.Err != nil {
		s += " (" + d.Err.Error() + ")"
	}
	return s + "; " + d.Mend
}

// Is makes every damage an ErrCorrupt.
func (d *Damage) Is(target error) bool { return target == ErrCorrupt }

func (d *Damage) Unwrap() error { return d.Err }

const (
	mendVerify  = "run `troupe store verify --level 4` to see how far it reaches, then `troupe reindex`"
	mendReindex = "run `troupe reindex` to rebuild the store (blocks that are lost are fetched again)"
)

func decodeError(what, why string) error { return fmt.Errorf("%w: %s: %s", ErrDecode, what, why) }
