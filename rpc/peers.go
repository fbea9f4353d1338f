package rpc

import (
	"math"
	"net/netip"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/wire/netaddr"
)

var peerMethods = []Method{
	{
		Name: "getpeerinfo", Category: "network",
		Summary: "Returns data about each connected network peer as a json array of objects.\nIts network is one of (ipv4, ipv6, onion, i2p, cjdns, not_publicly_routable).",
		Result: `[ { "id", "addr", "addrbind", "addrlocal", "network", "services", "servicesnames": [ ... ], "relaytxes", "lastsend", "lastrecv",
  "last_transaction", "last_block", "bytessent", "bytesrecv", "conntime", "timeoffset", "pingtime", "minping", "pingwait", "version", "subver",
  "inbound", "bip152_hb_to", "bip152_hb_from", "startingheight", "presynced_headers", "synced_headers", "synced_blocks", "inflight": [ ... ],
  "addr_relay_enabled", "addr_processed", "addr_rate_limited", "permissions": [ ... ], "minfeefilter", "bytessent_per_msg": { ... },
  "bytesrecv_per_msg": { ... }, "connection_type", "transport_protocol_type", "session_id" }, ... ]    (json array)`,
		Handler: getPeerInfo,
	},
	{
		Name: "addnode", Category: "network",
		Params: []Param{
			{Name: "node", Kind: String, Doc: "The address of the peer to connect to"},
			{Name: "command", Kind: String, Doc: "'add' to add a node to the list, 'remove' to remove a node from the list, 'onetry' to try a connection to the node once"},
			{Name: "v2transport", Kind: Bool, Optional: true, Default: "set by -v2transport", Doc: "Attempt to connect using BIP324 v2 transport protocol (ignored for 'remove' command)"},
		},
		Summary: "Attempts to add or remove a node from the addnode list.\nOr try a connection to a node once.\nNodes added using addnode (or -connect) are protected from DoS disconnection and are not required to be\nfull nodes/support SegWit as other outbound peers are (though such peers will not be synced from).\nAddnode connections are limited to 8 at a time and are counted separately from the -maxconnections limit.",
		Result:  "null",
		Handler: addNode,
	},
	{
		Name: "disconnectnode", Category: "network",
		Params: []Param{
			{Name: "address", Kind: String, Optional: true, Default: "fallback to nodeid", Doc: "The IP address/port of the node"},
			{Name: "nodeid", Kind: Number, Optional: true, Default: "fallback to address", Doc: "The node ID (see getpeerinfo for node IDs)"},
		},
		Summary: "Immediately disconnects from the specified peer node.\n\nStrictly one out of 'address' and 'nodeid' can be provided to identify the node.\n\nTo disconnect by nodeid, either set 'address' to the empty string, or call using the named 'nodeid' argument only.",
		Result:  "null",
		Handler: disconnectNode,
	},
	{
		Name: "getaddednodeinfo", Category: "network",
		Params:  []Param{{Name: "node", Kind: String, Optional: true, Default: "all nodes", Doc: "If provided, return information about this specific node, otherwise all nodes are returned."}},
		Summary: "Returns information about the given added node, or all added nodes\n(note that onetry addnodes are not listed here)",
		Result:  `[ { "addednode", "connected", "addresses": [ { "address", "connected" }, ... ] }, ... ]    (json array)`,
		Handler: getAddedNodeInfo,
	},
}

