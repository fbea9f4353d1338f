package logs

import (
	"runtime"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/troupe-node/troupe/logs/category"
)

// Event is one kind of line. Its name and keys are an interface that others rely on.
type Event struct {
	name     string
	category category.Category
	level    Level
	text     string // what people read
	keys     []*keyInfo
	sampled  bool // may be thinned out when there are very many; never lifecycle, tip or warnings
}

// Name is the event's name, as in docs/logs.md.
func (e *Event) Name() string { return e.name }

// events collects every declaration for the documentation.
var events []*Event

func newEvent(name string, c category.Category, l Level, text string, keys ...AnyKey) *Event {
	e := &Event{name: name, category: c, level: l, text: text}
	for _, k := range keys {
		e.keys = append(e.keys, k.describe())
	}
	e.keys = append(e.keys, Detail.info)
	events = append(events, e)
	return e
}

// frequent declares an event that may be sampled.
func frequent(e *Event) *Event {
	e.sampled = true
	return e
}

// On tells whether the event would be written, for callers to whom computing the
// fields is work.
func (e *Event) On(l *Logger) bool { return l != nil && l.Enabled(e.category, e.level) }

// Log writes the event. It is safe for concurrent use and never fails: a line that
// cannot be written is counted.
func (e *Event) Log(l *Logger, fields ...Field) {
	if !e.On(l) {
		return
	}
	entry := zapcore.Entry{
		Level: zapcore.Level(e.level), Time: time.Now(), LoggerName: string(e.category), Message: e.text,
	}
	if l.out.sources {
		entry.Caller = zapcore.NewEntryCaller(runtime.Caller(1))
	}
	list := make([]zap.Field, 0, len(l.with)+len(fields)+1)
	list = append(list, zap.String("evt", e.name))
	list = l.out.appendFields(list, l.with)
	list = l.out.appendFields(list, fields)
	l.out.write(e, entry, list)
}
