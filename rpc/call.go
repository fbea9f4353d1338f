package rpc

import (
	"context"
	"encoding/json"
	"math"
	"strconv"

	"github.com/troupe-node/troupe/tx"
)

// Call is one call of a method: its arguments in the method's order, types
// already checked against the registry.
type Call struct {
	Context context.Context // ends when the caller hangs up or the server stops
	Node    *Node
	Server  *Server
	User    string

	args  []json.RawMessage // one for each parameter; nil when missing
	given int               // how many came, nulls included
}

// Has tells whether argument i was given.
func (c *Call) Has(i int) bool { return i < len(c.args) && c.args[i] != nil }

// Raw is argument i as it came; nil when missing.
func (c *Call) Raw(i int) json.RawMessage { return c.args[i] }

// Kind is the JSON type of argument i; empty when missing.
func (c *Call) Kind(i int) Kind {
	if !c.Has(i) {
		return ""
	}
	return kindOf(c.args[i])
}

// String is argument i, or def when it is missing.
func (c *Call) String(i int, def string) string {
	if !c.Has(i) {
		return def
	}
	var s string
	if json.Unmarshal(c.args[i], &s) != nil { // the registry has checked the kind
		return def
	}
	return s
}

// Bool is argument i, or def when it is missing.
func (c *Call) Bool(i int, def bool) bool {
	if !c.Has(i) {
		return def
	}
	return string(c.args[i]) == "true"
}

// Int is argument i as a whole number, or def when it is missing.
func (c *Call) Int(i int, def int64) (int64, error) {
	if !c.Has(i) {
		return def, nil
	}
	return wholeNumber(c.args[i])
}

func wholeNumber(raw json.RawMessage) (int64, error) {
	if kindOf(raw) != Number {
		return 0, unexpected(raw, Number)
	}
	if v, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return v, nil
	}
	return 0, Errorf(CodeMisc, "JSON integer out of range")
}

// Int32 is Int for numbers that Core keeps in 32 bits.
func (c *Call) Int32(i int, def int32) (int32, error) {
	v, err := c.Int(i, int64(def))
	if err == nil && (v > math.MaxInt32 || v < math.MinInt32) {
		err = Errorf(CodeMisc, "JSON integer out of range")
	}
	return int32(v), err
}

// Uint64 is argument i as a whole number that is not negative, or def when it is
// missing.
func (c *Call) Uint64(i int, def uint64) (uint64, error) {
	if !c.Has(i) {
		return def, nil
	}
	v, err := strconv.ParseUint(string(c.args[i]), 10, 64)
	if err != nil {
		return 0, Errorf(CodeMisc, "JSON integer out of range")
	}
	return v, nil
}

// Float is argument i as a number, or def when it is missing.
func (c *Call) Float(i int, def float64) (float64, error) {
	if !c.Has(i) {
		return def, nil
	}
	v, err := strconv.ParseFloat(string(c.args[i]), 64)
	if err != nil {
		return 0, Errorf(CodeMisc, "JSON double out of range")
	}
	return v, nil
}

// Elements are the elements of the array that is argument i; none when it is
// missing.
func (c *Call) Elements(i int) []json.RawMessage {
	if !c.Has(i) {
		return nil
	}
	return elements(c.args[i])
}

// Hash is argument i as a hash; name is what the error calls it.
func (c *Call) Hash(i int, name string) (tx.Hash, error) {
	return parseHashArg(c.String(i, ""), name)
}

// parseHashArg refuses with the words of Core's ParseHashV.
func parseHashArg(s, name string) (tx.Hash, error) {
	if len(s) != 2*tx.HashSize {
		return tx.Hash{}, Errorf(CodeInvalidParam, "%s must be of length 64 (not %d, for '%s')", name, len(s), s)
	}
	h, err := tx.ParseHash(s)
	if err != nil {
		return tx.Hash{}, Errorf(CodeInvalidParam, "%s must be hexadecimal string (not '%s')", name, s)
	}
	return h, nil
}

// Verbosity reads a parameter that takes a number or, as long ago, a bool.
func (c *Call) Verbosity(i int, def int) (int, error) {
	switch c.Kind(i) {
	case "":
		return def, nil
	case Bool:
		if c.Bool(i, false) {
			return 1, nil
		}
		return 0, nil
	case Number:
		v, err := c.Int32(i, int32(def))
		return int(v), err
	}
	return 0, unexpected(c.args[i], Number)
}
