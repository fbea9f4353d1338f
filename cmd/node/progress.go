package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// progress shows long work: on a terminal one line that is redrawn, otherwise (and always in
// the log) one line every ten seconds, both with a rate and an estimate.
type progress struct {
	mu     sync.Mutex
	now    func() time.Time
	screen io.Writer           // nil: no terminal
	emit   func(progressState) // a line for the log

	samples []sample // the last window
	drawn   time.Time
	logged  time.Time
	width   int // of what stands on the screen
}

// progressState is one look at long work.
type progressState struct {
	Done, Of int64
	Unit     string
	Rate     float64 // units a second over the last window
	ETA      int64   // seconds; -1: unknown
	Height   int32
	Path     string
}

type sample struct {
	at   time.Time
	done int64
}

const (
	progressWindow = 15 * time.Second
	redrawEvery    = 100 * time.Millisecond
	logEvery       = 10 * time.Second
)

func newProgress(screen io.Writer, now func() time.Time, emit func(progressState)) *progress {
	return &progress{now: now, screen: screen, emit: emit, logged: now()}
}

// update takes what has been done; Rate and ETA are computed here.
func (p *progress) update(s progressState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.measure(now, &s)
	if p.screen != nil && now.Sub(p.drawn) >= redrawEvery {
		p.drawn = now
		p.draw(s.line())
	}
	if now.Sub(p.logged) >= logEvery {
		p.logged = now
		p.emit(s)
	}
}

// finish wipes the line; what was reached is for the caller to say.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.screen != nil && p.width > 0 {
		p.draw("")
	}
}

func (p *progress) measure(now time.Time, s *progressState) {
	p.samples = append(p.samples, sample{now, s.Done})
	for len(p.samples) > 2 && now.Sub(p.samples[0].at) > progressWindow {
		p.samples = p.samples[1:]
	}
	s.ETA = -1
	first := p.samples[0]
	if span := now.Sub(first.at).Seconds(); span > 0 && s.Done > first.done {
		s.Rate = float64(s.Done-first.done) / span
		if s.Of >= s.Done {
			s.ETA = int64(float64(s.Of-s.Done)/s.Rate + 0.5)
		}
	}
}

func (p *progress) draw(line string) {
	pad := max(0, p.width-len(line))
	fmt.Fprint(p.screen, "\r"+line+strings.Repeat(" ", pad))
	if line == "" {
		fmt.Fprint(p.screen, "\r")
	}
	p.width = len(line)
}

func (s progressState) line() string {
	b := quantity(float64(s.Done), s.Unit)
	if s.Height > 0 { // a flood has none
		b = fmt.Sprintf("height %d  %s", s.Height, b)
	}
	if s.Of > 0 {
		b += fmt.Sprintf(" of %s (%.1f%%)", quantity(float64(s.Of), s.Unit), 100*float64(s.Done)/float64(s.Of))
	}
	if s.Rate > 0 {
		b += fmt.Sprintf("  %s/s", quantity(s.Rate, s.Unit))
	}
	if s.ETA >= 0 {
		b += fmt.Sprintf("  %s left", time.Duration(s.ETA)*time.Second)
	}
	return b
}

func quantity(n float64, unit string) string {
	if unit == "bytes" {
		return fmt.Sprintf("%.1f MiB", n/(1<<20))
	}
	return fmt.Sprintf("%.0f %s", n, unit)
}

// isTerminal tells whether a person is looking.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// screen is where a progress line may be drawn, or nil.
func (a *app) screen() io.Writer {
	if isTerminal(a.stderr) {
		return a.stderr
	}
	return nil
}
