package kit

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"
)

// Phase is one step of a shutdown: the actors of these kinds are asked to stop
// together, and awaited.
type Phase struct {
	Name     string
	Kinds    []string
	Deadline time.Duration
}

// StopReport is what a shutdown did.
type StopReport struct {
	Late []string       // "phase: actor", those that missed their deadline
	Lost map[string]int // messages nobody handled, by type
	Took time.Duration
}

// Err is nil if everybody was in time.
func (r StopReport) Err() error {
	if len(r.Late) == 0 {
		return nil
	}
	return fmt.Errorf("actors that did not stop in time: %s", strings.Join(r.Late, ", "))
}

// Stop ends the system phase by phase: from the start of its phase no actor of a
// kind can be spawned; actors whose Spec says Drain first handle what is queued.
// One that is late is named, and told to drop its queue. What no phase names is
// stopped last, one by one, the youngest first, in whatever is left of five
// seconds. It ends early, naming the late, when ctx does. It is called from
// outside the system, once.
func (s *System) Stop(ctx context.Context, phases ...Phase) StopReport {
	start := s.env.Mono()
	var report StopReport
	late := map[*cell]bool{} // each is waited for once
	for _, p := range phases {
		kinds := map[string]bool{}
		s.mu.Lock()
		for _, k := range p.Kinds {
			kinds[k] = true
			s.refused[k] = true
		}
		s.mu.Unlock()
		cells := s.cells(kinds)
		for _, c := range cells {
			c.requestStop(nil, c.spec.Drain)
		}
		report.Late = append(report.Late, s.await(ctx, p.Name, cells, p.Deadline, late)...)
	}
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	deadline := s.env.Mono() + 5*time.Second
	for _, c := range s.cells(nil) {
		c.requestStop(nil, c.spec.Drain)
		left := max(deadline-s.env.Mono(), time.Millisecond)
		if !late[c] {
			report.Late = append(report.Late, s.await(ctx, "rest", []*cell{c}, left, late)...)
		}
	}
	s.flushReports()
	s.env.detach()
	s.mu.Lock()
	defer s.mu.Unlock()
	report.Lost = make(map[string]int, len(s.lost))
	for t, n := range s.lost {
		report.Lost[t] = n
	}
	report.Took = s.env.Mono() - start
	return report
}

// await waits for the cells until the deadline, then makes the late ones drop
// their queues and gives them a moment.
func (s *System) await(ctx context.Context, phase string, cells []*cell, limit time.Duration, missed map[*cell]bool) (late []string) {
	if limit <= 0 {
		limit = 5 * time.Second
	}
	deadline := s.env.Mono() + limit
	var slow []*cell
	for _, c := range cells {
		left := max(deadline-s.env.Mono(), time.Nanosecond)
		if c.done.wait(ctx, left) != nil {
			slow = append(slow, c)
			missed[c] = true
			late = append(late, phase+": "+c.info.Name)
			c.requestStop(nil, false)
		}
	}
	grace := s.env.Mono() + min(limit, 500*time.Millisecond)
	for _, c := range slow {
		_ = c.done.wait(ctx, max(grace-s.env.Mono(), time.Nanosecond)) // named already
	}
	sort.Strings(late)
	return late
}

// Lost counts, by type, the messages that were queued when their actor stopped.
func (s *System) Lost() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]int, len(s.lost))
	for t, n := range s.lost {
		out[t] = n
	}
	return out
}

func (s *System) lose(c *cell, cl *class, n int) {
	s.mu.Lock()
	s.lost[cl.name] += n
	s.mu.Unlock()
	s.events.Lost(LostInfo{Actor: c.info, MsgType: cl.name, Count: n})
}
