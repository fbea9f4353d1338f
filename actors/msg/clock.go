package msg

import (
	"time"

	"github.com/troupe-node/troupe/actors/kit"
)

// Forward brings what an actor does every so many minutes forward in time
// (mockscheduler). Sender: outside. Answer: *Done.
type Forward struct{ By time.Duration }

var _ = kit.Register[*Forward](kit.Message{
	Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindMempool, KindRegistry},
	Reply: "*Done", Doc: "do periodic work so much earlier",
})
