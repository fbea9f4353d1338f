package kit

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

var smallLedger = LedgerLimits{General: Credit{Messages: 10, Bytes: 1000}, Reserve: Credit{Messages: 2, Bytes: 500}}

func TestTheBooksBalanceAfterAnyOrderOfOperations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		env := NewSim(1)
		l := NewLedger(env, smallLedger)
		var owners []*Owner
		var tokens []*Token
		for range rapid.IntRange(1, 60).Draw(t, "operations") {
			switch rapid.IntRange(0, 5).Draw(t, "operation") {
			case 0:
				owners = append(owners, l.NewOwner("peer", Credit{Messages: 4, Bytes: 600}))
			case 1, 2:
				if len(owners) > 0 {
					o := owners[rapid.IntRange(0, len(owners)-1).Draw(t, "owner")]
					tokens = append(tokens, o.TryAcquire(rapid.IntRange(0, 700).Draw(t, "bytes"), Pool(rapid.IntRange(0, 1).Draw(t, "pool"))))
				}
			case 3, 4:
				if len(tokens) > 0 {
					tokens[rapid.IntRange(0, len(tokens)-1).Draw(t, "token")].Release()
				}
			case 5:
				if len(owners) > 0 {
					owners[rapid.IntRange(0, len(owners)-1).Draw(t, "owner")].Close()
				}
			}
			if err := l.Check(); err != nil {
				t.Fatal(err)
			}
			g := l.Gauges()
			if g.General.Messages > 10 || g.General.Bytes > 1000 || g.Reserve.Messages > 2 || g.Reserve.Bytes > 500 || g.General.Bytes < 0 {
				t.Fatalf("over the limits: %+v", g)
			}
		}
		for _, o := range owners {
			o.Close()
			if o.Used() != (Credit{}) {
				t.Fatalf("a dead owner holds %+v", o.Used())
			}
		}
		if g := l.Gauges(); g.General != (Credit{}) || g.Reserve != (Credit{}) || g.Owners != 0 {
			t.Fatalf("credit left over: %+v", g)
		}
	})
}

func TestTheBooksBalanceUnderManyGoroutines(t *testing.T) {
	l := NewLedger(NewReal(), smallLedger)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			rng := rand.New(rand.NewPCG(uint64(i), 1))
			for range 20 {
				o := l.NewOwner("peer", Credit{Messages: 3, Bytes: 600})
				var held []*Token
				for range 50 {
					if len(held) == 3 || len(held) > 0 && rng.IntN(2) == 0 {
						held[0].Release()
						held[0].Release()
						held = held[1:]
						continue
					}
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rng.IntN(200))*time.Microsecond)
					tok, err := o.Acquire(ctx, rng.IntN(200), Pool(rng.IntN(2)))
					cancel()
					if err == nil {
						held = append(held, tok)
					} else if !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
					}
				}
				if err := l.Check(); err != nil {
					t.Error(err)
				}
				o.Close()
			}
		}()
	}
	wg.Wait()
	if g := l.Gauges(); g.General != (Credit{}) || g.Reserve != (Credit{}) || g.Waiting != 0 || g.Owners != 0 {
		t.Fatalf("%+v", g)
	}
}

func TestSolicitedInputPassesAFloodThroughTheReserve(t *testing.T) {
	l := NewLedger(NewSim(1), smallLedger)
	flood := l.NewOwner("flood", Credit{Messages: 100, Bytes: 10_000})
	for flood.TryAcquire(100, General) != nil {
	}
	honest := l.NewOwner("honest", Credit{Messages: 100, Bytes: 10_000})
	if honest.TryAcquire(100, General) != nil {
		t.Fatal("the general pool is full")
	}
	if honest.TryAcquire(100, Solicited) == nil {
		t.Fatal("the reserve is not")
	}
	if _, err := honest.Acquire(context.Background(), 1001, Solicited); !errors.Is(err, ErrTooLarge) {
		t.Fatal(err)
	}
}

func TestNobodyIsOvertakenForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLedger(NewReal(), LedgerLimits{General: Credit{Messages: 100, Bytes: 100}})
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for range 4 { // small ones that always leave a little room
			wg.Add(1)
			go func() {
				defer wg.Done()
				o := l.NewOwner("small", Credit{Messages: 2, Bytes: 100})
				for ctx.Err() == nil {
					tok, err := o.Acquire(ctx, 30, General)
					if err != nil {
						return
					}
					time.Sleep(time.Millisecond)
					tok.Release()
				}
			}()
		}
		synctest.Wait()
		large := l.NewOwner("large", Credit{Messages: 1, Bytes: 100})
		start := time.Now()
		tok, err := large.Acquire(ctx, 100, General)
		if err != nil || time.Since(start) > 5*time.Millisecond {
			t.Fatal(err, time.Since(start))
		}
		tok.Release()
		cancel()
		wg.Wait()
	})
}

func TestAnOwnersDeathFreesItsWaitersAndItsCredit(t *testing.T) {
	sim, sys := newSim(t, EventListener{})
	l := NewLedger(sim, smallLedger)
	var waited error
	var other *Token
	ref := sys.Spawn(on("conn", func(c *Context, msg any) {
		if _, ok := msg.(Started); ok {
			o := c.CreditOwner(l, Credit{Messages: 2, Bytes: 1000})
			c.Go("reader", func(ctx context.Context) {
				for waited == nil {
					_, waited = o.Acquire(ctx, 400, General)
				}
			})
		}
	}))
	sys.Spawn(on("conn", func(c *Context, msg any) {
		if _, ok := msg.(ping); ok {
			o := c.CreditOwner(l, Credit{Messages: 2, Bytes: 1000})
			c.Go("reader", func(ctx context.Context) { other, _ = o.Acquire(ctx, 700, General) })
		}
	})).Post(ping{})
	sim.Settle()
	if g := l.Gauges(); g.General.Bytes != 800 && g.General.Bytes != 700 || g.Waiting == 0 {
		t.Fatalf("%+v", g)
	}
	ref.Stop(nil)
	sim.Settle()
	if waited == nil || other == nil || l.Gauges().General.Bytes != 700 || l.Check() != nil {
		t.Fatal(waited, other, l.Gauges(), l.Check())
	}
}

func BenchmarkLedger(b *testing.B) {
	l := NewLedger(NewReal(), LedgerLimits{General: Credit{Messages: 1000, Bytes: 1 << 30}})
	o := l.NewOwner("peer", Credit{Messages: 16, Bytes: 1 << 20})
	b.ReportAllocs()
	for range b.N {
		o.TryAcquire(300, General).Release()
	}
}
