package chainstate

import (
	"sync"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// layer is the coins that one step changed, for readers of snapshots until the
// store has them. Its index is built by the first reader, because during the
// initial download there is none.
type layer struct {
	seq     uint64
	changes []chainstore.CoinChange
	once    sync.Once
	index   map[tx.OutPoint]*consensus.Coin
}

// newLayer copies the changes: the coins of a step alias their block's bytes,
// which must not live as long as a layer.
func newLayer(seq uint64, changes []chainstore.CoinChange) *layer {
	coins, scripts := 0, 0
	for i := range changes {
		if c := changes[i].Coin; c != nil {
			coins++
			scripts += len(c.Output.PkScript)
		}
	}
	l := &layer{seq: seq, changes: make([]chainstore.CoinChange, len(changes))}
	space, text := make([]consensus.Coin, 0, coins), make([]byte, 0, scripts)
	for i := range changes {
		l.changes[i].OutPoint = changes[i].OutPoint
		if c := changes[i].Coin; c != nil {
			from := len(text)
			text = append(text, c.Output.PkScript...)
			space = append(space, *c)
			copied := &space[len(space)-1]
			copied.Output.PkScript = text[from:len(text):len(text)]
			l.changes[i].Coin = copied
		}
	}
	return l
}

func (l *layer) get(op tx.OutPoint) (coin *consensus.Coin, known bool) {
	l.once.Do(func() {
		l.index = make(map[tx.OutPoint]*consensus.Coin, len(l.changes))
		for i := range l.changes {
			l.index[l.changes[i].OutPoint] = l.changes[i].Coin
		}
	})
	coin, known = l.index[op]
	return coin, known
}

// layerEntryBytes is about what one change of a layer takes: the change, its
// coin, its script, and its place in the index once there is one. maxLayers
// bounds how many layers a reader looks through.
const (
	layerEntryBytes = 180
	maxLayers       = 256
)

func (l *layer) bytes() int { return len(l.changes) * layerEntryBytes }

// layers are the steps since the last commit in two segments: those that the
// commit under way is writing, and those since. A segment that outgrows its
// budget is dropped, and the readers' coins stay behind at the last commit
// until the next one.
type layers struct {
	writing, since segment
	budget         int
}

// segment is a run of layers, oldest first. Snapshots share the slice: it is
// only ever appended to.
type segment struct {
	list    []*layer
	bytes   int
	dropped bool
}

func (s *layers) add(seq uint64, changes []chainstore.CoinChange) {
	if s.since.dropped {
		return
	}
	l := newLayer(seq, changes)
	s.since.list = append(s.since.list, l)
	s.since.bytes += l.bytes()
	if s.since.bytes > s.budget || len(s.since.list) > maxLayers {
		s.since = segment{dropped: true}
	}
}

// freeze starts a commit of all steps so far.
func (s *layers) freeze() { s.writing, s.since = s.since, segment{} }

// committed ends it.
func (s *layers) committed() { s.writing = segment{} }

// upTo returns the layers up to a sequence, older segment first, or false when
// they were dropped.
func (s *layers) upTo(seq uint64) (both [2][]*layer, ok bool) {
	if s.writing.dropped || s.since.dropped {
		return both, false
	}
	for i, list := range [2][]*layer{s.writing.list, s.since.list} {
		n := len(list)
		for n > 0 && list[n-1].seq > seq {
			n--
		}
		both[i] = list[:n:n]
	}
	return both, true
}
