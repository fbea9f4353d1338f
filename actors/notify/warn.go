package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/logs"
)

const (
	disagree = "Warning: We do not appear to fully agree with our peers! You may need to upgrade, or other nodes may need to upgrade."
	newRules = "Unknown new rules activated (versionbit %d)"
	// farAhead is how many blocks an invalid branch has to be ahead of our chain.
	farAhead = 6
)

// warner finds what our operator should know about the chain, in Core's words. A
// warning of new rules stands until the node ends, the one of a branch as long as
// the branch is ahead.
type warner struct {
	cache  *consensus.DeploymentCache
	stands []string
}

// newWarner goes on with what stood before a restart of the actor.
func newWarner(stands []string) *warner {
	return &warner{cache: consensus.NewDeploymentCache(), stands: slices.Clone(stands)}
}

// look tells which warnings stand now, and which of them are new.
func (w *warner) look(s *chainstate.Snapshot, p *consensus.Params) (stands, fresh []string) {
	now := slices.DeleteFunc(slices.Clone(w.stands), func(text string) bool { return text == disagree })
	_, active := consensus.UnknownDeployments(s.Tip(), p, w.cache)
	for _, bit := range active {
		if text := fmt.Sprintf(newRules, bit); !slices.Contains(now, text) {
			now = append(now, text)
		}
	}
	if s.OutworkedBy(farAhead) != nil {
		now = append(now, disagree)
	}
	for _, text := range now {
		if !slices.Contains(w.stands, text) {
			fresh = append(fresh, text)
		}
	}
	w.stands = now
	return now, fresh
}

// looked comes from the goroutine that counts signals: the first time it reads
// the headers of years.
type looked struct{ stands, fresh []string }

var _ = kit.Register[*looked](kit.Message{
	Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindNotify}, To: []string{msg.KindNotify},
	Doc: "from its own goroutine: what our operator should know about the chain",
})

func (n *notifier) look(k *kit.Context) {
	if n.Board.Tip().InitialDownload() {
		return // nothing can be said about the chain that we shall have
	}
	if n.again = n.looking; n.looking {
		return
	}
	n.looking = true
	self, tip, params := k.Self(), n.Board.Tip(), n.Board.Params
	k.Go("warnings", func(context.Context) {
		var m looked
		m.stands, m.fresh = n.warner.look(tip, params)
		self.Post(&m)
	})
}

func (n *notifier) seen(k *kit.Context, m *looked) {
	n.looking = false
	n.Board.PublishWarnings(m.stands)
	for _, text := range m.fresh {
		logs.NodeWarning.Log(n.Log, logs.Warning.Is(text))
		n.alert(k, text)
	}
	if n.again {
		n.look(k)
	}
}

func (n *notifier) alert(k *kit.Context, text string) {
	if n.Alert == "" {
		return
	}
	command, log := strings.ReplaceAll(n.Alert, "%s", "'"+harmless(text)+"'"), n.Log
	k.Go("command", func(ctx context.Context) { Run(ctx, command, log) })
}

// harmless keeps what means nothing to a shell (Core's SanitizeString).
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" .,;-_/:?@()", r)) {
			return r
		}
		return -1
	}, text)
}
