package logs

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"

	"github.com/troupe-node/troupe/config"
)

func newCore(c *config.Logs, w io.Writer, asJSON, colour bool) zapcore.Core {
	layout := "2006-01-02T15:04:05.000Z07:00"
	if c.Micros {
		layout = "2006-01-02T15:04:05.000000Z07:00"
	}
	var enc zapcore.Encoder
	if asJSON {
		enc = jsonEncoder(layout, c.Timestamps)
	} else {
		if !c.Timestamps {
			layout = ""
		}
		enc = textEncoder{zapcore.NewMapObjectEncoder(), layout, colour}
	}
	// What a category writes has been decided before: everything that comes here goes out.
	return zapcore.NewCore(enc, zapcore.Lock(zapcore.AddSync(w)), zapcore.Level(Trace))
}

func jsonEncoder(layout string, stamps bool) zapcore.Encoder {
	ec := zapcore.EncoderConfig{
		TimeKey: "ts", LevelKey: "lvl", NameKey: "cat", MessageKey: "msg", CallerKey: "src",
		EncodeTime: func(t time.Time, enc zapcore.PrimitiveArrayEncoder) {
			enc.AppendString(t.UTC().Format(layout))
		},
		EncodeLevel: func(l zapcore.Level, enc zapcore.PrimitiveArrayEncoder) {
			enc.AppendString(Level(l).String())
		},
		EncodeCaller:   zapcore.ShortCallerEncoder,
		EncodeDuration: zapcore.StringDurationEncoder,
	}
	if !stamps {
		ec.TimeKey = ""
	}
	return zapcore.NewJSONEncoder(ec)
}

// textEncoder writes a line for people: time, level, event, key=value, and last the
// free words.
type textEncoder struct {
	*zapcore.MapObjectEncoder
	layout string // empty: no time
	colour bool
}

var buffers = buffer.NewPool()

var levelColour = map[Level]string{Trace: "\x1b[2m", Debug: "\x1b[2m", Info: "\x1b[32m", Warn: "\x1b[33m", Error: "\x1b[31m"}

func (t textEncoder) Clone() zapcore.Encoder { return t }

func (t textEncoder) EncodeEntry(entry zapcore.Entry, fields []zap.Field) (*buffer.Buffer, error) {
	b := buffers.Get()
	if t.layout != "" {
		b.AppendString(entry.Time.UTC().Format(t.layout))
		b.AppendByte(' ')
	}
	level := Level(entry.Level)
	name := fmt.Sprintf("%-5s", strings.ToUpper(level.String()))
	if t.colour {
		name = levelColour[level] + name + "\x1b[0m"
	}
	b.AppendString(name)
	values := zapcore.NewMapObjectEncoder()
	var rest strings.Builder
	stack, detail := "", ""
	for _, f := range fields {
		f.AddTo(values)
		v := plain(values.Fields[f.Key])
		switch f.Key {
		case "evt":
			b.AppendString(" " + v + ":")
		case Stack.info.name:
			stack = v
		case Detail.info.name:
			detail = v
		default:
			rest.WriteString(" " + f.Key + "=" + quote(v))
		}
	}
	b.AppendString(" " + entry.Message + rest.String())
	if entry.Caller.Defined {
		b.AppendString(" src=" + entry.Caller.TrimmedPath())
	}
	if detail != "" {
		b.AppendString(" · " + oneLine(detail))
	}
	b.AppendByte('\n')
	for line := range strings.Lines(stack) {
		b.AppendString("    " + strings.TrimRight(line, "\n") + "\n")
	}
	return b, nil
}

func plain(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// quote keeps a value one word, and a line one line.
func quote(v string) string {
	if v == "" || strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r == '"' || r == '=' || r == 0x7f || r == 0x1b }) {
		return strconv.Quote(v)
	}
	return v
}

// oneLine lets free words stand as they are, up to the end of the line: who looks for
// a sentence finds it whole.
func oneLine(v string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, v)
}

// terminal tells whether lines go to a person's screen; NO_COLOR is respected.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
