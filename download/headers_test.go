package download

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// headersPlayer drives a Headers machine by script.
type headersPlayer struct {
	*fakeTree
	cfg HeadersConfig
	m   *Headers
	now time.Time
}

func newHeadersPlayer(t testing.TB) player {
	p := &headersPlayer{fakeTree: newFakeTree(t), now: epoch}
	p.cfg.Params = p.params
	p.m = p.machine()
	return p
}

func (p *headersPlayer) machine() *Headers {
	return NewHeaders(p.cfg, p, func() uint64 { return 12345 })
}

func (p *headersPlayer) play(command string, words []string) []string {
	var said []string
	switch command {
	case "chain": // chain NAME LENGTH [on HEADER]
		n, _ := strconv.Atoi(words[1])
		fork := p.node("genesis")
		if len(words) > 3 {
			fork = p.node(words[3])
		}
		p.grow(words[0], n, fork)
	case "known": // known HEADERS: our tree has them
		for _, n := range p.nodes(words[0]) {
			n.known = true
		}
		p.m.Progress(p.now)
	case "tip":
		p.tip = p.node(words[0])
		p.m.Progress(p.now)
	case "minimum": // minimum HEADER: the minimum chain work is that header's
		p.params.MinimumChainWork = p.node(words[0]).work
		p.m = p.machine()
	case "now": // now HEADER [DURATION]: so long after its time
		p.now = time.Unix(int64(p.node(words[0]).header.Time), 0)
		if len(words) > 1 {
			p.now = p.now.Add(duration(words[1]))
		}
	case "peer":
		outbound := !has(words, "inbound") && !has(words, "manual")
		p.m.PeerUp(p.now, peerOf(words[0]), HeadersPeer{Outbound: outbound, Preferred: !has(words, "inbound"), NoBan: has(words, "noban") || has(words, "manual"), Trusted: has(words, "noban"), Serves: !has(words, "nothing")})
	case "down":
		p.m.PeerDown(p.now, peerOf(words[0]))
	case "headers": // headers ID HEADERS...
		p.m.Arrived(p.now, peerOf(words[0]), p.headers(words[1:]))
	case "inv":
		p.m.Announced(p.now, peerOf(words[0]), hashesOf(p.nodes(words[1])))
	case "checked": // checked BATCH HEADERS [REJECTION]
		said = p.checked(words)
	case "wait":
		begin := p.now
		for end := p.now.Add(duration(words[0])); p.now.Before(end); {
			p.now = p.now.Add(time.Second)
			p.m.Tick(p.now)
			for _, line := range p.showAll(p.m.Ready()) {
				said = append(said, fmt.Sprintf("after %s: %s", p.now.Sub(begin), line))
			}
		}
	case "presynced":
		return []string{strconv.Itoa(int(p.m.Presynced(peerOf(words[0]))))}
	case "best":
		if n := p.m.Best(peerOf(words[0])); n != nil {
			return []string{p.name(n.Hash())}
		}
		return []string{"unknown"}
	default:
		panic("unknown command " + command)
	}
	return append(said, p.showAll(p.m.Ready())...)
}

func (p *headersPlayer) headers(words []string) (out []tx.Header) {
	for _, w := range words {
		for _, n := range p.nodes(w) {
			out = append(out, n.header)
		}
	}
	return out
}

// checked plays the chain's answer: the headers are known now, or refused.
func (p *headersPlayer) checked(words []string) []string {
	batch, _ := strconv.Atoi(words[0])
	var last Node
	var err error
	if words[1] != "none" {
		for _, n := range p.nodes(words[1]) {
			n.known = true
			last = n
		}
	}
	switch strings.Join(words[2:], " ") {
	case "":
	case "bad":
		err = consensus.Reject(consensus.ErrHighHash, consensus.HeaderInvalid, "proof of work failed")
	case "future":
		err = consensus.Reject(consensus.ErrTimeTooNew, consensus.TimeFuture, "")
	case "cached":
		err = consensus.Reject(consensus.ErrDuplicate, consensus.CachedInvalid, "")
	default:
		panic(words)
	}
	p.m.Checked(p.now, uint64(batch), last, err)
	return nil
}
