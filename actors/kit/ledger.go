package kit

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Ledger is the node's book of credit: how many messages, and how many bytes,
// may be on their way through the actors. A socket's reader takes credit before
// it takes memory; whoever finally consumes the message gives it back. When
// there is none the reader waits, the socket fills, and TCP slows the peer.
//
// Solicited input, the blocks and headers we asked for, has a reserve of its own
// beside the general pool, so that a flood of anything else cannot delay it.
type Ledger struct {
	env    Env
	limits LedgerLimits

	mu     sync.Mutex
	used   [numPools]Credit
	owners map[*Owner]struct{}
	queue  [numPools][]*waiter // first come, first served, one per owner in turn
	waits  uint64
}

// Credit is an amount of messages and bytes.
type Credit struct {
	Messages int
	Bytes    int
}

// LedgerLimits bounds a ledger.
type LedgerLimits struct {
	General Credit // everything
	Reserve Credit // besides, for solicited blocks and headers
}

// Pool says what kind of input credit is taken for.
type Pool uint8

const (
	General Pool = iota
	Solicited
	numPools
)

// Errors of the ledger.
var (
	ErrOwnerClosed = errors.New("the owner of this credit has ended")
	ErrTooLarge    = errors.New("larger than its owner may ever hold")
)

// NewLedger makes the ledger of a node.
func NewLedger(env Env, limits LedgerLimits) *Ledger {
	return &Ledger{env: env, limits: limits, owners: map[*Owner]struct{}{}}
}

// Owner holds credit for one peer. Its Close gives everything back at once.
type Owner struct {
	ledger *Ledger
	name   string
	limit  Credit

	// Guarded by ledger.mu. used counts tokens held and waiters in the ledger's queue.
	used    Credit
	first   *Token // list of the tokens held
	waiting []*waiter
	closed  bool
}

// Token is credit taken. Release gives it back, once; further calls do nothing.
type Token struct {
	owner      *Owner
	bytes      int
	pool       Pool // where it was taken from
	prev, next *Token
	released   bool
	also       *Token // of another ledger, given back with this one
}

type waiter struct {
	owner    *Owner
	bytes    int
	pool     Pool
	gate     gate
	token    *Token
	err      error
	enrolled bool // past its owner's limit, in the ledger's queue
}

// NewOwner opens an account for a peer with its own limit.
func (l *Ledger) NewOwner(name string, limit Credit) *Owner {
	o := &Owner{ledger: l, name: name, limit: limit}
	l.mu.Lock()
	l.owners[o] = struct{}{}
	l.mu.Unlock()
	return o
}

// CreditOwner opens an account that closes when this life of the actor ends.
func (c *Context) CreditOwner(l *Ledger, limit Credit) *Owner {
	o := l.NewOwner(c.cell.info.Name, limit)
	c.OnStop(o.Close)
	return o
}

func (c Credit) fits(bytes int, in Credit) bool {
	return c.Messages+1 <= in.Messages && c.Bytes+bytes <= in.Bytes
}

func (c *Credit) add(messages, bytes int) { c.Messages += messages; c.Bytes += bytes }

// Acquire waits for credit for one message of this size. Only goroutines of
// Context.Go and outsiders may wait; ErrTooLarge and ErrOwnerClosed come at once.
func (o *Owner) Acquire(ctx context.Context, bytes int, pool Pool) (*Token, error) {
	l := o.ledger
	l.mu.Lock()
	if t, err := o.try(bytes, pool); t != nil || err != nil {
		l.mu.Unlock()
		return t, err
	}
	w := &waiter{owner: o, bytes: bytes, pool: pool, gate: l.env.newGate()}
	o.waiting = append(o.waiting, w)
	l.waits++
	l.enrol(o)
	l.mu.Unlock()
	err := w.gate.wait(ctx, 0)
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.token != nil || w.err != nil {
		return w.token, w.err
	}
	l.withdraw(w)
	return nil, err
}

// TryAcquire takes credit if there is some and nobody waits for it; nil otherwise.
func (o *Owner) TryAcquire(bytes int, pool Pool) *Token {
	o.ledger.mu.Lock()
	defer o.ledger.mu.Unlock()
	t, _ := o.try(bytes, pool)
	return t
}

func (o *Owner) try(bytes int, pool Pool) (*Token, error) {
	l := o.ledger
	switch {
	case o.closed:
		return nil, ErrOwnerClosed
	case bytes > o.limit.Bytes || o.limit.Messages < 1 || !l.everFits(bytes, pool):
		return nil, fmt.Errorf("%w: %d bytes for %s", ErrTooLarge, bytes, o.name)
	case len(o.waiting) > 0 || !o.used.fits(bytes, o.limit) || len(l.queue[pool]) > 0:
		return nil, nil
	}
	from, ok := l.room(bytes, pool)
	if !ok {
		return nil, nil
	}
	o.used.add(1, bytes)
	return l.grant(o, bytes, from), nil
}

func (l *Ledger) everFits(bytes int, pool Pool) bool {
	return Credit{}.fits(bytes, l.limits.General) || pool == Solicited && Credit{}.fits(bytes, l.limits.Reserve)
}

