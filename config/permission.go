package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Permission is what a peer may do beyond an ordinary one, Core's
// NetPermissionFlags with the same names and implications.
type Permission uint32

const (
	PermBloomFilter Permission = 1 << 1              // bloomfilter: may ask with bloom filters
	PermRelay       Permission = 1 << 3              // relay: its transactions are relayed even with -blocksonly
	PermForceRelay  Permission = 1<<2 | PermRelay    // forcerelay: even those already in the pool
	PermDownload    Permission = 1 << 6              // download: getheaders during IBD, no upload limit
	PermNoBan       Permission = 1<<4 | PermDownload // noban: never disconnected for misbehaviour
	PermMempool     Permission = 1 << 5              // mempool: may ask for the pool's contents
	PermAddr        Permission = 1 << 7              // addr: its addresses are not rate limited
	PermImplicit    Permission = 1 << 31             // none was named: -whitelistrelay and -whitelistforcerelay decide
	permAll                    = PermBloomFilter | PermForceRelay | PermNoBan | PermMempool | PermAddr
)

var permissionNames = []struct {
	name string
	flag Permission
}{
	{"bloomfilter", PermBloomFilter}, {"bloom", PermBloomFilter}, {"noban", PermNoBan},
	{"forcerelay", PermForceRelay}, {"mempool", PermMempool}, {"download", PermDownload},
	{"all", permAll}, {"relay", PermRelay}, {"addr", PermAddr},
}

// Has tells whether every bit of q is granted.
func (p Permission) Has(q Permission) bool { return p&q == q }

// Names lists the granted permissions as Core's getpeerinfo does.
func (p Permission) Names() []string {
	names := []string{}
	for _, n := range []struct {
		name string
		flag Permission
	}{
		{"bloomfilter", PermBloomFilter}, {"noban", PermNoBan}, {"forcerelay", PermForceRelay},
		{"relay", PermRelay}, {"mempool", PermMempool}, {"download", PermDownload}, {"addr", PermAddr},
	} {
		if p.Has(n.flag) {
			names = append(names, n.name)
		}
	}
	return names
}

// Whitelist grants permissions to the peers of a subnet.
type Whitelist struct {
	Subnet      netip.Prefix
	Permissions Permission
	In, Out     bool // the directions of connection it applies to
}

// WhiteBind listens on an address and grants permissions to whoever connects there.
type WhiteBind struct {
	Addr        netip.AddrPort
	Permissions Permission
}

// splitPermissions reads "noban,in,out@rest". Without "@" the permissions are implicit.
func splitPermissions(s string) (p Permission, in, out bool, rest string, err error) {
	list, rest, ok := strings.Cut(s, "@")
	if !ok {
		return PermImplicit, true, false, s, nil
	}
	for _, word := range strings.Split(list, ",") {
		switch word {
		case "":
			continue
		case "in":
			in = true
			continue
		case "out":
			out = true
			continue
		}
		flag, known := lookupPermission(word)
		if !known {
			return 0, false, false, "", fmt.Errorf("Invalid P2P permission: '%s'", word)
		}
		p |= flag
	}
	if p == 0 && (in || out) {
		return 0, false, false, "", fmt.Errorf("Only direction was set, no permissions: '%s'", s)
	}
	if !in && !out {
		in = true
	}
	return p, in, out, rest, nil
}

func lookupPermission(name string) (Permission, bool) {
	for _, n := range permissionNames {
		if n.name == name {
			return n.flag, true
		}
	}
	return 0, false
}

func parseWhitelist(s string) (Whitelist, error) {
	p, in, out, rest, err := splitPermissions(s)
	if err != nil {
		return Whitelist{}, err
	}
	subnet, err := parseSubnet(rest)
	if err != nil {
		return Whitelist{}, fmt.Errorf("Invalid netmask specified in -whitelist: '%s'", rest)
	}
	return Whitelist{Subnet: subnet, Permissions: p, In: in, Out: out}, nil
}

func parseWhiteBind(s string) (WhiteBind, error) {
	p, _, out, rest, err := splitPermissions(s)
	if err != nil {
		return WhiteBind{}, err
	}
	if out {
		return WhiteBind{}, errors.New("whitebind may only be used for incoming connections (\"out\" was passed)")
	}
	addr, err := parseListen(rest, 0)
	if err != nil {
		return WhiteBind{}, fmt.Errorf("Cannot resolve -whitebind address: '%s'", rest)
	}
	if addr.Port() == 0 {
		return WhiteBind{}, fmt.Errorf("Need to specify a port with -whitebind: '%s'", rest)
	}
	return WhiteBind{Addr: addr, Permissions: p}, nil
}
