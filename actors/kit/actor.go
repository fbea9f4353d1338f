package kit

// Actor owns state and handles one message at a time. Receive must not wait:
// no network, no channel, no lock held elsewhere, no CPU work above a
// millisecond. A panic is a bug and becomes the actor's failure.
type Actor interface {
	Receive(c *Context, msg any)
}

// Func makes an actor of a function; its state lives in the closure, so make it
// inside Spec.New, or a restart will find the old state.
type Func func(c *Context, msg any)

// Receive calls f.
func (f Func) Receive(c *Context, msg any) { f(c, msg) }

// What happens to an actor comes to it as messages. None of them is posted by
// anybody but the kit.
type (
	// Started is the first message of every life and of every restart: acquire
	// here what the actor owns.
	Started struct{ Restarts int }

	// Draining comes to an actor whose Spec says Drain when it is asked to stop:
	// no new work is accepted, what is queued will be handled, and its open calls
	// answered, before Stopping.
	Draining struct{}

	// Stopping is the last message before children and goroutines end: give back
	// here what Started took. It also comes before a restart. No message of
	// others is delivered after it.
	Stopping struct {
		Reason  error
		Restart bool
	}

	// Stopped comes when children and goroutines have ended: for the last step of
	// an owner, such as closing its files. Not before a restart.
	Stopped struct{}

	// ChildStopped tells a parent that a child has ended, and why. It is not
	// ordered after the child's own last messages.
	ChildStopped struct {
		Ref        Ref
		Name, Kind string
		Err        error
	}

	// Gone tells a watcher (Context.Watch) the same about any actor.
	Gone struct {
		Ref  Ref
		Name string
		Kind string
		Err  error
	}

	// Timeout ends a call that was not answered: deadline passed (ErrTimeout),
	// actor dead (ErrDead), or refused. Context.CallID tells which.
	Timeout struct {
		ID      CallID
		To      Ref
		Request string // type of the request
		Err     error
	}

	// Room tells a sender whose message was held that the lane has drained to half.
	Room struct {
		From Ref
		Lane Lane
	}
)

var (
	_ = Register[Timeout](Message{Lane: Reply, Role: Answer, From: []string{"kit"}, To: []string{"every"}, Doc: "a call ended without an answer"})
	_ = Register[Room](Message{Lane: Control, Role: Return, From: []string{"kit"}, To: []string{"every"}, Doc: "a full lane has drained to half; send what was held"})
	_ = Register[Gone](Message{Lane: Control, Role: Event, From: []string{"kit"}, To: []string{"every"}, Doc: "a watched actor has ended"})
	_ = Register[Draining](Message{Lane: Control, Role: Event, From: []string{"kit"}, To: []string{"every"}, Doc: "stop is near; no new work is accepted"})
	_ = Register[goFailed](Message{Lane: Control, Role: Event, From: []string{"kit"}, To: []string{"every"}, Doc: "a goroutine of the actor failed"})
	_ = Register[*Timer](Message{Lane: Control, Role: Tick, From: []string{"kit"}, To: []string{"every"}, Doc: "a timer of the actor came due"})
)
