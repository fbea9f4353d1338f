package download

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// fakeNode is a header of a fakeTree. Branches are slices, so that ancestors
// are found at once.
type fakeNode struct {
	header tx.Header
	hash   tx.Hash
	height int32
	work   consensus.Work
	line   *fakeLine

	known, body, failed bool
}

type fakeLine struct {
	name  string
	fork  *fakeNode // nil for genesis' own line
	nodes []*fakeNode
}

func (n *fakeNode) Height() int32        { return n.height }
func (n *fakeNode) Hash() tx.Hash        { return n.hash }
func (n *fakeNode) Version() int32       { return n.header.Version }
func (n *fakeNode) Time() uint32         { return n.header.Time }
func (n *fakeNode) Bits() uint32         { return n.header.Bits }
func (n *fakeNode) Work() consensus.Work { return n.work }
func (n *fakeNode) HasBody() bool        { return n.body }

func (n *fakeNode) Failed() bool { return n.failed }

func (n *fakeNode) Parent() consensus.Ancestry { return n.Ancestor(n.height - 1) }

func (n *fakeNode) Ancestor(height int32) consensus.Ancestry {
	if height < 0 || height > n.height {
		return nil
	}
	for height < n.line.nodes[0].height {
		n = n.line.fork
	}
	return n.line.nodes[height-n.line.nodes[0].height]
}

// fakeTree is a header tree under a test's control: all headers exist from the
// beginning, and the test says which are known.
type fakeTree struct {
	lines  map[string]*fakeLine
	byHash map[tx.Hash]*fakeNode
	tip    *fakeNode
	params *consensus.Params
}

func newFakeTree(t interface{ Fatal(...any) }) *fakeTree {
	params, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	h := params.Genesis.Header
	g := &fakeNode{header: h, hash: h.Hash(), work: consensus.BlockWork(h.Bits), known: true, body: true}
	g.line = &fakeLine{name: "genesis", nodes: []*fakeNode{g}}
	return &fakeTree{lines: map[string]*fakeLine{}, byHash: map[tx.Hash]*fakeNode{g.hash: g}, tip: g, params: params}
}

// grow makes a line of n headers with proof of work on top of fork.
func (f *fakeTree) grow(name string, n int, fork *fakeNode) {
	line := &fakeLine{name: name, fork: fork}
	parent := fork
	for i := range n {
		h := tx.Header{Version: 4, Prev: parent.hash, Time: parent.header.Time + 600, Bits: fork.header.Bits, MerkleRoot: tx.DoubleSHA256([]byte(name + strconv.Itoa(i)))}
		for consensus.CheckHeader(&h, h.Hash(), f.params) != nil {
			h.Nonce++
		}
		node := &fakeNode{header: h, hash: h.Hash(), height: parent.height + 1, work: parent.work.Add(consensus.BlockWork(h.Bits)), line: line}
		line.nodes = append(line.nodes, node)
		f.byHash[node.hash] = node
		parent = node
	}
	f.lines[name] = line
}

func (f *fakeTree) Lookup(h tx.Hash) Node {
	if n := f.byHash[h]; n != nil && n.known {
		return n
	}
	return nil
}

func (f *fakeTree) Tip() Node { return f.tip }

func (f *fakeTree) Best() Node {
	best := f.tip
	for _, l := range f.lines {
		for _, n := range l.nodes {
			if n.known && !n.failed && best.work.Less(n.work) {
				best = n
			}
		}
	}
	return best
}

// fail marks a header and everything on top of it.
func (f *fakeTree) fail(bad *fakeNode) {
	for _, n := range f.byHash {
		if a := n.Ancestor(bad.height); a != nil && a.(*fakeNode) == bad {
			n.failed = true
		}
	}
}

// node finds "a12", the twelfth header of line a, or "genesis".
func (f *fakeTree) node(s string) *fakeNode {
	i := strings.IndexAny(s, "0123456789")
	if s == "genesis" {
		return f.byHash[f.params.GenesisHash]
	}
	n, err := strconv.Atoi(s[max(i, 0):])
	l := f.lines[s[:max(i, 0)]]
	if err != nil || l == nil || n < 1 || n > len(l.nodes) {
		panic(fmt.Sprintf("no header %q", s))
	}
	return l.nodes[n-1]
}

