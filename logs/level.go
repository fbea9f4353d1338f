package logs

import (
	"go.uber.org/zap/zapcore"

	"github.com/troupe-node/troupe/config"
)

// Level is how much a line matters.
type Level int8

// The levels. Trace is below zap's own.
const (
	Trace = Level(zapcore.DebugLevel) - 1
	Debug = Level(zapcore.DebugLevel)
	Info  = Level(zapcore.InfoLevel)
	Warn  = Level(zapcore.WarnLevel)
	Error = Level(zapcore.ErrorLevel)
)

func (l Level) String() string {
	if l == Trace {
		return "trace"
	}
	return zapcore.Level(l).String()
}

// levelOf translates a parsed setting; config has refused everything else.
func levelOf(l config.LogLevel) Level {
	for _, known := range []Level{Trace, Debug, Warn, Error} {
		if known.String() == string(l) {
			return known
		}
	}
	return Info
}
