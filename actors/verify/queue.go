package verify

import (
	"sync"
	"sync/atomic"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/script"
)

// txShare is how many tasks of blocks run before one of a waiting transaction
// does.
const txShare = 16

// task is one turn of a worker: a batch of a block, or a transaction.
type task struct {
	block *blockRun
	batch int

	check *msg.CheckTx
	reply kit.ReplyTo
}

// queue holds the tasks that no worker has taken yet. Jobs are bounded by who
// sends them: chain by how far it runs ahead, mempool by how much it has under
// way.
type queue struct {
	mu      sync.Mutex
	blocks  fifo
	txs     fifo
	streak  int // tasks of blocks since the last transaction
	workers int
	closed  bool
}

func (q *queue) pushBlock(t task) {
	q.mu.Lock()
	q.blocks.push(t)
	q.mu.Unlock()
}

func (q *queue) pushTx(t task) {
	q.mu.Lock()
	q.txs.push(t)
	q.mu.Unlock()
}

// hire counts one more worker, if there is a task for it and fewer than most.
func (q *queue) hire(most int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.workers >= max(most, 1) || q.workers >= q.blocks.len()+q.txs.len() {
		return false
	}
	q.workers++
	return true
}

// take is the next task; without one the worker is dismissed.
func (q *queue) take() (t task, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
	case q.blocks.len() > 0 && (q.txs.len() == 0 || q.streak < txShare):
		q.streak++
		return q.blocks.pop(), true
	case q.txs.len() > 0:
		q.streak = 0
		return q.txs.pop(), true
	}
	q.workers--
	return task{}, false
}

// close drops what is queued: whoever waits for it is being stopped, too.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.blocks, q.txs = fifo{}, fifo{}
}

// fifo is a queue that gives its memory back when it is empty.
type fifo struct {
	tasks []task
	head  int
}

func (f *fifo) len() int    { return len(f.tasks) - f.head }
func (f *fifo) push(t task) { f.tasks = append(f.tasks, t) }

func (f *fifo) pop() task {
	t := f.tasks[f.head]
	f.tasks[f.head] = task{}
	f.head++
	if f.head == len(f.tasks) {
		f.tasks, f.head = f.tasks[:0], 0
		if cap(f.tasks) > 1024 {
			f.tasks = nil
		}
	}
	return t
}

// blockRun is a block whose batches are being run.
type blockRun struct {
	verify  *verify
	job     *chainstate.VerifyJob
	cache   *script.SigCache // nil: none
	batches []chainstate.Batch
	errs    []error
	reply   kit.ReplyTo
	left    atomic.Int64
	worst   atomic.Int64 // first batch in order that failed
}

func (b *blockRun) init() {
	b.errs = make([]error, len(b.batches))
	b.left.Store(int64(len(b.batches)))
	b.worst.Store(int64(len(b.batches)))
}

// run runs one batch, unless one before it has failed: the first bad input in
// order is the one that is reported, whichever worker is faster.
func (b *blockRun) run(i int) {
	if int64(i) < b.worst.Load() {
		b.errs[i] = b.verify.guard("block", func() error { return b.batches[i].Run(b.cache) })
		if b.errs[i] != nil {
			b.failed(int64(i))
		}
	}
	if b.left.Add(-1) > 0 {
		return
	}
	var err error
	if first := b.worst.Load(); first < int64(len(b.errs)) {
		err = b.errs[first]
	}
	b.reply.Reply(&msg.BlockChecked{Job: b.job, Err: err})
}

func (b *blockRun) failed(i int64) {
	for {
		worst := b.worst.Load()
		if i >= worst || b.worst.CompareAndSwap(worst, i) {
			return
		}
	}
}
