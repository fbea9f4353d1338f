package kit

import "errors"

// Result is the answer of a send, known at once.
type Result uint8

const (
	// Ok: the message is queued.
	Ok Result = iota
	// Full: the lane has no room. A message whose type sheds is gone (released
	// and counted); one that holds or defers is still the sender's.
	Full
	// Dead: there is no such actor any more. The message was released and counted.
	Dead
)

func (r Result) String() string { return [...]string{"ok", "full", "dead"}[r] }

// Errors of calls and asks.
var (
	ErrDead     = errors.New("the actor asked has stopped; its work is lost, ask its successor")
	ErrFull     = errors.New("the actor asked has no room for more work of this kind; try again later")
	ErrTimeout  = errors.New("the actor asked did not answer within the deadline")
	ErrNoAnswer = errors.New("simulation is quiet and the answer never came")
)

// Ref names one life of one actor. It is comparable, may be a map key, and the
// zero Ref is a dead actor. It never reaches a successor of the same name.
type Ref struct{ c *cell }

// Post queues a message. It never blocks and never panics, and may be called
// from any goroutine. The message must not be changed afterwards.
func (r Ref) Post(msg any) Result { return r.post(msg, nil, ReplyTo{}) }

func (r Ref) post(msg any, from *cell, reply ReplyTo) Result {
	if msg == nil {
		return Dead
	}
	if r.c == nil {
		release(msg)
		return Dead
	}
	cl := classOf(msg)
	return r.c.box.post(item{msg: msg, class: cl, size: cl.size(msg), reply: reply}, from)
}

// Name is the unique name of this life, for instance "conn-17".
func (r Ref) Name() string {
	if r.c == nil {
		return ""
	}
	return r.c.info.Name
}

// Kind is the class of actors it belongs to, for instance "conn".
func (r Ref) Kind() string {
	if r.c == nil {
		return ""
	}
	return r.c.info.Kind
}

// IsZero reports whether the Ref never named an actor.
func (r Ref) IsZero() bool { return r.c == nil }

// Alive reports whether a message posted now could still be handled.
func (r Ref) Alive() bool { return r.c != nil && !r.c.box.isDead() }

func (r Ref) String() string {
	if r.c == nil {
		return "nobody"
	}
	return r.c.info.Name
}

// ReplyTo is where the answer to one call goes: a kept slot in the reply lane of
// the caller, or an outsider who waits. It is comparable; the zero value is
// nobody. It may be stored and answered later, from any goroutine, once.
type ReplyTo struct {
	to replySink
	id uint64
}

type replySink interface {
	reply(id uint64, msg any) Result
	refuse(id uint64, err error)
}

// IsZero reports whether nobody waits for an answer.
func (r ReplyTo) IsZero() bool { return r.to == nil }

// Reply answers. It can never find the lane full; Dead means that the caller is
// gone, has been answered already or has stopped waiting (counted as late).
func (r ReplyTo) Reply(msg any) Result {
	if r.to == nil || msg == nil {
		release(msg)
		return Dead
	}
	return r.to.reply(r.id, msg)
}

// Refuse ends the call at once: the caller gets Timeout with this error.
func (r ReplyTo) Refuse(err error) {
	if r.to != nil {
		r.to.refuse(r.id, err)
	}
}
