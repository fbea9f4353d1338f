package kit

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// newProto makes protoactor's system with its log led through a handler that
// never formats a payload: its dead-letter line would print a whole block.
func newProto(tell func(level, text string)) *actor.ActorSystem {
	return actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(typesOnly{tell: tell}) }),
		actor.WithDeadLetterRequestLogging(false),
		actor.WithDeadLetterThrottleInterval(time.Millisecond), // its throttle is a goroutine that sleeps as long
	)
}

// sharedProto serves all simulations of a process.
var sharedProto = sync.OnceValue(func() *actor.ActorSystem { return newProto(func(string, string) {}) })

// typesOnly is a slog.Handler that prints values of unknown types by type.
type typesOnly struct {
	tell  func(level, text string)
	attrs string
}

func (typesOnly) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

func (h typesOnly) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool { writeAttr(&b, a); return true })
	h.tell(r.Level.String(), b.String())
	return nil
}

func (h typesOnly) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		writeAttr(&b, a)
	}
	h.attrs = b.String()
	return h
}

func (h typesOnly) WithGroup(string) slog.Handler { return h }

func writeAttr(b *strings.Builder, a slog.Attr) {
	if a.Value.Kind() != slog.KindAny {
		fmt.Fprintf(b, " %s=%.200s", a.Key, a.Value.String())
		return
	}
	switch v := a.Value.Any().(type) {
	case *actor.PID:
		id := ""
		if v != nil {
			id = v.Id
		}
		fmt.Fprintf(b, " %s=%s", a.Key, id)
	case *escalated:
		fmt.Fprintf(b, " %s=%q", a.Key, v.Error())
	default:
		fmt.Fprintf(b, " %s=(%T)", a.Key, v)
	}
}
