package mempool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/mempool"
)

// atOnce is how many transactions of a file are on their way at a time, so that
// others keep getting their turns.
const atOnce = 64

// restore is the reading of one mempool.dat.
type restore struct {
	msg.ImportPool
	reply kit.ReplyTo
	own   bool // our own file of the last run

	dump                     *mempool.Dump
	next, open               int // of its transactions
	accepted, refused, stale int
}

// fileRead brings a file's contents.
type fileRead struct {
	dump *mempool.Dump
	err  error
}

var _ = kit.Register[*fileRead](kit.Message{Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindMempool}, To: []string{msg.KindMempool},
	Doc: "from its own goroutine: what a mempool.dat holds"})

// openFile loads what the last run had.
func (p *pool) openFile(k *kit.Context) {
	if p.Keep && p.File != "" {
		p.load(k, p.lastRun())
	}
}

func (p *pool) lastRun() *restore {
	return &restore{own: true, ImportPool: msg.ImportPool{Path: p.File, KeepTimes: true, ApplyDeltas: true, ApplyUnbroadcast: true}}
}

// load reads a file beside the actor, after those asked for before.
func (p *pool) load(k *kit.Context, r *restore) {
	if p.restore != nil {
		p.queued = append(p.queued, r)
		return
	}
	p.restore = r
	self := k.Self()
	k.Go("load", func(context.Context) {
		read := &fileRead{}
		var raw []byte
		if raw, read.err = os.ReadFile(r.Path); read.err == nil {
			read.dump, read.err = mempool.DecodeDump(raw)
		}
		self.Post(read)
	})
}

func (p *pool) fileRead(k *kit.Context, m *fileRead) {
	r := p.restore
	switch {
	case r.own && errors.Is(m.err, fs.ErrNotExist):
		r.dump = &mempool.Dump{} // the first run
	case m.err != nil && r.own:
		p.Log.PoolNote(fmt.Sprintf("starting with an empty pool: %s: %v; the file will be replaced at the next stop", r.Path, m.err))
		r.dump = &mempool.Dump{}
	case m.err != nil:
		r.reply.Reply(&msg.Done{Err: fmt.Errorf("reading transactions from %s: %w", r.Path, m.err)})
		p.restored(k)
		return
	default:
		r.dump = m.dump
	}
	p.goOn(k)
}

// refill offers the next transactions of the file like anybody's. While the node catches
// up and its coins stay behind nothing can be said of them: they wait.
func (p *pool) refill(k *kit.Context) {
	if !p.Board.Tip().HasCoins() {
		return // until the tip has its coins: see resume
	}
	r := p.restore
	now := k.Now().Unix()
	for r.open < atOnce && r.next < len(r.dump.Txs) {
		d := r.dump.Txs[r.next]
		r.dump.Txs[r.next] = mempool.DumpedTx{}
		r.next++
		if d.Delta != 0 && r.ApplyDeltas {
			p.pool.Prioritise(d.Tx.ID(), d.Delta)
		}
		if r.KeepTimes && d.Time <= now-p.Policy.ExpirySeconds {
			r.stale++
			continue
		}
		s := &submission{queue: restored, peer: operator, tx: d.Tx}
		if r.KeepTimes {
			s.time = d.Time
		}
		r.open++
		s.then = func(v mempool.Verdict) {
			r.open--
			switch {
			case v.Entry != nil:
				r.accepted++
			case v.Reject.Result == mempool.Unknown && !p.Board.Tip().HasCoins():
				d.Delta = 0 // is noted already
				r.dump.Txs = append(r.dump.Txs, d)
			default:
				r.refused++
			}
			if r.open == atOnce/2 || r.open == 0 {
				k.Self().Post(&more{})
			}
		}
		p.push(s)
	}
	if r.open == 0 && r.next == len(r.dump.Txs) {
		p.endRestore(k, r)
	}
}

// more asks the pool to go on with what it broke off to let others have a turn.
type more struct{}

var _ = kit.Register[*more](kit.Message{Lane: kit.Local, Full: kit.Conflate, Role: kit.Tick, From: []string{msg.KindMempool}, To: []string{msg.KindMempool},
	Doc: "from itself: go on"})

func (p *pool) goOn(k *kit.Context) {
	if p.restore != nil && p.restore.dump != nil {
		p.refill(k)
	}
	p.pump(k)
}

// endRestore applies what else the file says.
func (p *pool) endRestore(k *kit.Context, r *restore) {
	if r.ApplyDeltas {
		for id, delta := range r.dump.Deltas {
			p.pool.Prioritise(id, delta)
		}
	}
	if r.ApplyUnbroadcast {
		for _, id := range r.dump.Unbroadcast {
			p.pool.MarkUnbroadcast(id)
		}
	}
	if n := len(r.dump.Txs); n > 0 || !r.own {
		p.Log.PoolNote(fmt.Sprintf("Imported mempool transactions from file: %d succeeded, %d failed, %d expired", r.accepted, r.refused, r.stale))
	}
	if r.own {
		p.pool.SetLoaded()
	}
	p.dirty = true
	p.acks = append(p.acks, ack{r.reply, &msg.Done{}})
	p.restored(k)
}

func (p *pool) restored(k *kit.Context) {
	p.restore = nil
	if len(p.queued) > 0 {
		next := p.queued[0]
		p.queued = p.queued[1:]
		p.load(k, next)
	}
}

var errNotLoaded = errors.New("The mempool was not loaded yet")

// save writes the file beside the actor.
func (p *pool) save(k *kit.Context) {
	reply := k.ReplyTo()
	if !p.pool.Loaded() || p.File == "" {
		reply.Reply(&msg.Done{Err: errNotLoaded})
		return
	}
	saved, key, version := p.pool.Save(), k.Rand().Uint64(), p.poolFile.version()
	k.Go("save", func(context.Context) {
		reply.Reply(&msg.Done{Err: p.poolFile.put(version, saved.Dump().Encode(key))})
	})
}

// stop saves what there is.
func (p *pool) stop() {
	p.stopPool()
	p.closeEstimates()
}

// stopPool saves the pool, unless the last run's is not back yet: it would be lost.
func (p *pool) stopPool() {
	if !p.Keep || p.File == "" || p.pool == nil || !p.pool.Loaded() {
		return
	}
	if err := p.poolFile.put(p.poolFile.version(), p.pool.Save().Dump().Encode(p.key)); err != nil {
		p.Log.PoolNote(fmt.Sprintf("the pool was not saved: %v", err))
	}
}
