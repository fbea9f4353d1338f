// Package kit is what the cast is built on: actors with bounded mailboxes, in a
// world that may be the real machine or a seeded simulation of it.
//
// It is the only importer of protoactor, which lends it spawning, the tree, the
// ways of failure, restart and stop, and nothing else: its stock mailboxes are
// unbounded or block their senders by spinning, its timers race, its futures and
// PIDs do not forget. The tests in pinning_test.go hold what we know of it.
//
// # An actor
//
//	type ping struct{ From string }
//	var _ = kit.Register[ping](kit.Message{
//		Lane: kit.Local, Full: kit.Shed, Role: kit.Work, From: []string{"caller"}, To: []string{"echo"},
//		Reply: "string; none if the echo dies", Doc: "say it back",
//	})
//
//	type echo struct{ heard int }
//
//	func (e *echo) Receive(c *kit.Context, msg any) {
//		switch m := msg.(type) {
//		case kit.Started: // acquire
//			c.Every(100*time.Millisecond, tick{})
//		case ping:
//			e.heard++
//			c.Reply("hello " + m.From)
//		case kit.Stopping: // give back; also before a restart
//		}
//	}
//
//	sys := kit.NewSystem(kit.NewReal(), kit.EventListener{})
//	ref := sys.Spawn(kit.Spec{Kind: "echo", Name: "echo", New: func() kit.Actor { return &echo{} },
//		Policy: kit.Restart(5, time.Minute, 100*time.Millisecond, kit.Stop)})
//	answer, err := sys.Ask(ctx, ref, ping{"main"})
//
// # The rules it enforces
//
// A send (Ref.Post, Context.Send) never blocks and answers Ok, Full or Dead. Each
// message type says once, in Register, in which lane it queues, what happens when
// that is full, and who sends it to whom; WorkGraph derives the graph of work
// from these declarations and FindCycle refuses a cycle. A message that holds
// something implements Release, which the kit calls when it drops the message:
// after Dead always, after Full if the type sheds.
//
// A request is Context.Call: the answer, or Timeout, is a message with the same
// CallID, and a slot for it was kept in the reply lane, so that an answer always
// finds room. Outsiders (main, HTTP handlers, tests) use System.Ask, and only they
// and goroutines of Context.Go may wait for anything.
//
// What happens to an actor arrives as messages: Started, Draining, Stopping,
// Stopped, ChildStopped, Gone, Timeout, Room. A panic, in a handler or a
// goroutine of the actor, is a failure and its Policy decides: Stop, Restart with
// a limit and growing delay, or Fatal, which asks main to end the process.
//
// System.Stop ends everything in phases with deadlines, names the late and counts
// the lost. EventListener is the one seam for logs and metrics; System.Tree shows
// every actor with its lanes.
//
// # Simulation
//
// NewSim(seed) is an Env in which one turn runs at a time, chosen by the seed
// among all that could run, on a virtual clock and a network in memory. The same
// actors give the same trace for the same seed, with crashes, restarts, timers
// and calls. Goroutines of Context.Go become coroutines of the simulation: they
// may wait in its network, in Env.Sleep, System.Ask and Owner.Acquire, and in
// nothing else.
//
// Start reading at actor.go and context.go (what an actor sees), then message.go
// (lanes and declarations), mailbox.go (how they are served), cell.go (a life from
// spawn to stop), ledger.go (credit), sim.go.
package kit
