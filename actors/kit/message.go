package kit

import (
	"fmt"
	"reflect"
	"sort"
	"sync"
	"sync/atomic"
)

// Lane is one of the queues of a mailbox. Control and reply are always served
// first; the others share the actor by weight, so none of them starves.
type Lane uint8

// The lanes, in the order in which their state is printed.
const (
	Control Lane = iota // stop orders, tip events, timers, room and death notices
	Reply               // answers to this actor's own calls; a slot was kept when the call was made
	Block               // block bodies and everything that moves the chain
	Headers             // headers and block announcements
	Local               // commands and queries of our own operator
	Tx                  // transactions
	Gossip              // addresses, announcements, everything that may be lost
	NumLanes
)

var laneNames = [NumLanes]string{"control", "reply", "block", "headers", "local", "tx", "gossip"}

func (l Lane) String() string {
	if l < NumLanes {
		return laneNames[l]
	}
	return fmt.Sprintf("lane(%d)", uint8(l))
}

// FullPolicy says what becomes of a message whose lane is full.
type FullPolicy uint8

const (
	// Hold leaves the message with its sender, who gets Full and, if it used
	// Context.Send, a Room message when the lane has drained to half.
	Hold FullPolicy = iota
	// Conflate keeps only the latest message of its type (and ConflateKey) in
	// the lane, full or not. A type without a key always has room for one.
	Conflate
	// Shed drops the message: it is released and counted by type and reason.
	Shed
	// Defer leaves the message with its sender, who is not to ask its peer for
	// more of the kind until later. Counted, not released.
	Defer
)

func (p FullPolicy) String() string {
	return [...]string{"hold", "conflate", "shed", "defer"}[p]
}

// Role places a message type in the work graph.
type Role uint8

const (
	// Work carries work downstream. The graph of all Work types has no cycle.
	Work Role = iota
	// Event tells followers what happened (tip changes, lifecycle).
	Event
	// Answer is a reply to a call and travels in the reply lane only.
	Answer
	// Return gives credit or room back upstream.
	Return
	// Tick is sent by an actor to itself.
	Tick
)

func (r Role) String() string {
	return [...]string{"work", "event", "answer", "return", "tick"}[r]
}

// Message declares one message type: where it queues, what happens when there is
// no room, and who sends it to whom. It is the only place where this is said.
type Message struct {
	Lane  Lane
	Full  FullPolicy
	Role  Role
	From  []string // kinds of the senders; "outside" for goroutines that are no actors
	To    []string // kinds of the receivers
	Reply string   // for calls: the type of the answer, and what silence means
	Size  int      // bytes counted for a message without a Size method; default 64
	Doc   string   // what it says; what its sender does when it is not answered

	Type reflect.Type // filled in by Register
}

// Sizer is implemented by messages whose memory matters; the value must not
// change after the send.
type Sizer interface{ Size() int }

// Releaser is implemented by messages that hold credit, snapshots or files. The
// kit calls Release when it drops a message; it must be idempotent.
type Releaser interface{ Release() }

// Conflater is implemented by conflated messages of which one per key counts.
type Conflater interface{ ConflateKey() uint64 }

// class is a registered type as the mailbox needs it.
type class struct {
	Message
	name   string
	sized  bool
	keyed  bool
	listed bool // registered, as opposed to met on the way
	from   map[string]bool
}

var registry struct {
	mu  sync.Mutex
	all atomic.Pointer[map[reflect.Type]*class]
}

// Register declares the message type T as posted: Register[*Frame] if pointers
// travel. It is called from package variables or init, once per type; a second
// declaration is a programming error and panics at start-up.
func Register[T any](m Message) struct{} {
	m.Type = reflect.TypeFor[T]()
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if old := registry.all.Load(); old != nil {
		if c := (*old)[m.Type]; c != nil && c.listed {
			panic("kit: message type " + m.Type.String() + " is registered twice")
		}
	}
	addClass(m, true)
	return struct{}{}
}

// addClass publishes a new copy of the table; the caller holds registry.mu.
func addClass(m Message, listed bool) *class {
	if m.Size == 0 {
		m.Size = 64
	}
	c := &class{Message: m, name: m.Type.String(), listed: listed, from: map[string]bool{}}
	c.sized = m.Type.Implements(reflect.TypeFor[Sizer]())
	c.keyed = m.Full == Conflate && m.Type.Implements(reflect.TypeFor[Conflater]())
	for _, k := range m.From {
		c.from[k] = true
	}
	next := map[reflect.Type]*class{}
	if old := registry.all.Load(); old != nil {
		for t, o := range *old {
			next[t] = o
		}
	}
	next[m.Type] = c
	registry.all.Store(&next)
	return c
}

// classOf finds the class of a message. A type nobody registered travels in the
// local lane and is shed when that is full; System.Unregistered lists it.
func classOf(msg any) *class {
	t := reflect.TypeOf(msg)
	if all := registry.all.Load(); all != nil {
		if c := (*all)[t]; c != nil {
			return c
		}
	}
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if all := registry.all.Load(); all != nil {
		if c := (*all)[t]; c != nil {
			return c
		}
	}
	return addClass(Message{Lane: Local, Full: Shed, Type: t}, false)
}

func (c *class) size(msg any) int {
	if c.sized {
		return msg.(Sizer).Size()
	}
	return c.Size
}

func release(msg any) {
	if r, ok := msg.(Releaser); ok {
		r.Release()
	}
}

// Messages lists every registered type, sorted by name.
func Messages() []Message { return listClasses(true) }

// Unregistered lists the types that were posted without a declaration; a test of
// the whole cast expects none.
func Unregistered() []Message { return listClasses(false) }

func listClasses(listed bool) []Message {
	var out []Message
	if all := registry.all.Load(); all != nil {
		for _, c := range *all {
			if c.listed == listed {
				out = append(out, c.Message)
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Type.String() < out[j].Type.String() })
	return out
}
