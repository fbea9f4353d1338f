package chainstate

import (
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
)

// Machine keeps the header tree, the best chain and its coins. It is driven by
// one goroutine: call an input, then take [Machine.Ready] and do what it says,
// in any order unless a field says otherwise.
//
// Three tips must be told apart. The published tip is what readers see. The
// connected tip is the one whose coins are in the cache; it runs ahead of the
// published one for as long as a commit takes. The working tip is the one of
// the overlay, ahead by the blocks that are still being verified.
type Machine struct {
	params *consensus.Params
	opts   Options
	store  chainstore.Store
	cache  *chainstore.Cache
	index  *Index
	leaves leaves
	now    int64 // seconds since 1970, as last told

	// The header tree.
	best         *Node // most work of the headers that have not failed
	dirtyHeaders []*Node
	order        int64 // next place in the order of completed chains
	precious     int64 // next place before all of them
	preciousWork consensus.Work

	// Which chain.
	candidates candidates
	reached    *Node             // a target known to be reachable
	waiting    map[*Node][]*Node // bodies whose parent's chain is incomplete, by parent
	goal       *Node             // where the reorganisation under way ends
	merging    int               // how many of the oldest steps are decided on

	// The coins.
	connected *Node
	seq       uint64
	overlay   *overlay
	steps     []*step
	stepID    uint64
	layers    layers
	base      *coinBase // the store's snapshot that readers see

	// Bodies and undo data in memory.
	bodies bodyStore
	undos  map[*Node]*chainstore.Undo // not stored yet
	young  *young                     // both, for readers
	loads  loads

	// What is on its way to the store, and to the readers.
	commits   commits
	published *Snapshot
	latched   bool // initial download is over

	// Submitters who have not heard yet.
	subs subscribers

	jobs  map[uint64]*step
	jobID uint64
	out   Ready
	err   error // an internal failure: the machine stands still
}

// Ready is what the machine wants done, and what it has to say. Taking it
// empties it.
type Ready struct {
	// Snapshot is the new view for readers, if anything they can see has
	// changed. Publish it before passing Verdicts or TipChanged on, and
	// Release the one it replaces.
	Snapshot *Snapshot
	// TipChanged is set when the published tip moved: once for any number of
	// blocks, and once for a whole reorganisation.
	TipChanged *TipChanged
	// BestHeader is set when another header than before has the most work.
	BestHeader *Node
	// Writes go to the store one after the other in this order, perhaps in the
	// background; call Committed after each.
	Writes []*Write
	// Jobs are scripts to verify; call Verified after each.
	Jobs []*VerifyJob
	// Loads are reads to do for the machine; call Loaded after each.
	Loads []*Load
	// Verdicts answer AddBlock.
	Verdicts []Verdict
	// More asks for a call of Continue as soon as other work has had its turn.
	More bool
	// Err is an internal failure (a disk, say). The machine does nothing more;
	// a restart resumes at the last commit.
	Err error
}

// TipChanged tells from where to where the published tip moved.
type TipChanged struct{ Old, New *Node }

// Ready returns what has gathered since the last call.
func (m *Machine) Ready() Ready {
	r := m.out
	m.out = Ready{}
	r.Err = m.err
	return r
}

// Snapshot is the view that was published last.
func (m *Machine) Snapshot() *Snapshot { return m.published }

// Index finds headers by hash. Safe from any goroutine.
func (m *Machine) Index() *Index { return m.index }

// BestHeader is the header with the most work among those that have not
// failed.
func (m *Machine) BestHeader() *Node { return m.best }

// Idle reports whether the machine has nothing to do and waits for nobody:
// the best chain it has the bodies for is published.
func (m *Machine) Idle() bool {
	return m.err != nil || len(m.steps) == 0 && m.target() == m.connected && m.published.tip == m.connected
}

// Continue goes on with work that was cut short to keep calls brief.
func (m *Machine) Continue() { m.advance() }

// Tick tells the time, in seconds since 1970, and lets periodic work happen:
// once a second is often enough.
func (m *Machine) Tick(now int64) {
	m.now = now
	if m.err != nil {
		return
	}
	m.commitIfDue()
	m.updateLatch()
	m.advance()
}

// fail stops the machine for an internal failure.
func (m *Machine) fail(err error) {
	if m.err != nil {
		return
	}
	m.err = err
	m.subs.failAll(m, err)
}

// markDirty notes that the node's record must be written again.
func (m *Machine) markDirty(n *Node) {
	if !n.has(statusDirty) {
		n.set(statusDirty)
		m.dirtyHeaders = append(m.dirtyHeaders, n)
	}
}
