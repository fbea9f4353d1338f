package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/troupe-node/troupe/config"
)

// The exit codes, documented in docs/exit-codes.md.
const (
	exitOK         = 0
	exitUnexpected = 1
	exitUsage      = 2
	exitConfig     = 3
	exitLocked     = 4
	exitAddress    = 5
	exitFormat     = 6
	exitCorrupt    = 7
	exitDisk       = 8
	exitFatalActor = 70
	exitInterrupt  = 130
)

// failure is an error with its exit code, in the form every error of the program has:
// what happened, why, and what to do.
type failure struct {
	Code           int
	What, Why, Fix string
	cause          error
}

func fail(code int, what, why, fix string) *failure {
	return &failure{Code: code, What: what, Why: why, Fix: fix}
}

func (f *failure) Error() string {
	parts := make([]string, 0, 3)
	for _, s := range []string{f.What, f.Why, f.Fix} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " · ")
}

func (f *failure) Unwrap() error { return f.cause }

// because keeps the error that a failure came from.
func (f *failure) because(err error) *failure {
	f.cause = err
	if f.Why == "" {
		f.Why = err.Error()
	}
	return f
}

// exitCode finds the code of an error: its own, or that of a cause everybody knows.
func exitCode(err error) int {
	var f *failure
	var problems config.Problems
	var opErr *net.OpError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &f):
		return f.Code
	case errors.As(err, &problems):
		return exitConfig
	case errors.Is(err, syscall.EADDRINUSE):
		return exitAddress
	case errors.As(err, &opErr) && opErr.Op == "listen":
		return exitAddress
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EROFS):
		return exitDisk
	}
	return exitUnexpected
}

// report writes an error for a person; several problems get a line each.
func report(w io.Writer, err error) {
	var problems config.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			if p.Severity == config.Notice {
				continue
			}
			word := "error"
			if p.Severity == config.Warning {
				word = "warning"
			}
			fmt.Fprintf(w, "%s: %v\n", word, p)
		}
		return
	}
	fmt.Fprintf(w, "error: %v\n", err)
}
