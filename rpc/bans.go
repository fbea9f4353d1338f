package rpc

import (
	"strings"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/wire/netaddr"
)

var banMethods = []Method{
	{
		Name: "setban", Category: "network",
		Params: []Param{
			{Name: "subnet", Kind: String, Doc: "The IP/Subnet (see getpeerinfo for nodes IP) with an optional netmask (default is /32 = single IP)"},
			{Name: "command", Kind: String, Doc: "'add' to add an IP/Subnet to the list, 'remove' to remove an IP/Subnet from the list"},
			{Name: "bantime", Kind: Number, Optional: true, Default: "0", Doc: "time in seconds how long (or until when if [absolute] is set) the IP is banned (0 or empty means using the default time of 24h which can also be overwritten by the -bantime startup argument)"},
			{Name: "absolute", Kind: Bool, Optional: true, Default: "false", Doc: "If set, the bantime must be an absolute timestamp expressed in UNIX epoch time"},
		},
		Summary: "Attempts to add or remove an IP/Subnet from the banned list.",
		Result:  "null", Handler: setBan,
	},
	{
		Name: "listbanned", Category: "network",
		Summary: "List all manually banned IPs/Subnets.",
		Result:  `[ { "address", "ban_created", "banned_until", "ban_duration", "time_remaining" }, ... ]    (json array)`,
		Handler: listBanned,
	},
	{
		Name: "clearbanned", Category: "network",
		Summary: "Clear all banned IPs.", Result: "null",
		Handler: func(c *Call) (any, error) { return nil, c.peerCommand(&msg.PeerCommand{What: msg.ClearBans}) },
	},
}

func setBan(c *Call) (any, error) {
	command := c.String(1, "")
	if command != "add" && command != "remove" {
		m, _ := c.Server.registry.Lookup("setban")
		return nil, Errorf(CodeMisc, "%s", m.Help())
	}
	subnet, err := parseBanned(c.String(0, ""))
	if err != nil {
		return nil, Errorf(CodeInvalidSubnet, "Error: Invalid IP/Subnet")
	}
	ban := &msg.Ban{Subnet: subnet, Lift: command == "remove"}
	if !ban.Lift {
		seconds, err := c.Int(2, 0)
		if err != nil {
			return nil, err
		}
		now := c.Node.now().Unix()
		absolute := c.Bool(3, false)
		switch {
		case absolute && seconds < now:
			return nil, Errorf(CodeInvalidParam, "Error: Absolute timestamp is in the past")
		case seconds <= 0:
			ban.Until = now + int64(c.Node.Config.Network.BanTime.Seconds())
		case absolute:
			ban.Until = seconds
		default:
			ban.Until = now + seconds
		}
	}
	return nil, c.peerCommand(&msg.PeerCommand{What: msg.SetBan, Ban: ban})
}

// parseBanned reads an address or a subnet.
func parseBanned(s string) (netaddr.Subnet, error) {
	if strings.Contains(s, "/") {
		return netaddr.ParseSubnet(s)
	}
	a, err := netaddr.Parse(s)
	if err != nil {
		return netaddr.Subnet{}, err
	}
	return netaddr.Single(a), nil
}

type bannedFields struct {
	Address       string `json:"address"`
	BanCreated    int64  `json:"ban_created"`
	BannedUntil   int64  `json:"banned_until"`
	BanDuration   int64  `json:"ban_duration"`
	TimeRemaining int64  `json:"time_remaining"`
}

func listBanned(c *Call) (any, error) {
	now := c.Node.now().Unix()
	list := []bannedFields{}
	for _, b := range c.Node.Board.Peers().Bans {
		created, until := b.Created.Unix(), b.Until.Unix()
		if until <= now {
			continue
		}
		list = append(list, bannedFields{b.Subnet.String(), created, until, until - created, until - now})
	}
	return list, nil
}