// room finds the pool to take from: the reserve first for solicited input.
func (l *Ledger) room(bytes int, pool Pool) (from Pool, ok bool) {
	if pool == Solicited && l.used[Solicited].fits(bytes, l.limits.Reserve) {
		return Solicited, true
	}
	return General, l.used[General].fits(bytes, l.limits.General)
}

// grant books a token; the owner's side has been counted already.
func (l *Ledger) grant(o *Owner, bytes int, from Pool) *Token {
	t := &Token{owner: o, bytes: bytes, pool: from, next: o.first}
	if o.first != nil {
		o.first.prev = t
	}
	o.first = t
	l.used[from].add(1, bytes)
	return t
}

// enrol moves the waiters of an owner that its own limit allows into the
// ledger's queue, then serves the queues.
func (l *Ledger) enrol(o *Owner) {
	for len(o.waiting) > 0 && o.used.fits(o.waiting[0].bytes, o.limit) {
		w := o.waiting[0]
		o.waiting = o.waiting[1:]
		o.used.add(1, w.bytes)
		w.enrolled = true
		l.queue[w.pool] = append(l.queue[w.pool], w)
	}
	l.serve()
}

// serve grants from the head of each queue while there is room. The head waits
// until it fits, whatever its size: nobody is overtaken for ever.
func (l *Ledger) serve() {
	for _, pool := range [...]Pool{Solicited, General} {
		for len(l.queue[pool]) > 0 {
			w := l.queue[pool][0]
			from, ok := l.room(w.bytes, pool)
			if !ok {
				break
			}
			l.queue[pool] = l.queue[pool][1:]
			w.token = l.grant(w.owner, w.bytes, from)
			w.gate.open()
		}
	}
}

// withdraw takes back a waiter that gave up.
func (l *Ledger) withdraw(w *waiter) {
	o := w.owner
	if w.enrolled {
		l.queue[w.pool] = without(l.queue[w.pool], w)
		o.used.add(-1, -w.bytes)
	} else {
		o.waiting = without(o.waiting, w)
	}
	l.enrol(o)
}

func without(list []*waiter, w *waiter) []*waiter {
	for i := range list {
		if list[i] == w {
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}

// Release gives the credit back. It may be called from anywhere, any number of times.
func (t *Token) Release() {
	if t == nil {
		return
	}
	t.also.Release()
	l := t.owner.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.released {
		return
	}
	l.drop(t)
	l.enrol(t.owner)
}

// Join ties credit of another ledger to this token: both are given back together.
// Whoever took the two does so before anybody else sees either.
func (t *Token) Join(other *Token) { t.also = other }

// Bytes is what the token stands for.
func (t *Token) Bytes() int { return t.bytes }

func (l *Ledger) drop(t *Token) {
	o := t.owner
	t.released = true
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		o.first = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	t.prev, t.next = nil, nil
	o.used.add(-1, -t.bytes)
	l.used[t.pool].add(-1, -t.bytes)
}

// Close ends the owner: its waiters get ErrOwnerClosed, its credit goes back.
// Tokens released afterwards change nothing.
func (o *Owner) Close() {
	l := o.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if o.closed {
		return
	}
	o.closed = true
	delete(l.owners, o)
	ended := o.waiting
	o.waiting = nil
	for pool := range l.queue {
		kept := l.queue[pool][:0:0]
		for _, w := range l.queue[pool] {
			if w.owner == o {
				o.used.add(-1, -w.bytes)
				ended = append(ended, w)
			} else {
				kept = append(kept, w)
			}
		}
		l.queue[pool] = kept
	}
	for _, w := range ended {
		w.err = ErrOwnerClosed
		w.gate.open()
	}
	for o.first != nil {
		l.drop(o.first)
	}
	l.serve()
}

// Used is what this owner holds or has been promised.
func (o *Owner) Used() Credit {
	o.ledger.mu.Lock()
	defer o.ledger.mu.Unlock()
	return o.used
}

// Gauges is the state of a ledger for the metrics.
type Gauges struct {
	General, Reserve Credit // taken
	Limits           LedgerLimits
	Owners, Waiting  int
	Waits            uint64 // acquisitions that had to wait, ever
}

// Gauges reads the ledger.
func (l *Ledger) Gauges() Gauges {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := Gauges{General: l.used[General], Reserve: l.used[Solicited], Limits: l.limits, Owners: len(l.owners), Waits: l.waits}
	for o := range l.owners {
		g.Waiting += len(o.waiting)
	}
	for _, q := range l.queue {
		g.Waiting += len(q)
	}
	return g
}

// Check adds up every token and compares the sums with the books: an error is a
// leak, and a bug.
func (l *Ledger) Check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sum [numPools]Credit
	for o := range l.owners {
		var own Credit
		for t := o.first; t != nil; t = t.next {
			sum[t.pool].add(1, t.bytes)
			own.add(1, t.bytes)
		}
		for _, q := range l.queue {
			for _, w := range q {
				if w.owner == o {
					own.add(1, w.bytes)
				}
			}
		}
		if own != o.used {
			return fmt.Errorf("credit of %s: %+v on the books, %+v in tokens", o.name, o.used, own)
		}
	}
	if sum != l.used {
		return fmt.Errorf("credit of the ledger: %+v on the books, %+v in tokens", l.used, sum)
	}
	return nil
}
