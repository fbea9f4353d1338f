package kit

import (
	"context"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// goFailed carries a goroutine's panic into its actor.
type goFailed struct{ failure *Failure }

// routines are the goroutines of one life.
type routines struct {
	mu      sync.Mutex
	running []*routine // in order of start, so that a simulation repeats
	onIdle  func()     // set while somebody waits for the last one
}

type routine struct {
	name string
	wake func()
}

// Go starts a goroutine that belongs to this life: a socket's reader, a blocking
// call. Its ctx ends when the actor stops or restarts; it must then return soon,
// for the actor counts as stopped only when it has. A panic in it is the actor's
// failure. It gets refs, connections and channels, never the Context.
//
// In a simulation it runs as a coroutine on the simulated machine: it may wait
// in the Env's network, Env.Sleep, System.Ask and Owner.Acquire, and in nothing
// else (a bare channel would wait for ever, and the simulation says so).
func (c *Context) Go(name string, f func(ctx context.Context)) {
	cell := c.cell
	if c.over {
		return
	}
	if c.run == nil {
		c.run, c.cancel = context.WithCancel(context.Background())
	}
	ctx := c.run
	r := &routine{name: name}
	cell.routines.mu.Lock()
	cell.routines.running = append(cell.routines.running, r)
	cell.routines.mu.Unlock()
	wake := cell.sys.env.goRun(cell.info.Name+"/"+name, func() {
		defer cell.routines.ended(r)
		defer func() {
			if p := recover(); p != nil {
				f := newFailure(cell, p, "goroutine "+name, debug.Stack())
				if !cell.box.notice(goFailed{f}) {
					cell.sys.events.Panicked(*f)
				}
			}
		}()
		f(ctx)
	})
	cell.routines.mu.Lock()
	r.wake = wake
	cell.routines.mu.Unlock()
}

func (r *routines) ended(one *routine) {
	r.mu.Lock()
	if i := slices.Index(r.running, one); i >= 0 {
		r.running = slices.Delete(r.running, i, i+1)
	}
	var idle func()
	if len(r.running) == 0 {
		idle, r.onIdle = r.onIdle, nil
	}
	r.mu.Unlock()
	if idle != nil {
		idle()
	}
}

// whenIdle calls f once no goroutine is left; false if none is now.
func (r *routines) whenIdle(f func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.running) == 0 {
		return false
	}
	r.onIdle = f
	for _, one := range r.running {
		if one.wake != nil {
			one.wake()
		}
	}
	return true
}

func (r *routines) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.running)
}

// abandon reports the late ones and stops counting them.
func (r *routines) abandon(cell *cell, after time.Duration) {
	r.mu.Lock()
	r.onIdle = nil
	late := make([]string, 0, len(r.running))
	for _, one := range r.running {
		late = append(late, one.name)
	}
	r.running = nil
	r.mu.Unlock()
	for _, name := range late {
		cell.sys.events.LateGo(LateInfo{Actor: cell.info, What: name, After: after})
	}
}
