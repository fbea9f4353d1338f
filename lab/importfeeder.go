package lab

import (
	"fmt"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/tx"
)

// offer hands a checked block to the feeder. Sender: the importer's goroutine.
type offer struct{ block *tx.Block }

var _ = kit.Register[*offer](kit.Message{
	Lane: kit.Block, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindOutside}, To: []string{msg.KindOutside},
	Doc: "from its own goroutine: a block of a file, checked by itself",
})

// verdictPatience is how long chain may take for a block; a flush of a large cache
// may come before it.
const verdictPatience = 15 * time.Minute

// feeder is an actor for the length of an import: so many blocks are with chain at
// once in the order of their heights, and no goroutine waits for each.
type feeder struct {
	im      *importer
	held    []*tx.Block // for which chain had no room
	pending map[kit.CallID]*tx.Block
}

func (im *importer) spawnFeeder() kit.Ref {
	var lanes kit.Lanes
	lanes[kit.Block] = kit.Limits{Messages: 2 * windowBlocks, Bytes: 2 * windowBytes}
	lanes[kit.Reply] = kit.Limits{Messages: 2 * windowBlocks, Bytes: windowBytes}
	return im.node.System.Spawn(kit.Spec{
		Kind: msg.KindOutside, Name: "import", Mailbox: lanes, Policy: kit.Stop,
		New: func() kit.Actor { return &feeder{im: im, pending: map[kit.CallID]*tx.Block{}} },
	})
}

// Receive handles one message.
func (f *feeder) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case *offer:
		f.held = append(f.held, m.block)
		f.pump(k)
	case kit.Room:
		f.pump(k)
	case *msg.BlockVerdict:
		if b, ok := f.pending[k.CallID()]; ok {
			delete(f.pending, k.CallID())
			f.settle(b, &m.Verdict)
			f.pump(k)
		}
	case kit.Timeout:
		f.im.cancel(fmt.Errorf("the chain actor does not answer: %w", m.Err))
	}
}

// pump hands over what chain has room for.
func (f *feeder) pump(k *kit.Context) {
	chain := f.im.node.Cast.Chain()
	for len(f.held) > 0 {
		b := f.held[0]
		id, result := k.Call(chain, &msg.AddBlock{Block: b, Checked: true, Requested: true}, verdictPatience)
		switch result {
		case kit.Full:
			return // Room follows, or a verdict
		case kit.Dead:
			f.im.cancel(fmt.Errorf("the chain actor has stopped: %w", kit.ErrDead))
			return
		}
		f.pending[id] = b
		f.held[0] = nil
		f.held = f.held[1:]
	}
	f.held = nil
}

func (f *feeder) settle(b *tx.Block, v *chainstate.Verdict) {
	switch v.Outcome {
	case chainstate.Failed:
		f.im.cancel(fmt.Errorf("block %s: %w", v.Hash, v.Err))
		f.im.window.give(b.Size())
	case chainstate.Refused:
		f.im.refused(v.Hash, b.Size(), v.Err)
	default:
		f.im.taken(v.Hash, b.Size())
	}
}