type peerInfo struct {
	ID                int64        `json:"id"`
	Addr              string       `json:"addr"`
	AddrBind          string       `json:"addrbind,omitempty"`
	AddrLocal         string       `json:"addrlocal,omitempty"`
	Network           string       `json:"network"`
	Services          string       `json:"services"`
	ServicesNames     []string     `json:"servicesnames"`
	RelayTxes         bool         `json:"relaytxes"`
	LastSend          int64        `json:"lastsend"`
	LastRecv          int64        `json:"lastrecv"`
	LastTransaction   int64        `json:"last_transaction"`
	LastBlock         int64        `json:"last_block"`
	BytesSent         int64        `json:"bytessent"`
	BytesRecv         int64        `json:"bytesrecv"`
	ConnTime          int64        `json:"conntime"`
	TimeOffset        int64        `json:"timeoffset"`
	PingTime          *Float       `json:"pingtime,omitempty"`
	MinPing           *Float       `json:"minping,omitempty"`
	PingWait          *Float       `json:"pingwait,omitempty"`
	Version           int32        `json:"version"`
	Subver            string       `json:"subver"`
	Inbound           bool         `json:"inbound"`
	HBTo              bool         `json:"bip152_hb_to"`
	HBFrom            bool         `json:"bip152_hb_from"`
	StartingHeight    int32        `json:"startingheight"`
	PresyncedHeaders  int32        `json:"presynced_headers"`
	SyncedHeaders     int32        `json:"synced_headers"`
	SyncedBlocks      int32        `json:"synced_blocks"`
	InFlight          []int32      `json:"inflight"`
	AddrRelayEnabled  bool         `json:"addr_relay_enabled"`
	AddrProcessed     int64        `json:"addr_processed"`
	AddrRateLimited   int64        `json:"addr_rate_limited"`
	Permissions       []string     `json:"permissions"`
	MinFeeFilter      Amount       `json:"minfeefilter"`
	BytesSentPerMsg   Object       `json:"bytessent_per_msg"`
	BytesRecvPerMsg   Object       `json:"bytesrecv_per_msg"`
	ConnectionType    msg.ConnType `json:"connection_type"`
	TransportProtocol string       `json:"transport_protocol_type"`
	SessionID         string       `json:"session_id"`
}

func getPeerInfo(c *Call) (any, error) {
	list := []peerInfo{}
	for _, p := range c.Node.Board.Peers().Peers {
		list = append(list, describePeer(p, c.Node.now()))
	}
	return list, nil
}

func describePeer(p *msg.Peer, now time.Time) peerInfo {
	s := &p.Stats
	f := peerInfo{
		ID: p.Number(), Addr: p.AddrName, AddrBind: p.Bind.String(), Network: p.Network().String(),
		Services: servicesHex(0), ServicesNames: []string{},
		LastSend: s.LastSend.Load(), LastRecv: s.LastRecv.Load(), LastTransaction: s.LastTx.Load(), LastBlock: s.LastBlock.Load(),
		BytesSent: s.BytesSent.Load(), BytesRecv: s.BytesRecv.Load(), ConnTime: p.Since.Unix(), Inbound: p.Inbound(),
		PingTime: seconds(s.PingMicros.Load()), MinPing: seconds(s.MinPingMicros.Load()),
		StartingHeight: -1, PresyncedHeaders: s.Presynced.Load(), SyncedHeaders: s.SyncedHeaders.Load(), SyncedBlocks: s.SyncedBlocks.Load(),
		InFlight: []int32{}, AddrRelayEnabled: s.AddrRelay.Load(),
		AddrProcessed: s.AddrProcessed.Load(), AddrRateLimited: s.AddrRateLimited.Load(),
		Permissions: append([]string{}, p.Permissions.Names()...), MinFeeFilter: Amount(s.FeeFilter.Load()),
		BytesSentPerMsg: perCommand(&s.Sent), BytesRecvPerMsg: perCommand(&s.Recv),
		ConnectionType: p.Type, TransportProtocol: "v1",
	}
	if f.Addr == "" {
		f.Addr = p.Addr.String()
	}
	if p.Bind.Addr.IsZero() {
		f.AddrBind = ""
	}
	if since := s.PingSince.Load(); since > 0 {
		f.PingWait = seconds(now.UnixMicro() - since)
	}
	if heights := s.InFlight.Load(); heights != nil {
		f.InFlight = append(f.InFlight, *heights...)
	}
	if h := p.Hello(); h != nil {
		f.Services, f.ServicesNames, f.RelayTxes = servicesHex(h.Services), serviceNames(h.Services), h.Relay && p.RelaysTxs()
		f.Version, f.Subver, f.StartingHeight = h.Version, h.UserAgent, h.StartHeight
		f.TimeOffset = int64(h.TimeOffset / time.Second)
		if valid(h.Local.Addr) {
			f.AddrLocal = h.Local.String()
		}
	}
	return f
}

