package chainstate

import (
	"errors"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
)

// VerifyJob is the scripts of one block. Run its batches on any goroutines in
// any order, then call Machine.Verified once, with the error of the first
// batch in order that has one.
type VerifyJob struct {
	ID        uint64
	Node      *Node
	Connected *consensus.Connected

	size      int
	contexts  []atomic.Pointer[script.TxContext] // by transaction, made by the first batch that needs one
	cancelled atomic.Bool
}

// Batch is a run of a job's inputs. Run is safe to call concurrently with
// other batches' Run.
type Batch struct {
	job       *VerifyJob
	tx, input int // where to start
	count     int
}

// ErrCancelled is what a batch returns whose block was taken back: nobody
// waits for the result.
var ErrCancelled = errors.New("the block is no longer being verified")

func newVerifyJob(id uint64, n *Node, c *consensus.Connected, size int) *VerifyJob {
	return &VerifyJob{ID: id, Node: n, Connected: c, size: size, contexts: make([]atomic.Pointer[script.TxContext], len(c.Txs))}
}

// context is the transaction prepared for verification, shared by its inputs.
func (j *VerifyJob) context(i int) *script.TxContext {
	if c := j.contexts[i].Load(); c != nil {
		return c
	}
	j.contexts[i].CompareAndSwap(nil, script.NewTxContext(j.Connected.Block.Txs[i], j.Connected.Txs[i].Spent))
	return j.contexts[i].Load()
}

// Inputs is how many scripts there are to run.
func (j *VerifyJob) Inputs() int { return j.Connected.Inputs }

// Batches splits the job into runs of about Options.BatchInputs inputs.
// Transactions larger than that are split, too.
func (j *VerifyJob) Batches() []Batch {
	batches := make([]Batch, 0, j.Connected.Inputs/j.size+1)
	current := Batch{job: j, tx: 1}
	for i := 1; i < len(j.contexts); i++ {
		inputs := len(j.Connected.Block.Txs[i].Inputs)
		for done := 0; done < inputs; {
			n := min(j.size-current.count, inputs-done)
			current.count += n
			done += n
			if current.count == j.size {
				batches = append(batches, current)
				current = Batch{job: j, tx: i, input: done}
			}
		}
	}
	if current.count > 0 {
		batches = append(batches, current)
	}
	return batches
}

// Inputs is how many scripts the batch runs.
func (b Batch) Inputs() int { return b.count }

// Run verifies the batch's inputs in order. It returns a consensus.RuleError
// with Core's reject string for the first bad one, ErrCancelled, or nil. The
// cache may be nil.
func (b Batch) Run(cache *script.SigCache) error {
	j := b.job
	for i, part := range b.parts() {
		txs, flags := j.Connected.Block.Txs, j.Connected.Flags
		if cache != nil && part.from == 0 && cache.ScriptsVerified(txs[i].WitnessID(), flags) {
			continue
		}
		for in := part.from; in < part.to; in++ {
			if j.cancelled.Load() {
				return ErrCancelled
			}
			if err := j.context(i).Verify(in, flags, cache); err != nil {
				return scriptError(j, i, in, err)
			}
		}
	}
	return nil
}

// inputRange is inputs from (included) to (excluded) of a transaction.
type inputRange struct{ from, to int }

// parts yields the transactions of the batch and which of their inputs.
func (b Batch) parts() iter.Seq2[int, inputRange] {
	return func(yield func(int, inputRange) bool) {
		in := b.input
		for i, left := b.tx, b.count; left > 0; i++ {
			n := min(left, len(b.job.Connected.Block.Txs[i].Inputs)-in)
			if n > 0 && !yield(i, inputRange{in, in + n}) {
				return
			}
			left, in = left-n, 0
		}
	}
}

// Run verifies everything on the caller's goroutine.
func (j *VerifyJob) Run(cache *script.SigCache) error {
	for _, b := range j.Batches() {
		if err := b.Run(cache); err != nil {
			return err
		}
	}
	return nil
}

func scriptError(j *VerifyJob, i, in int, cause error) error {
	t := j.Connected.Block.Txs[i]
	return consensus.RejectScript(cause, fmt.Sprintf("input %d of %s (wtxid %s), spending %s",
		in, t.ID(), t.WitnessID(), t.Inputs[in].PrevOut))
}

// Verified takes the result of a job. A RuleError refuses the block. Any other
// error is a failure of ours: the job is given out once more, and a second
// failure stops the machine.
func (m *Machine) Verified(id uint64, err error) {
	s := m.jobs[id]
	if s == nil || m.err != nil {
		return
	}
	delete(m.jobs, id)
	switch {
	case err == nil:
		s.verified = true
		s.node.set(chainstore.StatusScriptsValid)
		m.markDirty(s.node)
	case isRule(err):
		m.refuse(s.node, err)
	case !s.retried:
		s.retried = true
		m.giveOut(s)
	default:
		m.fail(&internalError{"verifying the scripts of block " + s.node.hash.String(), err})
	}
	m.advance()
}

// giveOut emits a step's verification job.
func (m *Machine) giveOut(s *step) {
	m.jobID++
	s.job = newVerifyJob(m.jobID, s.node, s.connected, m.opts.BatchInputs)
	m.jobs[m.jobID] = s
	m.out.Jobs = append(m.out.Jobs, s.job)
}

// refuse marks a block that broke a rule, takes it and what was applied on top
// of it back, and tells those who wait.
func (m *Machine) refuse(n *Node, err error) {
	m.markFailed(n)
	m.dropFailed(n)
	m.concludeFailed(n, err)
}
