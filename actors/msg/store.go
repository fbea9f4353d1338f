package msg

import (
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/chainstate"
)

// WriteChain asks store to write, off chain's path, in the order sent.
// Sender: chain. Answer: *Written. A failure to write ends the process.
type WriteChain struct{ Write *chainstate.Write }

// Size is an estimate of what the write holds.
func (m *WriteChain) Size() int { return 4096 }

// Written answers WriteChain.
type Written struct {
	Write *chainstate.Write
	Err   error
}

// LoadChain asks store for reads that chain would rather not wait for.
// Sender: chain. Answer: *Loaded.
type LoadChain struct{ Load *chainstate.Load }

// Loaded answers LoadChain.
type Loaded struct{ Load *chainstate.Load }

// DiskLow says that the disk is nearly full; DiskEnough that it no longer is.
// Sender: store. Chain stops taking blocks in between, and blocks stops asking.
type (
	DiskLow    struct{ Free, Need uint64 } // bytes
	DiskEnough struct{ Free uint64 }       // bytes
)

var (
	_ = kit.Register[*WriteChain](kit.Message{
		Lane: kit.Block, Full: kit.Hold, Role: kit.Work, From: []string{KindChain}, To: []string{KindStore},
		Reply: "*Written", Doc: "bodies, undo, coins, headers and tip to write",
	})
	_ = kit.Register[*Written](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindStore}, To: []string{KindChain}, Doc: "a write is done",
	})
	_ = kit.Register[*LoadChain](kit.Message{
		Lane: kit.Headers, Full: kit.Hold, Role: kit.Work, From: []string{KindChain}, To: []string{KindStore},
		Reply: "*Loaded", Doc: "coins or bodies to read ahead",
	})
	_ = kit.Register[*Loaded](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindStore}, To: []string{KindChain}, Doc: "a read is done",
	})
	_ = kit.Register[*DiskLow](kit.Message{
		Lane: kit.Control, Full: kit.Conflate, Role: kit.Event, From: []string{KindStore}, To: []string{KindChain, KindBlocks, KindObserver},
		Doc: "the disk is nearly full",
	})
	_ = kit.Register[*DiskEnough](kit.Message{
		Lane: kit.Control, Full: kit.Conflate, Role: kit.Event, From: []string{KindStore}, To: []string{KindChain, KindBlocks, KindObserver},
		Doc: "the disk has room again",
	})
)
