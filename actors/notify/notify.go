// Package notify is the actor that tells our operator and other programs of a new
// tip: it starts the command of -blocknotify for every block that becomes part of
// the best chain, and warns of what the chain shows: rules that we do not know, a
// branch that we alone find invalid (-alertnotify). It also ends the node at a
// height that our operator named (-stopatheight), for nobody else follows the tip
// without a part in it.
//
// It decides nothing, and nobody waits for it: commands run one after the other
// beside it, and one that fails is a line in the log. Start reading at [Spec].
package notify

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/logs"
)

// Deps is what the actor is made of.
type Deps struct {
	Board   *msg.Board
	Command string // for every new block; %s is its hash. Empty: none
	Alert   string // for every new warning; %s is its text. Empty: none
	StopAt  int32  // 0: never
	Stop    func() // begins the end of the node; must not block
	Log     *logs.Logger
}

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	return kit.Spec{
		Kind: msg.KindNotify, Name: msg.KindNotify,
		Policy: kit.Restart(10, time.Minute, 100*time.Millisecond, kit.Stop),
		New:    func() kit.Actor { return &notifier{Deps: d, warner: newWarner(d.Board.Warnings())} },
	}
}

// mostWaiting bounds the blocks that wait for a slow command: of more, only the
// last ones are told.
const mostWaiting = 4096

type notifier struct {
	Deps
	told    *chainstate.Node // the tip up to which everything is queued
	waiting []string
	busy    bool

	warner  *warner // belongs to a goroutine while it looks
	looking bool
	again   bool // look once more when it is back
}

// ran comes from the goroutine of a command.
type ran struct{}

var _ = kit.Register[*ran](kit.Message{
	Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindNotify}, To: []string{msg.KindNotify},
	Doc: "from its own goroutine: a command is over",
})

// Receive handles one message.
func (n *notifier) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		if tip := n.Board.Tip(); tip != nil {
			n.told = tip.Tip()
		}
	case *msg.TipChanged:
		n.tip(k)
		n.look(k)
	case *msg.HeaderChanged: // it does when a branch turns out invalid, too
		n.look(k)
	case *looked:
		n.seen(k, m)
	case *ran:
		n.busy = false
		n.next(k)
	}
}

// tip queues what is new, from the fork with what was told before.
func (n *notifier) tip(k *kit.Context) {
	s := n.Board.Tip()
	tip := s.Tip()
	if n.StopAt > 0 && tip.Height() >= n.StopAt {
		n.Stop()
	}
	if n.Command != "" && !s.InitialDownload() {
		first := tip.Height()
		if n.told != nil {
			first = chainstate.Fork(n.told, tip).Height() + 1
		}
		for h := max(first, tip.Height()-mostWaiting+1); h <= tip.Height(); h++ {
			n.waiting = append(n.waiting, tip.At(h).Hash().String())
		}
		n.waiting = n.waiting[max(0, len(n.waiting)-mostWaiting):]
	}
	n.told = tip
	n.next(k)
}

func (n *notifier) next(k *kit.Context) {
	if n.busy || len(n.waiting) == 0 {
		return
	}
	command := strings.ReplaceAll(n.Command, "%s", n.waiting[0])
	n.waiting = n.waiting[1:]
	n.busy = true
	self, log := k.Self(), n.Log
	k.Go("command", func(ctx context.Context) {
		defer self.Post(&ran{})
		Run(ctx, command, log)
	})
}

// Run gives a command of our operator's to the shell and waits for its end. What
// it prints is not our log's.
func Run(ctx context.Context, command string, log *logs.Logger) {
	if err := exec.CommandContext(ctx, "/bin/sh", "-c", command).Run(); err != nil {
		logs.NotifyFailed.Log(log, logs.Err.Is(err), logs.Detail.Is(fmt.Sprintf("runCommand error: system(%s): %s", command, err)))
	}
}
