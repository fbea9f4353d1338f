// Package store is the actor that writes to disk.
//
// It owns the chain store's handle: it does chain's writes in the order they
// come, reads ahead for chain in goroutines of its own, sees to it that what was
// committed survives a power cut soon after, watches the free space, and closes
// the store at the end. A write that fails ends the process: nothing that
// follows could be trusted.
//
// It never decides anything about the chain. Start reading at [New].
package store

import (
	"context"
	"fmt"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstore"
)

// syncEvery is how long a commit may stay unsynced; the disk is not asked more
// often, whatever comes in. While there are better headers than the tip it is asked less
// often: what a power cut takes comes from the peers again, and a sync makes every page
// fault once more that is written after it. A restart after a crash reads what was not
// synced, some hundred MiB at the most.
const (
	syncEvery       = time.Second
	syncEveryBehind = 10 * time.Second
)

// diskEvery is how often the free space is looked at.
const diskEvery = 10 * time.Second

// MinFree is how much room, in bytes, the node leaves on the disk: below, it
// pauses (Core's nMinDiskSpace is 50 MiB; ours covers what is already on its way).
const MinFree = 256 << 20

// Deps is what the actor is made of.
type Deps struct {
	Store chainstore.Store
	Cast  *msg.Cast
	Board *msg.Board
	// Free tells the free bytes of the disk; nil where there is no disk.
	Free func() (uint64, error)
	Log  Log
}

// Log is told what people want to know of the store.
type Log interface {
	StoreSynced(seq uint64, took time.Duration)
	StoreCollected(freed int64, took time.Duration)
	StoreNote(text string)
}

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	var lanes kit.Lanes
	lanes[kit.Block] = kit.Limits{Messages: 1 << 12, Bytes: 1 << 30}
	lanes[kit.Headers] = kit.Limits{Messages: 1 << 12}
	return kit.Spec{
		Kind: msg.KindStore, Name: msg.KindStore, Mailbox: lanes, Policy: kit.Fatal, Drain: true,
		Slow: time.Second, GoDeadline: time.Minute,
		New: func() kit.Actor { return &store{Deps: d} },
	}
}

type store struct {
	Deps
	written uint64 // sequence of the last commit done
	syncing bool
	syncAt  time.Duration // not before
	garbage garbage
	low     bool
	nextAt  time.Duration // when to look at the disk again
}

// synced comes from the goroutine that syncs.
type synced struct {
	seq  uint64
	took time.Duration
	err  error
}

var _ = kit.Register[*synced](kit.Message{
	Lane: kit.Control, Role: kit.Return, From: []string{msg.KindStore}, To: []string{msg.KindStore},
	Doc: "from its own goroutine: the store was synced",
})

// Receive handles one message.
func (s *store) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		s.garbage = garbage{some: true, next: k.Mono() + collectEvery} // the last process may not have finished
		s.syncAt = k.Mono() + syncEveryBehind
		k.Every(syncEvery, msg.Tick{})
	case *msg.WriteChain:
		s.write(k, m)
	case *msg.LoadChain:
		s.load(k, m)
	case msg.Tick:
		s.sync(k)
		s.collect(k)
		s.watchDisk(k)
	case *synced:
		s.onSynced(k, m)
	case *msg.WriteRecords:
		s.writeRecords(k, m)
	case *msg.MeasureBodies:
		s.measure(k, m)
	case *collected:
		s.onCollected(k, m)
	case kit.Stopped:
		if err := s.Store.Close(); err != nil {
			k.Fail(fmt.Errorf("closing the chain store: %w", err))
		}
	}
}

func (s *store) write(k *kit.Context, m *msg.WriteChain) {
	if c := m.Write.Commit; c != nil {
		c.Seq = max(c.Seq, s.Store.State().Seq+1) // an index's commits have taken numbers, too
	}
	if err := m.Write.Run(s.Store); err != nil {
		k.Fail(fmt.Errorf("chain store: %w (is the disk full or failing? the next start resumes at the last commit)", err))
	}
	if m.Write.Commit != nil {
		s.written = m.Write.Commit.Seq
		s.garbage.some = s.garbage.some || len(m.Write.Commit.Prune) > 0
	}
	k.Reply(&msg.Written{Write: m.Write})
}

// writeRecords commits what an index wants kept, in a commit of its own.
func (s *store) writeRecords(k *kit.Context, m *msg.WriteRecords) {
	if err := s.Store.Commit(&chainstore.Commit{Records: m.Records}); err != nil {
		k.Fail(fmt.Errorf("chain store: writing an index: %w (is the disk full or failing? the next start resumes at the last commit)", err))
	}
	s.written = s.Store.State().Seq
	k.Reply(&msg.RecordsWritten{})
}

// load reads beside the writes, so that chain need not wait for either.
func (s *store) load(k *kit.Context, m *msg.LoadChain) {
	reply := k.ReplyTo()
	k.Go("load", func(context.Context) {
		m.Load.Run(s.Store)
		reply.Reply(&msg.Loaded{Load: m.Load})
	})
}

// sync makes what was committed survive a power cut, off everybody's path.
func (s *store) sync(k *kit.Context) {
	if s.syncing || s.written == 0 || s.Store.Synced() >= s.written || k.Mono() < s.syncAt && s.behind() {
		return
	}
	s.syncing, s.syncAt = true, k.Mono()+syncEveryBehind
	self, env, seq := k.Self(), k.Env(), s.written
	k.Go("sync", func(context.Context) {
		start := env.Mono()
		err := s.Store.Sync()
		self.Post(&synced{seq: seq, took: env.Mono() - start, err: err})
	})
}

func (s *store) behind() bool {
	tip := s.Board.Tip()
	return tip.Tip() != tip.BestHeader()
}

func (s *store) onSynced(k *kit.Context, m *synced) {
	s.syncing = false
	if m.err != nil {
		k.Fail(fmt.Errorf("syncing the chain store: %w", m.err))
	}
	s.Log.StoreSynced(m.seq, m.took)
}

// watchDisk pauses the node before the disk is full: running out of room in the
// middle of a mapped file would end it.
func (s *store) watchDisk(k *kit.Context) {
	if s.Free == nil || k.Mono() < s.nextAt {
		return
	}
	s.nextAt = k.Mono() + diskEvery
	free, err := s.Free()
	switch {
	case err != nil:
		s.Log.StoreNote("free disk space cannot be told: " + err.Error())
	case free < MinFree && !s.low:
		s.low = true
		s.Log.StoreNote(fmt.Sprintf("disk is nearly full: %d MiB free, %d needed; block download pauses until there is room", free>>20, MinFree>>20))
		s.tell(k, &msg.DiskLow{Free: free, Need: MinFree})
	case free >= MinFree+MinFree/4 && s.low:
		s.low = false
		s.Log.StoreNote(fmt.Sprintf("disk has room again: %d MiB free; block download goes on", free>>20))
		s.tell(k, &msg.DiskEnough{Free: free})
	}
}

func (s *store) tell(k *kit.Context, m any) {
	k.Send(s.Cast.Chain(), m)
	k.Send(s.Cast.Blocks(), m)
}
