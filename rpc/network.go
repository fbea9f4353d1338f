package rpc

import (
	"fmt"
	"slices"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/wire"
)

// version is the release of Core whose interface this is, as its version number:
// clients choose what to call by it. The honest name is in subversion.
const version = 280100

var networkMethods = []Method{
	{
		Name: "getnetworkinfo", Category: "network",
		Summary: "Returns an object containing various state info regarding P2P networking.\nIts networks are those of (ipv4, ipv6, onion, i2p, cjdns).",
		Result: `{ "version", "subversion", "protocolversion", "localservices", "localservicesnames": [ ... ], "localrelay", "timeoffset", "networkactive",
  "connections", "connections_in", "connections_out",
  "networks": [ { "name", "limited", "reachable", "proxy", "proxy_randomize_credentials" }, ... ], "relayfee", "incrementalfee",
  "localaddresses": [ { "address", "port", "score" }, ... ], "warnings": [ ... ] }    (json object)`,
		Handler: getNetworkInfo,
	},
	{
		Name: "getconnectioncount", Category: "network",
		Summary: "Returns the number of connections to other nodes.",
		Result:  "n    (numeric) The connection count",
		Handler: func(c *Call) (any, error) { return len(c.Node.Board.Peers().Peers), nil },
	},
	{
		Name: "getnettotals", Category: "network",
		Summary: "Returns information about network traffic, including bytes in, bytes out,\nand current system time.",
		Result: `{ "totalbytesrecv", "totalbytessent", "timemillis", "uploadtarget": { "timeframe", "target", "target_reached", "serve_historical_blocks",
  "bytes_left_in_cycle", "time_left_in_cycle" } }    (json object)`,
		Handler: getNetTotals,
	},
	{
		Name: "ping", Category: "network",
		Summary: "Requests that a ping be sent to all other nodes, to measure ping time.\nResults provided in getpeerinfo, pingtime and pingwait fields are decimal seconds.\nPing command is handled in queue with all other commands, so it measures processing backlog, not just network ping.",
		Result:  "null",
		Handler: func(c *Call) (any, error) { return nil, c.peerCommand(&msg.PeerCommand{What: msg.PingPeers}) },
	},
	{
		Name: "setnetworkactive", Category: "network",
		Params:  []Param{{Name: "state", Kind: Bool, Doc: "true to enable networking, false to disable"}},
		Summary: "Disable/enable all p2p network activity.",
		Result:  "true|false    (boolean) The value that was passed in",
		Handler: func(c *Call) (any, error) {
			on := c.Bool(0, true)
			return on, c.peerCommand(&msg.PeerCommand{What: msg.SetNetworkActive, On: on})
		},
	},
}

type networkFields struct {
	Name                string `json:"name"`
	Limited             bool   `json:"limited"`
	Reachable           bool   `json:"reachable"`
	Proxy               string `json:"proxy"`
	RandomizeCredential bool   `json:"proxy_randomize_credentials"`
}

type localAddress struct {
	Address string `json:"address"`
	Port    uint16 `json:"port"`
	Score   int    `json:"score"`
}

type networkInfo struct {
	Version            int             `json:"version"`
	Subversion         string          `json:"subversion"`
	ProtocolVersion    int             `json:"protocolversion"`
	LocalServices      string          `json:"localservices"`
	LocalServicesNames []string        `json:"localservicesnames"`
	LocalRelay         bool            `json:"localrelay"`
	TimeOffset         int64           `json:"timeoffset"`
	NetworkActive      bool            `json:"networkactive"`
	Connections        int             `json:"connections"`
	ConnectionsIn      int             `json:"connections_in"`
	ConnectionsOut     int             `json:"connections_out"`
	Networks           []networkFields `json:"networks"`
	RelayFee           Amount          `json:"relayfee"`
	IncrementalFee     Amount          `json:"incrementalfee"`
	LocalAddresses     []localAddress  `json:"localaddresses"`
	Warnings           any             `json:"warnings"`
}

