// Package observer turns what happens in the cast into log lines, and watches
// for what does not happen.
//
// [Log] is the one place where actors' news become events of the catalogue: the
// kit's listener and the small Log interfaces of the actor packages end here. It
// is called from other actors' turns, so it only writes. The observer actor
// itself looks around once a second: an actor that does not come back from a
// message, credit that leaked, and how far the node is behind.
//
// Nothing depends on it: it may restart at any time. Start reading at [Log].
package observer

import (
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/logs"
)

// Deps is what the actor is made of.
type Deps struct {
	Board  *msg.Board
	Ledger *kit.Ledger
	Log    *logs.Logger
}

const (
	// stuckAfter is how long a handler may run before it counts as stuck: no
	// handler should take a second.
	stuckAfter    = 30 * time.Second
	progressEvery = 10 * time.Second
)

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	return kit.Spec{
		Kind: msg.KindObserver, Name: msg.KindObserver,
		Policy: kit.Restart(100, time.Hour, time.Second, kit.Stop),
		New:    func() kit.Actor { return &observer{Deps: d, stuck: map[string]bool{}} },
	}
}

type observer struct {
	Deps
	stuck    map[string]bool
	leaked   bool
	reportAt time.Duration
	last     int32 // height at the last report
	behind   bool
}

// Receive handles one message.
func (o *observer) Receive(k *kit.Context, m any) {
	switch m.(type) {
	case kit.Started:
		k.Every(time.Second, msg.Tick{})
	case msg.Tick:
		o.look(k)
		o.progress(k)
	}
}

// look finds actors that do not come back, and credit that leaked.
func (o *observer) look(k *kit.Context) {
	now := map[string]bool{}
	for _, n := range k.System().Tree() {
		if n.Running < stuckAfter {
			continue
		}
		now[n.Name] = true
		if !o.stuck[n.Name] {
			logs.ActorStuck.Log(o.Log, logs.Actor.Is(n.Name), logs.Kind.Is(n.Kind), logs.MsgType.Is(n.LastMessage), logs.RunMS.Is(n.Running))
		}
	}
	o.stuck = now
	if err := o.Ledger.Check(); err != nil && !o.leaked {
		o.leaked = true
		logs.CreditLeak.Log(o.Log, logs.Detail.Is(err.Error()))
	}
}

// progress says how far the node is while it catches up.
func (o *observer) progress(k *kit.Context) {
	tip := o.Board.Tip()
	if tip == nil || k.Mono() < o.reportAt {
		return
	}
	height, best := tip.Tip().Height(), tip.BestHeader().Height()
	since := progressEvery
	if o.reportAt == 0 {
		o.last = height
	}
	o.reportAt = k.Mono() + progressEvery
	switch {
	case best > height+1:
		rate := float64(height-o.last) / since.Seconds()
		eta := int64(-1)
		if rate > 0 {
			eta = int64(float64(best-height) / rate)
		}
		logs.SyncProgress.Log(o.Log, logs.Done.Is(int64(height)), logs.Of.Is(int64(best)), logs.Unit.Is("blocks"), logs.Rate.Is(rate), logs.ETA.Is(eta), logs.Height.Is(int64(height)))
		o.behind = true
	case o.behind:
		o.behind = false
		logs.SyncDone.Log(o.Log, logs.Height.Is(int64(height)), logs.Hash.Is(tip.Tip().Hash()))
	}
	o.last = height
}
