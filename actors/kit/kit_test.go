package kit

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type ping struct{ n int }
type tick struct{}

var _ = Register[ping](Message{Lane: Local, Full: Shed, Role: Work, From: []string{"a", "outside"}, To: []string{"echo"}, Reply: "int", Doc: "test"})

func TestAnActorAnswersAsksAndStops(t *testing.T) {
	for _, env := range []Env{NewReal(), NewSim(1)} {
		sys := NewSystem(env, EventListener{})
		got := 0
		ref := sys.Spawn(Spec{Kind: "echo", New: func() Actor {
			return Func(func(c *Context, msg any) {
				switch m := msg.(type) {
				case Started:
					c.Every(time.Millisecond, tick{})
				case ping:
					c.Reply(m.n + 1)
				case tick:
					got++
				}
			})
		}})
		v, err := sys.Ask(context.Background(), ref, ping{41})
		if err != nil || v != 42 {
			t.Fatal(v, err)
		}
		if err := env.Sleep(context.Background(), 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if r := sys.Stop(context.Background()); r.Err() != nil {
			t.Fatal(r)
		}
		if got == 0 {
			t.Fatal("no ticks")
		}
		if ref.Post(ping{1}) != Dead {
			t.Fatal("alive")
		}
		fmt.Println(got)
	}
}
