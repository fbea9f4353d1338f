package registry

import (
	"cmp"
	"slices"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/wire/netaddr"
)

const (
	openEvery    = 500 * time.Millisecond // between two automatic calls, as in Core
	feelerEvery  = 2 * time.Minute
	manualFirst  = time.Second // until a node of addnode or -connect is called again
	manualMost   = time.Minute
	dialPatience = time.Minute
)

// outbound is whom we call.
type outbound struct {
	manual  []*manual
	calls   map[kit.CallID]*call
	openAt  time.Time // when the next automatic call may be
	feelAt  time.Time
	dns     dnsSeeds
	nodes   seedNodes
	pending int // automatic calls under way
}

// manual is a node that our operator named.
type manual struct {
	name  string       // as it was written
	once  bool         // addnode onetry
	from  string       // -connect, -addnode, addnode or addconnection
	typ   msg.ConnType // empty: Manual
	wait  time.Duration
	next  time.Time
	busy  bool
	peer  *msg.Peer
	known netaddr.AddrPort // its address, once we were connected
}

type call struct {
	manual *manual
	typ    msg.ConnType
	addr   netaddr.AddrPort
}

func (o *outbound) start(k *kit.Context, r *registry) {
	o.calls = map[kit.CallID]*call{}
	now := k.Now()
	o.openAt, o.feelAt = now, now.Add(feelerEvery)
	o.dns.start(k, r)
	o.nodes.start(k, r)
	for _, e := range r.Config.Connect {
		o.manual = append(o.manual, &manual{name: e.String(), from: "-connect", wait: manualFirst, next: now})
	}
	for _, e := range r.Config.AddNode {
		o.manual = append(o.manual, &manual{name: e.String(), from: "-addnode", wait: manualFirst, next: now})
	}
	for _, name := range r.Board.Peers().Added { // after a restart
		if !slices.ContainsFunc(o.manual, func(m *manual) bool { return m.name == name && m.from != "-connect" }) {
			o.manual = append(o.manual, &manual{name: name, from: "addnode", wait: manualFirst, next: now})
		}
	}
	for _, p := range r.peers {
		o.up(p)
	}
}

// names are the nodes of addnode, for getaddednodeinfo.
func (o *outbound) names() []string {
	var list []string
	for _, m := range o.manual {
		if m.from != "-connect" {
			list = append(list, m.name)
		}
	}
	return list
}

// tick calls whom it is time to call.
func (o *outbound) tick(k *kit.Context, r *registry) {
	if r.inactive {
		return
	}
	now := k.Now()
	for _, m := range o.manual {
		if m.peer == nil && !m.busy && !now.Before(m.next) {
			o.callManual(k, r, m)
		}
	}
	o.dns.tick(k, r, now)
	if r.Config.OnlyConnect {
		return
	}
	o.nodes.tick(k, r, now)
	r.extra.tick(k, r, now)
	if now.Before(o.openAt) {
		return
	}
	o.openAt = now.Add(openEvery)
	o.openAutomatic(k, r, now)
}

// callManual tells whether the dialer has taken the call: it may not be there yet.
func (o *outbound) callManual(k *kit.Context, r *registry, m *manual) bool {
	typ := cmp.Or(m.typ, msg.Manual)
	d := &msg.Dial{Name: r.withPort(m.name), Type: typ}
	id, result := k.Call(r.Cast.Dialer(), d, dialPatience)
	if result == kit.Ok {
		m.busy = true
		o.calls[id] = &call{manual: m, typ: typ}
	}
	return result == kit.Ok
}

