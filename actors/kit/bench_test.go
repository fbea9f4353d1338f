package kit

import (
	"context"
	"testing"
)

type benchMsg struct{ _ [8]byte }

var _ = Register[*benchMsg](Message{Lane: Tx, Full: Hold, Role: Work, From: []string{"outside"}, To: []string{"sink"}, Doc: "benchmark"})

// BenchmarkPostAndReceive is one message from post to handled, against a plain
// channel of the same shape. 0 allocations beyond the message.
func BenchmarkPostAndReceive(b *testing.B) {
	const window = 1024 // as credit would bound it: the lane is never full
	b.Run("kit", func(b *testing.B) {
		sys := NewSystem(NewReal(), EventListener{})
		defer sys.Stop(context.Background())
		handled, drained := 0, make(chan struct{}, 1)
		ref := sys.Spawn(Spec{Kind: "sink", New: func() Actor {
			return Func(func(c *Context, msg any) {
				if _, ok := msg.(*benchMsg); ok {
					if handled++; handled%window == 0 || handled == b.N {
						drained <- struct{}{}
					}
				}
			})
		}})
		m := &benchMsg{}
		b.ReportAllocs()
		b.ResetTimer()
		for i := 1; i <= b.N; i++ {
			if ref.Post(m) != Ok {
				b.Fatal("full")
			}
			if i%window == 0 || i == b.N {
				<-drained
			}
		}
	})
	b.Run("channel", func(b *testing.B) {
		ch := make(chan any, window)
		handled, drained := 0, make(chan struct{}, 1)
		go func() {
			for m := range ch {
				if _, ok := m.(*benchMsg); ok {
					if handled++; handled%window == 0 || handled == b.N {
						drained <- struct{}{}
					}
				}
			}
		}()
		m := &benchMsg{}
		b.ReportAllocs()
		b.ResetTimer()
		for i := 1; i <= b.N; i++ {
			ch <- m
			if i%window == 0 || i == b.N {
				<-drained
			}
		}
		close(ch)
	})
}

// BenchmarkPingPong wakes an idle actor for every message, there and back.
func BenchmarkPingPong(b *testing.B) {
	sys := NewSystem(NewReal(), EventListener{})
	defer sys.Stop(context.Background())
	done := make(chan struct{})
	m := &benchMsg{}
	var left, right Ref
	n := 0
	left = sys.Spawn(Spec{Kind: "left", New: func() Actor {
		return Func(func(c *Context, msg any) {
			if _, ok := msg.(*benchMsg); ok {
				if n++; n >= b.N {
					close(done)
					return
				}
				right.Post(m)
			}
		})
	}})
	right = sys.Spawn(Spec{Kind: "right", New: func() Actor {
		return Func(func(c *Context, msg any) {
			if _, ok := msg.(*benchMsg); ok {
				left.Post(m)
			}
		})
	}})
	b.ReportAllocs()
	b.ResetTimer()
	right.Post(m)
	<-done
}

func BenchmarkSpawnStop(b *testing.B) {
	sys := NewSystem(NewReal(), EventListener{})
	defer sys.Stop(context.Background())
	b.ReportAllocs()
	for range b.N {
		ref := sys.Spawn(Spec{Kind: "short", New: func() Actor { return Func(func(*Context, any) {}) }})
		ref.Stop(nil)
		_ = ref.c.done.wait(context.Background(), 0)
	}
}

func BenchmarkAsk(b *testing.B) {
	sys := NewSystem(NewReal(), EventListener{})
	defer sys.Stop(context.Background())
	ref := sys.Spawn(Spec{Kind: "echo", New: func() Actor {
		return Func(func(c *Context, msg any) { c.Reply(msg) })
	}})
	m := &benchMsg{}
	b.ReportAllocs()
	for range b.N {
		if _, err := sys.Ask(context.Background(), ref, m); err != nil {
			b.Fatal(err)
		}
	}
}
