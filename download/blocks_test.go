package download

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/tx"
)

// blocksPlayer drives a Blocks machine by script.
type blocksPlayer struct {
	*fakeTree
	cfg BlocksConfig
	m   *Blocks
	now time.Time
	at  []tx.Hash // delivered, not settled
}

func newBlocksPlayer(t testing.TB) player {
	p := &blocksPlayer{fakeTree: newFakeTree(t), now: epoch}
	p.cfg.Params = p.params
	p.m = NewBlocks(p.cfg, p)
	return p
}

func (p *blocksPlayer) play(command string, words []string) []string {
	var said []string
	switch command {
	case "config":
		p.configure(words)
		p.m = NewBlocks(p.cfg, p)
	case "chain": // chain NAME LENGTH [on HEADER]
		n, _ := strconv.Atoi(words[1])
		fork := p.node("genesis")
		if len(words) > 3 {
			fork = p.node(words[3])
		}
		p.grow(words[0], n, fork)
		for _, n := range p.lines[words[0]].nodes {
			n.known = !has(words, "unknown")
		}
	case "peer": // peer ID [words]
		p.m.PeerUp(p.now, peerOf(words[0]), BlocksPeer{Serves: !has(words, "limited") && !has(words, "nothing"), Limited: has(words, "limited"), Witness: !has(words, "nowitness"), Preferred: !has(words, "inbound"), NoBan: has(words, "noban")})
	case "down":
		p.m.PeerDown(p.now, peerOf(words[0]))
	case "has": // has ID HEADER [direct]
		p.node(words[1]).known = true
		p.m.PeerHas(p.now, peerOf(words[0]), p.node(words[1]), has(words, "direct"))
	case "block": // block ID HEADERS [size=N] [every=DURATION]
		said = p.blocks(words)
	case "notfound":
		p.m.NotFound(p.now, peerOf(words[0]), hashesOf(p.nodes(words[1])))
	case "fetch": // fetch ID HEADER
		if err := p.m.Fetch(p.now, peerOf(words[0]), p.node(words[1]).hash); err != nil {
			said = append(said, "error: "+err.Error())
		}
	case "pause", "resume":
		p.m.Paused(p.now, peerOf(words[0]), command == "pause")
	case "adopt":
		p.m.Adopt(p.now, peerOf(words[0]), p.node(words[1]).hash)
	case "connect": // connect all | HEADERS
		said = p.connect(words[0])
	case "refuse":
		n := p.node(words[0])
		p.fail(n)
		p.m.Settled(p.now, n.hash, Refused)
	case "retry":
		p.m.Settled(p.now, p.node(words[0]).hash, Retry)
	case "again":
		p.m.Settled(p.now, p.node(words[0]).hash, Again)
	case "tip":
		p.tip = p.node(words[0])
		p.m.Progress(p.now)
	case "wait":
		said = p.wait(duration(words[0]))
	case "explain":
		return p.explain(words)
	case "peers":
		return p.peerLines()
	default:
		panic("unknown command " + command)
	}
	return append(said, p.effects()...)
}

func (p *blocksPlayer) configure(words []string) {
	number := func(name string, into *int) {
		if v, ok := setting(words, name); ok {
			*into, _ = strconv.Atoi(v)
		}
	}
	window := 0
	number("window", &window)
	p.cfg.Window = int32(window)
	number("staging", &p.cfg.StagingBytes)
	number("deliver", &p.cfg.DeliverBlocks)
}

func (p *blocksPlayer) effects() []string {
	list := p.m.Ready()
	for _, e := range list {
		if d, ok := e.(Deliver); ok {
			p.at = append(p.at, d.Hash)
		}
	}
	return p.showAll(list)
}

func (p *blocksPlayer) blocks(words []string) (said []string) {
	size := 1000
	if v, ok := setting(words, "size"); ok {
		size, _ = strconv.Atoi(v)
	}
	var every time.Duration
	if v, ok := setting(words, "every"); ok {
		every = duration(v)
	}
	for _, n := range p.nodes(words[1]) {
		p.now = p.now.Add(every)
		if fate := p.m.Arrived(p.now, peerOf(words[0]), n.hash, size); fate != Keep {
			said = append(said, fmt.Sprintf("%s: %s", p.name(n.hash), fate))
		}
	}
	return said
}

// connect plays the chain: it takes what was delivered.
func (p *blocksPlayer) connect(what string) []string {
	var todo []tx.Hash
	if what == "all" {
		todo, p.at = p.at, nil
	} else {
		todo = hashesOf(p.nodes(what))
	}
	var said []string
	for _, h := range todo {
		n := p.byHash[h]
		n.body = true
		p.m.Settled(p.now, h, Stored)
		if n.header.Prev == p.tip.hash {
			p.tip = n
			p.m.Progress(p.now)
		}
	}
	if what == "all" {
		said = append(said, "tip "+p.name(p.tip.hash))
	}
	return said
}

// wait lets time pass in steps of 100 ms and says when something happened.
func (p *blocksPlayer) wait(d time.Duration) (said []string) {
	begin := p.now
	for end := p.now.Add(d); p.now.Before(end); {
		p.now = p.now.Add(100 * time.Millisecond)
		p.m.Tick(p.now)
		for _, line := range p.effects() {
			said = append(said, fmt.Sprintf("after %s: %s", p.now.Sub(begin), line))
		}
	}
	return said
}

func (p *blocksPlayer) explain(words []string) []string {
	most := 4
	if len(words) > 0 {
		most, _ = strconv.Atoi(words[0])
	}
	s := p.m.Explain(p.now, most)
	open := "open"
	if !s.Open {
		open = "closed"
	}
	out := []string{fmt.Sprintf("%d behind: %d needed, %d leased, %d staged, %d delivered, %d of %d bytes, %s", s.Target-s.Tip, s.Needed, s.Leased, s.Staged, s.Delivered, s.StagedBytes, s.StagingBudget, open)}
	if s.Stalled != nil {
		out = append(out, fmt.Sprintf("stalled for %s of %s by %s", s.StalledFor, s.Patience, p.name(s.Stalled.Hash)))
	}
	for _, w := range s.Wants {
		line := fmt.Sprintf("%s %s: %s", p.name(w.Hash), w.State, w.Why)
		if has(words, "history") {
			for _, e := range w.History {
				line += fmt.Sprintf("\n  %s %s", e.At.Sub(epoch), e.What)
				if e.Peer != Nobody {
					line += fmt.Sprintf(" (peer %d)", e.Peer)
				}
			}
		}
		out = append(out, strings.Split(line, "\n")...)
	}
	return out
}

func (p *blocksPlayer) peerLines() (out []string) {
	for _, s := range p.m.Explain(p.now, 0).Peers {
		out = append(out, fmt.Sprintf("peer %d: best %d, %d in flight of %d, %.0f bytes/s", s.Peer, s.Best, len(s.InFlight), s.Window, s.Goodput))
	}
	return out
}

func hashesOf(nodes []*fakeNode) (out []tx.Hash) {
	for _, n := range nodes {
		out = append(out, n.hash)
	}
	return out
}
