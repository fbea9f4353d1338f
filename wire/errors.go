package wire

import (
	"errors"
	"fmt"

	"github.com/troupe-node/troupe/tx"
)

// Kind says what is wrong with a frame or a message. Kinds are errors:
// errors.Is(err, wire.Oversize).
type Kind uint8

// The kinds, in the order in which a frame can meet them.
const (
	// WrongMagic: the bytes are no frame of this network. Nothing after them
	// can be trusted.
	WrongMagic Kind = iota + 1
	// Oversize: the frame announces more than its command can need, or a list
	// is longer than its message allows.
	Oversize
	// BadCommand: the command is not printable ASCII padded with zeros.
	BadCommand
	// BadChecksum: the payload is not what its sender summed up.
	BadChecksum
	// Malformed: the payload does not follow the message's definition.
	Malformed
	// NonCanonical: a compact size in a longer form than needed.
	NonCanonical
)

// Error makes a Kind usable with errors.Is.
func (k Kind) Error() string {
	switch k {
	case WrongMagic:
		return "wrong magic"
	case Oversize:
		return "oversize"
	case BadCommand:
		return "bad command"
	case BadChecksum:
		return "wrong checksum"
	case Malformed:
		return "malformed"
	case NonCanonical:
		return "non-canonical size"
	}
	return "unknown kind of wire error"
}

// InStep says whether the stream can be read on after skipping the frame: its
// end is known. Core drops such a message and keeps the connection.
func (k Kind) InStep() bool { return k != WrongMagic && k != Oversize }

// Error is what reading a frame or a message returns. Its text says what was
// wrong in Core's words where Core has some.
type Error struct {
	Kind    Kind
	Command string // the frame's command as far as known
	Text    string
}

// Error says what was wrong.
func (e *Error) Error() string { return e.Text }

// Unwrap gives the kind.
func (e *Error) Unwrap() error { return e.Kind }

func failf(k Kind, command, format string, args ...any) *Error {
	return &Error{Kind: k, Command: command, Text: fmt.Sprintf(format, args...)}
}

// fromTx gives an error of package tx its kind.
func fromTx(command string, err error) *Error {
	k := Malformed
	if errors.Is(err, tx.ErrNonCanonical) {
		k = NonCanonical
	}
	switch {
	case errors.Is(err, tx.ErrSuperfluousWitness):
		return failf(k, command, "Superfluous witness record (%s: %v)", command, err)
	case errors.Is(err, tx.ErrUnknownFlags):
		return failf(k, command, "Unknown transaction optional data (%s: %v)", command, err)
	case errors.Is(err, tx.ErrTruncated):
		return failf(k, command, "%s: end of data (%v)", command, err)
	}
	return failf(k, command, "%s: %v", command, err)
}
