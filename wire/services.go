package wire

import (
	"fmt"
	"strings"
)

// ProtocolVersion is what we speak (Core 28: 70016, with BIP339).
const ProtocolVersion = 70016

// Versions of the protocol at which something began.
const (
	MinPeerVersion     = 31800 // older peers cannot serve headers: Core disconnects them
	VersionPong        = 60001 // BIP31: pings carry a nonce and are answered; from here on (Core compares with >60000)
	VersionSendHeaders = 70012 // BIP130
	VersionFeeFilter   = 70013 // BIP133
	VersionSendCmpct   = 70014 // BIP152
	VersionWTxIDRelay  = 70016 // BIP339
)

// Services is what a node offers to its peers.
type Services uint64

// The services in use.
const (
	NodeNetwork        Services = 1 << 0  // serves all blocks
	NodeBloom          Services = 1 << 2  // BIP111
	NodeWitness        Services = 1 << 3  // BIP144
	NodeCompactFilters Services = 1 << 6  // BIP157
	NodeNetworkLimited Services = 1 << 10 // BIP159: serves the last 288 blocks
	NodeP2PV2          Services = 1 << 11 // BIP324
)

// Has says whether all of want is offered.
func (s Services) Has(want Services) bool { return s&want == want }

var serviceNames = map[Services]string{
	NodeNetwork: "NETWORK", NodeBloom: "BLOOM", NodeWitness: "WITNESS", NodeCompactFilters: "COMPACT_FILTERS",
	NodeNetworkLimited: "NETWORK_LIMITED", NodeP2PV2: "P2P_V2",
}

// Names are Core's names of the services, as in getpeerinfo's servicesnames.
func (s Services) Names() []string {
	var names []string
	for bit := range 64 {
		if flag := Services(1) << bit; s.Has(flag) {
			name := serviceNames[flag]
			if name == "" {
				name = fmt.Sprintf("UNKNOWN[2^%d]", bit)
			}
			names = append(names, name)
		}
	}
	return names
}

// String joins the names.
func (s Services) String() string { return strings.Join(s.Names(), "|") }