// valid tells whether an address is one at all (Core's CNetAddr::IsValid).
func valid(a netaddr.Addr) bool {
	ip, ok := a.IP()
	return !a.IsZero() && (!ok || !ip.IsUnspecified() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255}) && !documentation.Contains(ip))
}

// documentation are the addresses that stand in examples (RFC 3849).
var documentation = netip.MustParsePrefix("2001:db8::/32")

// seconds is a time in seconds; nil when there is none to tell.
func seconds(micros int64) *Float {
	if micros <= 0 || micros == math.MaxInt64 {
		return nil
	}
	f := Float(float64(micros) / 1e6)
	return &f
}

func perCommand(counts *msg.CommandBytes) Object {
	o := Object{}
	counts.Each(func(command string, bytes int64) { o = append(o, Field{command, bytes}) })
	return o
}

func addNode(c *Call) (any, error) {
	orders := map[string]msg.PeerOrder{"add": msg.AddNode, "remove": msg.RemoveNode, "onetry": msg.TryNode}
	what, ok := orders[c.String(1, "")]
	if !ok {
		m, _ := c.Server.registry.Lookup("addnode")
		return nil, Errorf(CodeMisc, "%s", m.Help())
	}
	if c.Bool(2, false) && what != msg.RemoveNode {
		return nil, Errorf(CodeInvalidParam, "Error: v2transport requested but not enabled (see -v2transport)")
	}
	return nil, c.peerCommand(&msg.PeerCommand{What: what, Node: c.String(0, ""), Type: msg.Manual})
}

func disconnectNode(c *Call) (any, error) {
	order := &msg.PeerCommand{What: msg.DropPeer}
	node := c.String(0, "")
	switch {
	case c.Has(0) && !c.Has(1):
		order.Node = node
	case c.Has(1) && node == "":
		id, err := c.Int(1, 0)
		if err != nil {
			return nil, err
		}
		order.ID = msg.FromShownID(id)
	default:
		return nil, Errorf(CodeInvalidParams, "Only one of address and nodeid should be provided.")
	}
	return nil, c.peerCommand(order)
}

type addedAddress struct {
	Address   string `json:"address"`
	Connected string `json:"connected"`
}

type addedNode struct {
	AddedNode string         `json:"addednode"`
	Connected bool           `json:"connected"`
	Addresses []addedAddress `json:"addresses"`
}

func getAddedNodeInfo(c *Call) (any, error) {
	peers := c.Node.Board.Peers()
	list := []addedNode{}
	for _, name := range peers.Added {
		if c.Has(0) && c.String(0, "") != name {
			continue
		}
		list = append(list, describeAdded(name, c.Node.Config.Chain.DefaultPort(), peers.Peers))
	}
	if c.Has(0) && len(list) == 0 {
		return nil, Errorf(CodeNodeNotAdded, "Error: Node has not been added.")
	}
	return list, nil
}

// describeAdded looks for a connection to a node by its name or its address, which may
// have been written without the port.
func describeAdded(name string, port uint16, peers []*msg.Peer) addedNode {
	n := addedNode{AddedNode: name, Addresses: []addedAddress{}}
	addr, err := netaddr.ParseAddrPort(name, port)
	for _, p := range peers {
		if p.AddrName != name && (err != nil || p.Addr != addr) {
			continue
		}
		direction := "outbound"
		if p.Inbound() {
			direction = "inbound"
		}
		n.Connected, n.Addresses = true, append(n.Addresses, addedAddress{p.Addr.String(), direction})
		return n
	}
	return n
}
