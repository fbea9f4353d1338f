package logs

import (
	"encoding/hex"
	"slices"
	"time"

	"go.uber.org/zap"
)

// Key names a value that stands beside an event: its name and type are an interface
// that others parse, declared once in keys.go.
type Key[T any] struct {
	info *keyInfo
	make func(name string, v T) zap.Field
}

// keyInfo is what the documentation says about a key.
type keyInfo struct {
	name string
	kind string
	help string
	// private values name people's addresses; they are left out unless -logips is on.
	private bool
}

// AnyKey is a key of any type, for an event's declaration.
type AnyKey interface{ describe() *keyInfo }

func (k Key[T]) describe() *keyInfo { return k.info }

// Field is one key with its value.
type Field struct {
	info *keyInfo
	zap  zap.Field
}

// Is gives the key a value.
func (k Key[T]) Is(v T) Field { return Field{k.info, k.make(k.info.name, v)} }

// keys collects every declaration for the documentation.
var keys []*keyInfo

func newKey[T any](name, kind, help string, build func(string, T) zap.Field) Key[T] {
	info := &keyInfo{name: name, kind: kind, help: help}
	keys = append(keys, info)
	return Key[T]{info, build}
}

// maxText bounds a text in a line: long enough for every reason, too short for a payload.
const maxText = 2048

// maxStack bounds a stack trace.
const maxStack = 16 << 10

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

func textKey(name, help string) Key[string] {
	return newKey(name, "text", help, func(n, v string) zap.Field { return zap.String(n, clip(v, maxText)) })
}

func addressKey(name, help string) Key[string] {
	k := textKey(name, help)
	k.info.private = true
	return k
}

func stackKey(name, help string) Key[string] {
	return newKey(name, "text", help, func(n, v string) zap.Field { return zap.String(n, clip(v, maxStack)) })
}

func numberKey(name, help string) Key[int64] {
	return newKey(name, "integer", help, func(n string, v int64) zap.Field { return zap.Int64(n, v) })
}

func ratioKey(name, help string) Key[float64] {
	return newKey(name, "number", help, func(n string, v float64) zap.Field { return zap.Float64(n, v) })
}

func flagKey(name, help string) Key[bool] {
	return newKey(name, "boolean", help, func(n string, v bool) zap.Field { return zap.Bool(n, v) })
}

// millisKey writes a duration as milliseconds with microseconds behind the point.
func millisKey(name, help string) Key[time.Duration] {
	return newKey(name, "milliseconds", help, func(n string, v time.Duration) zap.Field {
		return zap.Float64(n, float64(v.Microseconds())/1000)
	})
}

// hashKey takes a hash in wire order and prints it as everybody does, reversed.
func hashKey(name, help string) Key[[32]byte] {
	return newKey(name, "hash", help, func(n string, v [32]byte) zap.Field {
		slices.Reverse(v[:])
		return zap.String(n, hex.EncodeToString(v[:]))
	})
}

// errorKey takes the text of an error, which names what and why.
func errorKey(name, help string) Key[error] {
	return newKey(name, "text", help, func(n string, v error) zap.Field {
		if v == nil {
			return zap.String(n, "")
		}
		return zap.String(n, clip(v.Error(), maxText))
	})
}
