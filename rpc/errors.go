package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Code is an error code of Core's src/rpc/protocol.h.
type Code int

// Codes that clients branch on.
const (
	CodeInvalidRequest  Code = -32600
	CodeMethodNotFound  Code = -32601
	CodeInternal        Code = -32603
	CodeParse           Code = -32700
	CodeMisc            Code = -1
	CodeType            Code = -3
	CodeInvalidAddress  Code = -5 // also: no such block, transaction or key
	CodeOutOfMemory     Code = -7
	CodeInvalidParam    Code = -8
	CodeDatabase        Code = -20
	CodeDeserialization Code = -22
	CodeVerify          Code = -25
	CodeVerifyRejected  Code = -26
	CodeAlreadyInChain  Code = -27
	CodeInWarmup        Code = -28
	CodeNotConnected    Code = -9
	CodeInitialDownload Code = -10
	CodeNodeAlready     Code = -23
	CodeNodeNotAdded    Code = -24
	CodeNodeNotOnline   Code = -29
	CodeInvalidSubnet   Code = -30
	CodeNodeCapacity    Code = -34
	CodeInvalidParams   Code = -32602
)

// Error is what a method answers when it refuses.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s (code %d)", e.Message, e.Code) }

// Errorf makes an Error.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// asError turns any error of a handler into one for the wire; one without a
// code is a misc error, as a C++ exception is in Core.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeMisc, Message: err.Error()}
}

func (e *Error) raw() json.RawMessage {
	b, err := encode(e)
	if err != nil { // an int and a string always marshal
		return json.RawMessage(`{"code":-32603,"message":"unprintable error"}`)
	}
	return b
}
