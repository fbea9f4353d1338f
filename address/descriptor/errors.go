package descriptor

import (
	"errors"
	"fmt"
)

// ErrInvalid is what every refusal of a descriptor answers to.
var ErrInvalid = errors.New("invalid descriptor")

// ErrNeedsPrivateKeys says that a hardened step follows a public key.
//
//lint:ignore ST1005 These are the words of Core's RPC, which clients look for.
var ErrNeedsPrivateKeys = errors.New("Cannot derive script without private keys")

// Error says why a text is not a descriptor, in Core's words where Core has any.
type Error struct{ Text string }

func (e *Error) Error() string { return e.Text }

// Unwrap makes errors.Is(err, ErrInvalid) hold.
func (e *Error) Unwrap() error { return ErrInvalid }

func refuse(format string, args ...any) error { return &Error{Text: fmt.Sprintf(format, args...)} }