// nodes finds "a1..a5" or "a1", also across a fork: "a9..b2".
func (f *fakeTree) nodes(s string) []*fakeNode {
	from, to, ranged := strings.Cut(s, "..")
	first := f.node(from)
	last := first
	if ranged {
		last = f.node(to)
	}
	var out []*fakeNode
	for h := first.height; h <= last.height; h++ {
		out = append(out, last.Ancestor(h).(*fakeNode))
	}
	return out
}

func (f *fakeTree) name(h tx.Hash) string {
	n := f.byHash[h]
	switch {
	case n == nil:
		return h.String()[:8]
	case n.height == 0:
		return "genesis"
	}
	return n.line.name + strconv.Itoa(int(n.height-n.line.nodes[0].height)+1)
}

// names writes hashes, with runs shortened: "a1..a5 b7".
func (f *fakeTree) names(hashes []tx.Hash) string {
	var out []string
	for i := 0; i < len(hashes); {
		j := i
		for j+1 < len(hashes) && f.byHash[hashes[j+1]] != nil && f.byHash[hashes[j+1]].header.Prev == hashes[j] && f.byHash[hashes[j+1]].line == f.byHash[hashes[j]].line {
			j++
		}
		s := f.name(hashes[i])
		if j > i {
			s += ".." + f.name(hashes[j])
		}
		out = append(out, s)
		i = j + 1
	}
	return strings.Join(out, " ")
}

// show writes an effect as a line.
func (f *fakeTree) show(e Effect) string {
	switch e := e.(type) {
	case AskHeaders:
		short := e.Locator
		if len(short) > 3 {
			short = []tx.Hash{short[0], short[1], short[len(short)-1]}
		}
		return fmt.Sprintf("getheaders to %d from %s", e.Peer, strings.ReplaceAll(f.names(short), "..", " .. "))
	case CheckHeaders:
		var hashes []tx.Hash
		for i := range e.Headers {
			hashes = append(hashes, e.Headers[i].Hash())
		}
		return fmt.Sprintf("check %d of %d: %s", e.Batch, e.Peer, f.names(hashes))
	case PeerHas:
		s := fmt.Sprintf("peer %d has %s", e.Peer, f.name(e.Node.Hash()))
		if e.Direct {
			s += " (just announced)"
		}
		return s
	case AskBlocks:
		return fmt.Sprintf("getdata to %d: %s", e.Peer, f.names(e.Hashes))
	case Deliver:
		return "deliver " + f.name(e.Hash)
	case Discard:
		return "discard " + f.name(e.Hash)
	case AskTxs:
		var ids []string
		for _, id := range e.IDs {
			ids = append(ids, txName(id))
		}
		return fmt.Sprintf("getdata to %d: %s", e.Peer, strings.Join(ids, " "))
	case Note:
		if e.Peer == Nobody {
			return "note: " + e.Text
		}
		return fmt.Sprintf("note on %d: %s", e.Peer, e.Text)
	case Disconnect:
		if e.Misbehaved {
			return fmt.Sprintf("disconnect %d, misbehaving: %s", e.Peer, e.Reason)
		}
		return fmt.Sprintf("disconnect %d: %s", e.Peer, e.Reason)
	}
	panic(fmt.Sprintf("unknown effect %T", e))
}

// show lists effects, with neighbouring deliveries in one line.
func (f *fakeTree) showAll(list []Effect) []string {
	var out []string
	var run []tx.Hash
	flush := func() {
		if len(run) > 0 {
			out = append(out, "deliver "+f.names(run))
			run = nil
		}
	}
	for _, e := range list {
		if d, ok := e.(Deliver); ok {
			run = append(run, d.Hash)
			continue
		}
		flush()
		out = append(out, f.show(e))
	}
	flush()
	return out
}

func txName(id TxID) string {
	kind := "txid"
	if id.Witness {
		kind = "wtxid"
	}
	return fmt.Sprintf("%s:%c", kind, id.Hash[0])
}

var epoch = time.Unix(1_700_000_000, 0)

// setting reads "name=value" out of a command's words.
func setting(words []string, name string) (string, bool) {
	for _, w := range words {
		if v, ok := strings.CutPrefix(w, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

func has(words []string, w string) bool {
	for _, x := range words {
		if x == w {
			return true
		}
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
