package observer

import (
	"errors"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/logs"
)

// Listener writes the lives of all actors.
func (l *Log) Listener() kit.EventListener {
	return kit.EventListener{
		Spawned:   func(a kit.ActorInfo) { l.life(&logs.ActorSpawned, a) },
		Started:   func(a kit.ActorInfo) { l.life(&logs.ActorStarted, a) },
		Stopping:  l.stopping,
		Stopped:   l.stopped,
		Panicked:  l.panicked,
		Restarted: l.restarted,
		Escalated: func(e kit.EscalateInfo) {
			logs.ActorEscalated.Log(l.L, append(fields(e.Actor), logs.Reason.Is(text(e.Reason)), logs.Fatal.Is(e.Fatal))...)
		},
		HighWater: func(h kit.HighWater) {
			logs.MailboxHighWater.Log(l.L, append(fields(h.Actor), logs.Lane.Is(h.Lane.String()), logs.Mark.Is(int64(h.Mark)),
				logs.Depth.Is(int64(h.Depth)), logs.Bytes.Is(int64(h.Bytes)))...)
		},
		Shed: func(s kit.Shedding) {
			logs.MessageShed.Log(l.L, append(fields(s.Actor), logs.MsgType.Is(s.MsgType), logs.Reason.Is(s.Reason),
				logs.Count.Is(int64(s.Count)), logs.Total.Is(int64(s.Total)))...)
		},
		SlowHandler: func(s kit.SlowHandler) {
			logs.HandlerSlow.Log(l.L, append(fields(s.Actor), logs.MsgType.Is(s.MsgType), logs.QueueMS.Is(s.Queue), logs.RunMS.Is(s.Run))...)
		},
		Lost: func(x kit.LostInfo) {
			logs.MessageLost.Log(l.L, append(fields(x.Actor), logs.MsgType.Is(x.MsgType), logs.Count.Is(int64(x.Count)))...)
		},
		LateReply: func(x kit.LateInfo) {
			logs.ReplyLate.Log(l.L, append(fields(x.Actor), logs.MsgType.Is(x.MsgType), logs.TookMS.Is(x.After))...)
		},
		LateGo: func(x kit.LateInfo) {
			logs.TaskLate.Log(l.L, append(fields(x.Actor), logs.Task.Is(x.What), logs.TookMS.Is(x.After))...)
		},
		DeadLetter: func(d kit.DeadLetter) {
			logs.MessageDead.Log(l.L, append(fields(d.Actor), logs.MsgType.Is(d.MsgType), logs.Count.Is(int64(d.Count)))...)
		},
		Undeclared: func(from, to, msgType string) {
			logs.MessageUndeclared.Log(l.L, logs.From.Is(from), logs.To.Is(to), logs.MsgType.Is(msgType))
		},
		Framework: func(level, said string) {
			if level == "WARN" || level == "ERROR" {
				logs.RuntimeWarning.Log(l.L, logs.Detail.Is(said))
				return
			}
			logs.RuntimeNote.Log(l.L, logs.Detail.Is(said))
		},
	}
}

// fields are the keys that every event of an actor has.
func fields(a kit.ActorInfo) []logs.Field {
	list := []logs.Field{logs.Actor.Is(a.Name), logs.Kind.Is(a.Kind), logs.Parent.Is(a.Parent), logs.Instance.Is(int64(a.Instance))}
	if a.Peer != "" {
		list = append(list, logs.Peer.Is(peerNumber(a.Peer)))
	}
	return list
}

func (l *Log) life(e **logs.Event, a kit.ActorInfo) {
	if (*e).On(l.L) {
		(*e).Log(l.L, fields(a)...)
	}
}

func (l *Log) stopping(s kit.StopInfo) {
	if logs.ActorStopping.On(l.L) {
		logs.ActorStopping.Log(l.L, append(fields(s.Actor), logs.Reason.Is(text(s.Reason)), logs.Restart.Is(s.Restart))...)
	}
}

func (l *Log) stopped(s kit.StopInfo) {
	logs.ActorStopped.Log(l.L, append(fields(s.Actor), logs.Reason.Is(text(s.Reason)), logs.Restart.Is(s.Restart),
		logs.Lost.Is(int64(s.Lost)), logs.TookMS.Is(s.Took))...)
}

func (l *Log) panicked(f kit.Failure) {
	logs.ActorPanicked.Log(l.L, append(fields(f.Actor), logs.Reason.Is(text(f.Err)), logs.MsgType.Is(f.MsgType), logs.Stack.Is(string(f.Stack)))...)
}

func (l *Log) restarted(r kit.RestartInfo) {
	logs.ActorRestarted.Log(l.L, append(fields(r.Actor), logs.Reason.Is(text(r.Reason)), logs.Attempt.Is(int64(r.Attempt)),
		logs.Restarts.Is(int64(r.Restarts)), logs.DelayMS.Is(r.Delay))...)
}

// text is an error in words, and what an ordinary end is called.
func text(err error) string {
	switch {
	case err == nil:
		return "asked to"
	case errors.Is(err, kit.ErrDead):
		return "gone"
	}
	return err.Error()
}
