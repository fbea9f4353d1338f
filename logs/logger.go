package logs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/DeRuina/timberjack"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/logs/category"
)

// Logger writes events. A nil Logger writes nothing.
type Logger struct {
	out  *output
	with []Field
}

// output is what all Loggers of a process share.
type output struct {
	core    zapcore.Core
	sampler zapcore.Core
	levels  map[category.Category]*atomic.Int32
	dropped map[category.Category]*atomic.Uint64
	failed  atomic.Uint64
	sources bool
	ips     bool
	file    *timberjack.Logger
	quiet   *atomic.Bool // the console, for a while
}

// Sampling of frequent events: the first of each kind in a second, then one in so many.
const (
	sampleFirst = 100
	sampleThen  = 1000
)

// Open starts logging as configured: to the file, and to the console when asked. It
// creates the file, so that a wrong path is found at once.
func Open(c *config.Logs, console *os.File) (*Logger, error) {
	var cores []zapcore.Core
	var file *timberjack.Logger
	quiet := new(atomic.Bool)
	if c.File != "" {
		if err := touch(c.File); err != nil {
			return nil, err
		}
		file = &timberjack.Logger{
			Filename: c.File, MaxSize: int(max(1, c.MaxFileBytes>>20)), MaxBackups: c.MaxFiles,
			Compression: "gzip", FileMode: 0o600,
		}
		cores = append(cores, newCore(c, file, c.Format == config.FormatJSON, false))
	}
	if c.Console && console != nil {
		cores = append(cores, hushable{newCore(c, console, c.Format == config.FormatJSON, terminal(console)), quiet})
	}
	l := newLogger(c, zapcore.NewTee(cores...), file)
	l.out.quiet = quiet
	return l, nil
}

func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Discard is a Logger that writes nothing.
func Discard() *Logger { return nil }

// Into writes JSON lines to w, everything down to the given level.
func Into(w io.Writer, level Level) *Logger {
	c := &config.Logs{Timestamps: true, Micros: true, IPs: true}
	l := newLogger(c, newCore(c, w, true, false), nil)
	for _, info := range category.All {
		l.SetLevel(info.Name, level)
	}
	return l
}

func newLogger(c *config.Logs, core zapcore.Core, file *timberjack.Logger) *Logger {
	o := &output{
		core: core, file: file, sources: c.Sources, ips: c.IPs,
		levels:  map[category.Category]*atomic.Int32{},
		dropped: map[category.Category]*atomic.Uint64{},
	}
	for _, info := range category.All {
		level := levelOf(c.Level)
		if l, ok := c.Categories[info.Name]; ok {
			level = levelOf(l)
		}
		o.levels[info.Name], o.dropped[info.Name] = new(atomic.Int32), new(atomic.Uint64)
		o.levels[info.Name].Store(int32(level))
	}
	o.sampler = zapcore.NewSamplerWithOptions(core, time.Second, sampleFirst, sampleThen,
		zapcore.SamplerHook(func(e zapcore.Entry, d zapcore.SamplingDecision) {
			if d&zapcore.LogDropped != 0 {
				o.dropped[category.Category(e.LoggerName)].Add(1)
			}
		}))
	return &Logger{out: o}
}

// With gives every line of the returned Logger these fields first.
func (l *Logger) With(fields ...Field) *Logger {
	if l == nil {
		return nil
	}
	with := make([]Field, 0, len(l.with)+len(fields))
	return &Logger{out: l.out, with: append(append(with, l.with...), fields...)}
}

// Enabled tells whether a category writes lines of a level.
func (l *Logger) Enabled(c category.Category, level Level) bool {
	return l != nil && int32(level) >= l.out.levels[c].Load()
}

// Level is a category's level now.
func (l *Logger) Level(c category.Category) Level { return Level(l.out.levels[c].Load()) }

// SetLevel changes a category's level while the node runs. An unknown category is ignored.
func (l *Logger) SetLevel(c category.Category, level Level) {
	if v, ok := l.out.levels[c]; ok {
		v.Store(int32(level))
	}
}

// Quiet keeps lines off the console, or lets them onto it again; the file gets them all.
func (l *Logger) Quiet(on bool) {
	if l != nil && l.out.quiet != nil {
		l.out.quiet.Store(on)
	}
}

// Rotate closes the file under a dated name and begins a new one, as on SIGHUP.
func (l *Logger) Rotate() error {
	if l == nil || l.out.file == nil {
		return nil
	}
	return l.out.file.Rotate()
}

// Close says what was left out, writes out what is pending and closes the file; lines
// after it are lost. It fails when lines could not be written.
func (l *Logger) Close() error {
	if l == nil {
		return nil
	}
	for _, info := range category.All {
		if n := l.out.dropped[info.Name].Load(); n > 0 {
			Incomplete.Log(l, Name.Is(string(info.Name)), Count.Is(int64(n)))
		}
	}
	if l.out.file == nil {
		return nil
	}
	synced := l.out.core.Sync()
	if errors.Is(synced, syscall.EINVAL) { // /dev/null and pipes have nothing to sync
		synced = nil
	}
	var failed error
	if n := l.out.failed.Load(); n > 0 {
		failed = fmt.Errorf("%d lines of log could not be written", n)
	}
	return errors.Join(synced, failed, l.out.file.Close())
}

func (o *output) appendFields(list []zap.Field, fields []Field) []zap.Field {
	for _, f := range fields {
		if f.info == nil || f.info.private && !o.ips {
			continue
		}
		list = append(list, f.zap)
	}
	return list
}

func (o *output) write(e *Event, entry zapcore.Entry, fields []zap.Field) {
	if e.sampled {
		asked := entry
		asked.Level = max(asked.Level, zapcore.DebugLevel) // zap's sampler knows no lower one
		if o.sampler.Check(asked, nil) == nil {
			return
		}
	}
	if err := o.core.Write(entry, fields); err != nil {
		o.failed.Add(1)
	}
}

// hushable is a console: it can be told to be quiet, and may be a pipe.
type hushable struct {
	zapcore.Core
	quiet *atomic.Bool
}

func (h hushable) With(fields []zapcore.Field) zapcore.Core {
	return hushable{h.Core.With(fields), h.quiet}
}

func (h hushable) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	if h.quiet.Load() {
		return nil
	}
	return h.Core.Write(entry, fields)
}

// Sync has nothing to do: a pipe cannot be synced, and a screen need not be.
func (h hushable) Sync() error { return nil }
