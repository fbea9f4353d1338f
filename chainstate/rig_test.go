package chainstate

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// rig is a shell around a machine: it does what Ready says at once, unless a
// test wants to do it itself, and writes down what came out.
type rig struct {
	tb     testing.TB
	params *consensus.Params
	opts   Options
	store  chainstore.Store
	m      *Machine
	now    int64
	name   func(tx.Hash) string

	holdJobs, holdWrites, holdLoads bool
	jobs                            []*VerifyJob
	writes                          []*Write
	loads                           []*Load
	published                       *Snapshot
	verdicts                        []Verdict
	tipChanges                      []TipChanged
	log                             []string
	quiet                           bool
	onStep                          func()
	err                             error
}

const testNow = 1_800_000_000

func newRig(tb testing.TB, p *consensus.Params, opts Options) *rig {
	tb.Helper()
	return newRigOn(tb, p, opts, chainstore.NewMemory())
}

func newRigOn(tb testing.TB, p *consensus.Params, opts Options, store chainstore.Store) *rig {
	tb.Helper()
	r := &rig{tb: tb, params: p, opts: opts, store: store, now: testNow}
	r.name = func(h tx.Hash) string { return h.String()[:8] }
	r.open()
	return r
}

func (r *rig) open() {
	r.tb.Helper()
	m, err := Open(r.params, r.store, r.now, r.opts)
	if err != nil {
		r.tb.Fatal(err)
	}
	r.m, r.published, r.err = m, nil, nil
	r.jobs, r.writes, r.loads = nil, nil, nil
	r.run()
}

// crash forgets the machine and everything the store was not yet given.
func (r *rig) crash() {
	r.tb.Helper()
	r.m.Close()
	store, err := r.store.(*chainstore.Memory).Restart(r.store.State().Seq)
	if err != nil {
		r.tb.Fatal(err)
	}
	r.store = store
	r.open()
}

func (r *rig) say(format string, args ...any) {
	if !r.quiet {
		r.log = append(r.log, fmt.Sprintf(format, args...))
	}
}

// run does what there is to do until nothing is left or everything is held.
func (r *rig) run() {
	r.tb.Helper()
	for {
		if r.onStep != nil {
			r.onStep()
		}
		rd := r.m.Ready()
		r.observe(&rd)
		worked := rd.More
		if rd.More {
			r.m.Continue()
		}
		r.jobs, r.writes, r.loads = append(r.jobs, rd.Jobs...), append(r.writes, rd.Writes...), append(r.loads, rd.Loads...)
		if !r.holdWrites && len(r.writes) > 0 {
			r.write()
			worked = true
		}
		if !r.holdLoads && len(r.loads) > 0 {
			l := r.loads[0]
			r.loads = r.loads[1:]
			l.Run(r.store)
			r.m.Loaded(l)
			worked = true
		}
		if !r.holdJobs && len(r.jobs) > 0 {
			j := r.jobs[0]
			r.jobs = r.jobs[1:]
			r.m.Verified(j.ID, j.Run(nil))
			worked = true
		}
		if !worked {
			return
		}
	}
}

// write does the oldest write.
func (r *rig) write() {
	r.tb.Helper()
	w := r.writes[0]
	r.writes = r.writes[1:]
	if err := w.Run(r.store); err != nil {
		r.tb.Fatal(err)
	}
	if t := w.Tip(); t != nil {
		r.say("commit %s", r.name(t.Hash()))
	}
	r.m.Committed(w.ID)
}

func (r *rig) observe(rd *Ready) {
	r.tb.Helper()
	if rd.Snapshot != nil {
		if r.published != nil {
			r.published.Release()
		}
		r.published = rd.Snapshot
	}
	if c := rd.TipChanged; c != nil {
		if r.published.Tip() != c.New {
			r.tb.Fatalf("tip changed to %s while the snapshot shows %s", c.New.Hash(), r.published.Tip().Hash())
		}
		r.tipChanges = append(r.tipChanges, *c)
		fork := Fork(c.Old, c.New)
		if fork == c.Old {
			r.say("tip %s", r.name(c.New.Hash()))
		} else {
			r.say("tip %s, reorganised from %s, %d off and %d on", r.name(c.New.Hash()), r.name(c.Old.Hash()),
				c.Old.Height()-fork.Height(), c.New.Height()-fork.Height())
		}
	}
	if rd.BestHeader != nil {
		r.say("best header %s", r.name(rd.BestHeader.Hash()))
	}
	for _, v := range rd.Verdicts {
		r.verdicts = append(r.verdicts, v)
		r.say("%s", r.describe(v))
	}
	if rd.Err != nil && r.err == nil {
		r.err = rd.Err
		r.say("stopped: %s", strings.SplitN(rd.Err.Error(), "\n", 2)[0])
	}
}

func (r *rig) describe(v Verdict) string {
	s := fmt.Sprintf("%s: %s", r.name(v.Hash), v.Outcome)
	if v.Late {
		s = fmt.Sprintf("%s: late %s", r.name(v.Hash), v.Outcome)
	}
	var rule *consensus.RuleError
	if errors.As(v.Err, &rule) {
		s += fmt.Sprintf(" [%s] %s", v.Result(), rule.Reason())
	}
	return s
}

func (r *rig) add(b *tx.Block, s Submission) {
	r.tb.Helper()
	r.m.AddBlock(r.now, b, s)
	r.run()
}

// addAll submits requested blocks, their headers first.
func (r *rig) addAll(blocks []*tx.Block) {
	r.tb.Helper()
	headers := make([]tx.Header, len(blocks))
	for i, b := range blocks {
		headers[i] = b.Header
	}
	if _, err := r.m.AddHeaders(r.now, headers); err != nil {
		r.tb.Fatal(err)
	}
	r.run()
	for _, b := range blocks {
		r.add(b, Submission{Requested: true})
	}
}

// flush commits everything.
func (r *rig) flush() {
	r.tb.Helper()
	for range 10 {
		r.m.Flush()
		r.run()
		if r.m.Clean() {
			return
		}
	}
	r.tb.Fatal("the machine does not come to rest")
}

// coinHash is hash_serialized_3 of the committed tip.
func (r *rig) coinHash() string {
	r.tb.Helper()
	r.flush()
	snap, err := r.store.Snapshot()
	if err != nil {
		r.tb.Fatal(err)
	}
	defer snap.Release()
	info, err := chainstore.SetInfo(snap, chainstore.HashSerialized, nil)
	if err != nil {
		r.tb.Fatal(err)
	}
	if info.Tip != r.published.Tip().Hash() {
		r.tb.Fatalf("committed tip %s, published %s", info.Tip, r.published.Tip().Hash())
	}
	return info.HashSerialized.String()
}

func (r *rig) tip() string { return r.name(r.published.Tip().Hash()) }