// openAutomatic calls one more node if there is a slot for it, of another
// neighbourhood than those that we are connected to.
func (o *outbound) openAutomatic(k *kit.Context, r *registry, now time.Time) {
	full, blocksOnly := 0, 0
	groups := map[netaddr.Group]bool{}
	connected := map[netaddr.AddrPort]bool{}
	for _, p := range r.peers {
		connected[p.Addr] = true
		switch p.Type {
		case msg.OutboundRelay:
			full++
		case msg.BlockRelay:
			blocksOnly++
		default:
			continue
		}
		groups[p.Addr.Addr.Group()] = true
	}
	most := r.slots()
	if blocksOnly+o.pending < most.blocks && r.anchors.call(k, r, groups) {
		return
	}
	if full+blocksOnly+o.pending >= most.chosen {
		return
	}
	typ, choice := msg.OutboundRelay, addrbook.Choice{}
	switch {
	case full+o.pending < most.full:
	case blocksOnly+o.pending < most.blocks:
		typ = msg.BlockRelay
	default:
		if also, ok := r.extra.wants(k, now); ok {
			typ = also
		} else if !now.Before(o.feelAt) {
			typ, choice.NewOnly = msg.Feeler, true
			o.feelAt = now.Add(feelerEvery/2 + time.Duration(k.Rand().Int64N(int64(feelerEvery))))
		} else {
			return
		}
	}
	r.book.Resolve(now)
	for tries := range 100 {
		info, ok := r.book.Select(choice, now)
		if !ok {
			return
		}
		a := info.Addr
		if connected[a] || typ != msg.Feeler && groups[a.Addr.Group()] || !r.mayCall(info, typ, tries, now) {
			continue
		}
		o.call(k, r, a, typ)
		return
	}
}

func (o *outbound) call(k *kit.Context, r *registry, a netaddr.AddrPort, typ msg.ConnType) {
	id, result := k.Call(r.Cast.Dialer(), &msg.Dial{Addr: a, Type: typ}, dialPatience)
	if result != kit.Ok {
		return
	}
	r.book.Attempt(a, len(r.peers) > 0, k.Now())
	o.calls[id] = &call{typ: typ, addr: a}
	o.pending++
}

// lost is a call that the dialer never answered.
func (o *outbound) lost(id kit.CallID) {
	c := o.calls[id]
	if c == nil {
		return
	}
	delete(o.calls, id)
	if c.manual != nil {
		c.manual.busy = false
	} else {
		o.pending--
	}
}

// dialed takes what became of a call.
func (r *registry) dialed(k *kit.Context, d *msg.Dialed) {
	o := &r.outbound
	c := o.calls[k.CallID()]
	o.lost(k.CallID())
	if c == nil {
		d.Release()
		return
	}
	if m := c.manual; m != nil {
		m.next = k.Now().Add(m.wait)
	}
	if d.Err != nil {
		r.failed(k, c, d)
		return
	}
	addr := addrOf(d.Conn.RemoteAddr())
	if r.inactive || r.alreadyTo(addr) {
		d.Release()
		return
	}
	p := &msg.Peer{Addr: addr, Type: c.typ, Permissions: r.permissions(addr.Addr, 0, false)}
	if c.manual != nil {
		p.AddrName = c.manual.name
		c.manual.peer, c.manual.known, c.manual.wait = p, addr, manualFirst
	}
	r.add(k, d.Conn, p)
}

func (r *registry) alreadyTo(a netaddr.AddrPort) bool {
	return slices.ContainsFunc(r.peers, func(p *msg.Peer) bool { return p.Addr == a && !p.Inbound() })
}

func (r *registry) failed(k *kit.Context, c *call, d *msg.Dialed) {
	m := c.manual
	if m == nil {
		r.Log.DialFailed(d.Dial.Addr.String(), d.Err, 0)
		return
	}
	if m.once {
		r.Log.DialFailed(m.name, d.Err, 0)
		return
	}
	r.Log.DialFailed(m.name, d.Err, m.wait)
	m.wait = min(2*m.wait, manualMost)
}

func (o *outbound) up(p *msg.Peer) {
	for _, m := range o.manual {
		if m.name == p.AddrName && p.Type == msg.Manual {
			m.peer, m.known = p, p.Addr
		}
	}
}

func (o *outbound) down(k *kit.Context, p *msg.Peer) {
	for _, m := range o.manual {
		if m.peer == p {
			m.peer = nil
			m.next = k.Now().Add(m.wait)
		}
	}
}

// endpoint reads a node that was named in an order, to compare it with others.
func endpoint(name string, port uint16) (netaddr.AddrPort, bool) {
	a, err := netaddr.ParseAddrPort(name, port)
	return a, err == nil
}
