package kit

import "time"

// ActorInfo names one life of an actor in every event.
type ActorInfo struct {
	Name     string // unique for ever: "chain", "conn-17"
	Kind     string // the class: "conn"
	Parent   string // name of the parent, "" for the top
	Instance uint64 // number of the life, over all kinds
	Peer     string // whom it serves, if it serves one
}

// Stopping tells that an actor is going; Reason is nil when it was asked to.
type StopInfo struct {
	Actor   ActorInfo
	Reason  error
	Restart bool          // a fresh struct will take its place
	Lost    int           // messages lost (Stopped only)
	Took    time.Duration // from Stopping to Stopped
}

// Failure is why an actor failed: the panic or the error, with the stack, and
// the type of the message it was handling (never the message).
type Failure struct {
	Actor   ActorInfo
	Err     error
	MsgType string
	Stack   []byte
}

// RestartInfo tells that an actor started again after a failure.
type RestartInfo struct {
	Actor    ActorInfo
	Attempt  int // failures in the window
	Delay    time.Duration
	Reason   error
	Restarts int // of this life in all
}

// EscalateInfo tells that a failure went past its actor: restarts used up, or fatal.
type EscalateInfo struct {
	Actor  ActorInfo
	Reason error
	Fatal  bool
}

// HighWater tells that a lane is deeper than a power of two for the first time
// since it was well below.
type HighWater struct {
	Actor        ActorInfo
	Lane         Lane
	Mark         int
	Depth, Bytes int
}

// Shedding tells what a full lane refused since the last report, at most one
// report a second per actor, type and reason.
type Shedding struct {
	Actor   ActorInfo
	MsgType string
	Reason  string // the full policy: hold, conflate, shed, defer
	Count   uint64 // since the last report
	Total   uint64
}

// SlowHandler tells of a handler above its threshold.
type SlowHandler struct {
	Actor      ActorInfo
	MsgType    string
	Queue, Run time.Duration
}

// LostInfo counts messages of one type that were queued when an actor stopped.
type LostInfo struct {
	Actor   ActorInfo
	MsgType string
	Count   int
}

// LateInfo tells of something that came or ended too late.
type LateInfo struct {
	Actor   ActorInfo
	MsgType string // the late answer's type
	What    string // name of a late goroutine
	After   time.Duration
}

// DeadLetter counts messages sent to an actor that has stopped, at most one
// report a second per actor and type.
type DeadLetter struct {
	Actor   ActorInfo
	MsgType string
	Count   uint64
}

// EventListener is the one seam for logs and metrics. Its functions are called
// from actors' turns and from senders: they must be quick, must not block and
// must not send. A nil function is skipped.
type EventListener struct {
	Spawned     func(ActorInfo)
	Started     func(ActorInfo)
	Stopping    func(StopInfo)
	Stopped     func(StopInfo)
	Panicked    func(Failure)
	Restarted   func(RestartInfo)
	Escalated   func(EscalateInfo)
	HighWater   func(HighWater)
	Shed        func(Shedding)
	SlowHandler func(SlowHandler)
	Lost        func(LostInfo)
	LateReply   func(LateInfo)
	LateGo      func(LateInfo)
	DeadLetter  func(DeadLetter)
	Undeclared  func(from, to, msgType string) // a send that the type's declaration does not know
	Framework   func(level, text string)       // protoactor's own log, payloads reduced to types
}

func orNop[T any](f *func(T)) {
	if *f == nil {
		*f = func(T) {}
	}
}

// withDefaults fills every gap, so that emitters need not look.
func (l EventListener) withDefaults() EventListener {
	orNop(&l.Spawned)
	orNop(&l.Started)
	orNop(&l.Stopping)
	orNop(&l.Stopped)
	orNop(&l.Panicked)
	orNop(&l.Restarted)
	orNop(&l.Escalated)
	orNop(&l.HighWater)
	orNop(&l.Shed)
	orNop(&l.SlowHandler)
	orNop(&l.Lost)
	orNop(&l.LateReply)
	orNop(&l.LateGo)
	orNop(&l.DeadLetter)
	if l.Framework == nil {
		l.Framework = func(string, string) {}
	}
	return l
}

// Tee calls several listeners in order.
func Tee(all ...EventListener) EventListener {
	for i := range all {
		all[i] = all[i].withDefaults()
	}
	t := EventListener{
		Spawned:     tee(all, func(l EventListener) func(ActorInfo) { return l.Spawned }),
		Started:     tee(all, func(l EventListener) func(ActorInfo) { return l.Started }),
		Stopping:    tee(all, func(l EventListener) func(StopInfo) { return l.Stopping }),
		Stopped:     tee(all, func(l EventListener) func(StopInfo) { return l.Stopped }),
		Panicked:    tee(all, func(l EventListener) func(Failure) { return l.Panicked }),
		Restarted:   tee(all, func(l EventListener) func(RestartInfo) { return l.Restarted }),
		Escalated:   tee(all, func(l EventListener) func(EscalateInfo) { return l.Escalated }),
		HighWater:   tee(all, func(l EventListener) func(HighWater) { return l.HighWater }),
		Shed:        tee(all, func(l EventListener) func(Shedding) { return l.Shed }),
		SlowHandler: tee(all, func(l EventListener) func(SlowHandler) { return l.SlowHandler }),
		Lost:        tee(all, func(l EventListener) func(LostInfo) { return l.Lost }),
		LateReply:   tee(all, func(l EventListener) func(LateInfo) { return l.LateReply }),
		LateGo:      tee(all, func(l EventListener) func(LateInfo) { return l.LateGo }),
		DeadLetter:  tee(all, func(l EventListener) func(DeadLetter) { return l.DeadLetter }),
		Framework: func(level, text string) {
			for _, l := range all {
				l.Framework(level, text)
			}
		},
	}
	for _, l := range all {
		if l.Undeclared != nil {
			t.Undeclared = func(from, to, msgType string) {
				for _, l := range all {
					if l.Undeclared != nil {
						l.Undeclared(from, to, msgType)
					}
				}
			}
		}
	}
	return t
}

func tee[T any](all []EventListener, pick func(EventListener) func(T)) func(T) {
	return func(v T) {
		for _, l := range all {
			pick(l)(v)
		}
	}
}
