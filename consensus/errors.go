package consensus

import (
	"errors"
	"fmt"
)

// Result says what a refusal means for the thing refused: Core's
// BlockValidationResult.
type Result uint8

// The results. Only Invalid, HeaderInvalid, CachedInvalid and InvalidParent
// say that a block can never become part of the chain.
const (
	// Valid is the result of no error.
	Valid Result = iota
	// Invalid breaks a rule of consensus.
	Invalid
	// CachedInvalid was found invalid before.
	CachedInvalid
	// HeaderInvalid breaks a rule that the header alone shows.
	HeaderInvalid
	// Mutated means that these bytes are not the block that its header
	// commits to. The same header may come with a good body: never remember
	// its hash as bad.
	Mutated
	// MissingParent builds on a block that we do not know.
	MissingParent
	// InvalidParent builds on an invalid block.
	InvalidParent
	// TimeFuture is too far ahead of our clock; it may be fine later.
	TimeFuture
	// LowWork is a header on a chain with too little work to be stored.
	LowWork
	// Internal is a failure of ours (a disk, say). It says nothing about the
	// block and must never mark it.
	Internal
)

var resultNames = [...]string{"valid", "invalid", "cached-invalid", "header-invalid", "mutated",
	"missing-parent", "invalid-parent", "time-future", "low-work", "internal"}

// String names the result for logs.
func (r Result) String() string {
	if int(r) < len(resultNames) {
		return resultNames[r]
	}
	return fmt.Sprintf("result %d", uint8(r))
}

// Permanent tells whether the result may be remembered for the block's hash.
func (r Result) Permanent() bool {
	return r == Invalid || r == CachedInvalid || r == HeaderInvalid || r == InvalidParent
}

// RuleError is a broken rule.
type RuleError struct {
	Kind   Kind   // the rule; errors.Is finds it
	Result Result // what it means for the block
	Detail string // replaces Kind in the reject string where Core prints more
	Debug  string // for people; may be empty
	Cause  error  // what a script or a decoder said; may be nil
}

// Reject makes the error of a broken rule.
func Reject(kind Kind, result Result, debug string) *RuleError {
	return &RuleError{Kind: kind, Result: result, Debug: debug}
}

func invalid(kind Kind, format string, args ...any) *RuleError {
	return Reject(kind, Invalid, fmt.Sprintf(format, args...))
}

// RejectScript is the refusal of a block or transaction whose input failed
// script verification with cause, whose text is Core's ScriptErrorString.
//
// Core 28 has two strings for a block: this one where one thread checks scripts
// (-par=1), and the bare "block-validation-failed" where several do, because
// they do not know which input comes first. Ours always know, and answer as
// -par=1 does: the rigs that compare reasons ask Core for exactly that.
func RejectScript(cause error, debug string) *RuleError {
	return &RuleError{
		Kind:   ErrScript,
		Result: Invalid,
		Detail: fmt.Sprintf("%s (%s)", string(ErrScript), cause),
		Debug:  debug,
		Cause:  cause,
	}
}

// Reason is Core's reject string, letter for letter, as submitblock answers.
func (e *RuleError) Reason() string {
	if e.Detail != "" {
		return e.Detail
	}
	return string(e.Kind)
}

// Error is the reject string and the debug text, as Core logs them.
func (e *RuleError) Error() string {
	if e.Debug == "" {
		return e.Reason()
	}
	return e.Reason() + ", " + e.Debug
}

// Unwrap lets errors.Is find the kind and the cause.
func (e *RuleError) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// ResultOf is the result that err carries: Valid for nil, and Internal for
// everything that is not a broken rule.
func ResultOf(err error) Result {
	if err == nil {
		return Valid
	}
	var rule *RuleError
	if errors.As(err, &rule) {
		return rule.Result
	}
	return Internal
}
