package rpc

import (
	"fmt"
	"strings"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/wire/netaddr"
)

var addressBookMethods = []Method{
	{
		Name: "getnodeaddresses", Category: "network",
		Params: []Param{
			{Name: "count", Kind: Number, Optional: true, Default: "1", Doc: "The maximum number of addresses to return. Specify 0 to return all known addresses."},
			{Name: "network", Kind: String, Optional: true, Default: "all networks", Doc: "Return only addresses of the specified network. Can be one of: ipv4, ipv6, onion, i2p, cjdns."},
		},
		Summary: "Return known addresses, after filtering for quality and recency.\nThese can potentially be used to find new peers in the network.\nThe total number of addresses known to the node may be higher.",
		Result:  "[ { \"time\", \"services\", \"address\", \"port\", \"network\" }, ... ]    (json array)",
		Handler: getNodeAddresses,
	},
	{
		Name: "getaddrmaninfo", Category: "network",
		Summary: "Provides information about the node's address manager by returning the number of addresses in the `new` and `tried` tables and their sum for all networks.",
		Result:  `{ "ipv4", "ipv6", "onion", "i2p", "cjdns", "all_networks": each { "new", "tried", "total" } }    (json object)`,
		Handler: getAddrmanInfo,
	},
	{
		Name: "getrawaddrman", Category: "hidden", Hidden: true,
		Summary: "EXPERIMENTAL warning: this call may be changed in future releases.\n\nReturns information on all address manager entries for the new and tried tables.",
		Result:  `{ "new", "tried": each { "bucket/position": { "address", "port", "services", "time", "network", "source", "source_network" }, ... } }    (json object)`,
		Handler: getRawAddrman,
	},
	{
		Name: "addpeeraddress", Category: "hidden", Hidden: true,
		Params: []Param{
			{Name: "address", Kind: String, Doc: "The IP address of the peer"},
			{Name: "port", Kind: Number, Doc: "The port of the peer"},
			{Name: "tried", Kind: Bool, Optional: true, Default: "false", Doc: "If true, attempt to add the peer to the tried addresses table"},
		},
		Summary: "Add the address of a potential peer to an address manager table. This RPC is for testing only.",
		Result:  "{ \"success\", \"error\" }    (json object)",
		Handler: addPeerAddress,
	},
}

// bookNetworks are the networks that the methods name, in Core's order.
var bookNetworks = []netaddr.Network{netaddr.IPv4, netaddr.IPv6, netaddr.TorV3, netaddr.I2P, netaddr.CJDNS}

type nodeAddress struct {
	Time     int64  `json:"time"`
	Services uint64 `json:"services"`
	Address  string `json:"address"`
	Port     uint16 `json:"port"`
	Network  string `json:"network"`
}

func (c *Call) book(shareable bool) ([]addrbook.Info, error) {
	shown, err := ask[*msg.BookShown](c.Context, c.Node, c.Node.Cast.Registry(), &msg.BookWanted{Shareable: shareable})
	if err != nil {
		return nil, err
	}
	return shown.Entries, nil
}

func getNodeAddresses(c *Call) (any, error) {
	count, err := c.Int32(0, 1)
	if err != nil {
		return nil, err
	}
	if count < 0 {
		return nil, Errorf(CodeInvalidParam, "Address count out of range")
	}
	network := netaddr.None
	if c.Has(1) {
		if network = networkNamed(c.String(1, "")); network == netaddr.None {
			return nil, Errorf(CodeInvalidParam, "Network not recognized: %s", c.String(1, ""))
		}
	}
	entries, err := c.book(true)
	if err != nil {
		return nil, err
	}
	list := []nodeAddress{}
	for _, e := range entries {
		if count > 0 && len(list) == int(count) {
			break
		}
		if network != netaddr.None && e.Addr.Addr.Network() != network {
			continue
		}
		list = append(list, nodeAddress{e.Seen.Unix(), e.Services, e.Addr.Addr.String(), e.Addr.Port, e.Addr.Addr.Network().String()})
	}
	return list, nil
}

func networkNamed(s string) netaddr.Network {
	for _, n := range bookNetworks {
		if strings.EqualFold(n.String(), s) {
			return n
		}
	}
	return netaddr.None
}

type bookCounts struct {
	New   int `json:"new"`
	Tried int `json:"tried"`
	Total int `json:"total"`
}

func getAddrmanInfo(c *Call) (any, error) {
	entries, err := c.book(false)
	if err != nil {
		return nil, err
	}
	counts := map[netaddr.Network]*bookCounts{}
	all := &bookCounts{}
	info := Object{}
	for _, n := range bookNetworks {
		counts[n] = &bookCounts{}
		info = append(info, Field{n.String(), counts[n]})
	}
	for _, e := range entries {
		of := counts[e.Addr.Addr.Network()]
		if of == nil {
			continue
		}
		for _, b := range []*bookCounts{of, all} {
			if b.Total++; e.Tried {
				b.Tried++
			} else {
				b.New++
			}
		}
	}
	return append(info, Field{"all_networks", all}), nil
}

type rawAddress struct {
	Address       string `json:"address"`
	Port          uint16 `json:"port"`
	Services      uint64 `json:"services"`
	Time          int64  `json:"time"`
	Network       string `json:"network"`
	Source        string `json:"source"`
	SourceNetwork string `json:"source_network"`
}

func getRawAddrman(c *Call) (any, error) {
	shown, err := ask[*msg.BookShown](c.Context, c.Node, c.Node.Cast.Registry(), &msg.BookWanted{Places: true})
	if err != nil {
		return nil, err
	}
	return Object{{"new", rawTable(shown.New)}, {"tried", rawTable(shown.Tried)}}, nil
}

func rawTable(places []addrbook.Place) Object {
	table := Object{}
	for _, p := range places {
		table = append(table, Field{fmt.Sprintf("%d/%d", p.Bucket, p.Position), rawAddress{
			p.Addr.Addr.String(), p.Addr.Port, p.Services, p.Seen.Unix(), p.Addr.Addr.Network().String(), p.Source.String(), p.Source.Network().String(),
		}})
	}
	return table
}

func addPeerAddress(c *Call) (any, error) {
	port, err := c.port(1)
	if err != nil {
		return nil, err
	}
	a, err := netaddr.Parse(c.String(0, ""))
	if err != nil {
		return Object{{"success", false}}, nil
	}
	order := &msg.PeerCommand{What: msg.AddAddress, Addr: netaddr.AddrPort{Addr: a, Port: port}, On: c.Bool(2, false)}
	done, err := ask[*msg.Done](c.Context, c.Node, c.Node.Cast.Registry(), order)
	switch {
	case err != nil:
		return nil, err
	case done.Err != nil:
		return Object{{"error", done.Err.Error()}, {"success", false}}, nil
	}
	return Object{{"success", true}}, nil
}