func getNetworkInfo(c *Call) (any, error) {
	n := c.Node
	peers := n.Board.Peers()
	info := networkInfo{
		Version: version, Subversion: n.UserAgent, ProtocolVersion: wire.ProtocolVersion,
		LocalServices: servicesHex(n.Services), LocalServicesNames: serviceNames(n.Services),
		LocalRelay: !n.Config.Mempool.BlocksOnly, TimeOffset: medianOffset(peers.Peers),
		NetworkActive: !peers.NetworkInactive, Connections: len(peers.Peers),
		RelayFee: Amount(n.Config.Mempool.MinRelayFee), IncrementalFee: Amount(n.Config.Mempool.IncrementalFee),
		LocalAddresses: []localAddress{}, Warnings: n.warnings(),
	}
	for _, p := range peers.Peers {
		if p.Inbound() {
			info.ConnectionsIn++
		} else {
			info.ConnectionsOut++
		}
	}
	for _, name := range []string{"ipv4", "ipv6", "onion", "i2p", "cjdns"} {
		reachable := reachable(&n.Config.Network, name)
		info.Networks = append(info.Networks, networkFields{Name: name, Limited: !reachable, Reachable: reachable})
	}
	const manual = 4 // Core's LOCAL_MANUAL
	for _, e := range n.Config.Network.ExternalIP {
		info.LocalAddresses = append(info.LocalAddresses, localAddress{e.Host, e.Port, manual})
	}
	return info, nil
}

// reachable tells whether we would connect to that network: only the internet's
// are spoken, unless -onlynet leaves one out.
func reachable(c *config.Network, name string) bool {
	return (name == "ipv4" || name == "ipv6") && (len(c.OnlyNet) == 0 || slices.Contains(c.OnlyNet, name))
}

// medianOffset is how far the clocks of the peers we called are ahead of ours, in
// seconds.
func medianOffset(peers []*msg.Peer) int64 {
	var offsets []int64
	for _, p := range peers {
		if h := p.Hello(); h != nil && !p.Inbound() {
			offsets = append(offsets, int64(h.TimeOffset/time.Second))
		}
	}
	slices.Sort(offsets)
	if len(offsets) < 5 { // Core asks that many before it says anything
		return 0
	}
	return offsets[len(offsets)/2]
}

func servicesHex(s wire.Services) string { return fmt.Sprintf("%016x", uint64(s)) }

func serviceNames(s wire.Services) []string { return append([]string{}, s.Names()...) }

type uploadTarget struct {
	Timeframe       int64 `json:"timeframe"`
	Target          int64 `json:"target"`
	TargetReached   bool  `json:"target_reached"`
	ServeHistorical bool  `json:"serve_historical_blocks"`
	BytesLeft       int64 `json:"bytes_left_in_cycle"`
	TimeLeft        int64 `json:"time_left_in_cycle"`
}

type netTotals struct {
	BytesRecv    int64        `json:"totalbytesrecv"`
	BytesSent    int64        `json:"totalbytessent"`
	TimeMillis   int64        `json:"timemillis"`
	UploadTarget uploadTarget `json:"uploadtarget"`
}

func getNetTotals(c *Call) (any, error) {
	peers := c.Node.Board.Peers()
	t := netTotals{BytesRecv: peers.EndedRecv, BytesSent: peers.EndedSent, TimeMillis: time.Now().UnixMilli()}
	for _, p := range peers.Peers {
		t.BytesRecv += p.Stats.BytesRecv.Load()
		t.BytesSent += p.Stats.BytesSent.Load()
	}
	up, now := c.Node.Board.Upload, c.Node.now()
	left, lasts := up.Left(now)
	t.UploadTarget = uploadTarget{
		Timeframe: int64(msg.UploadCycle / time.Second), Target: up.Target(), TargetReached: up.Reached(),
		ServeHistorical: !up.NoHistory(now), BytesLeft: left, TimeLeft: int64(lasts / time.Second),
	}
	return t, nil
}

// peerCommand gives registry an order, and finds Core's code for its refusal.
func (c *Call) peerCommand(order *msg.PeerCommand) error {
	done, err := ask[*msg.Done](c.Context, c.Node, c.Node.Cast.Registry(), order)
	if err != nil {
		return err
	}
	switch done.Err {
	case nil:
		return nil
	case msg.ErrNodeAdded, msg.ErrAlreadyBanned:
		return Errorf(CodeNodeAlready, "%s", done.Err)
	case msg.ErrNodeNotAdded:
		return Errorf(CodeNodeNotAdded, "%s", done.Err)
	case msg.ErrNoCapacity:
		return Errorf(CodeNodeCapacity, "%s", done.Err)
	case msg.ErrNodeNotConnected:
		return Errorf(CodeNodeNotOnline, "%s", done.Err)
	case msg.ErrNotBanned:
		return Errorf(CodeInvalidSubnet, "%s", done.Err)
	}
	return done.Err
}
