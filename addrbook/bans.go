package addrbook

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/troupe-node/troupe/wire/netaddr"
)

// DefaultBanTime is Core's -bantime.
const DefaultBanTime = 24 * time.Hour

// MaxBans bounds the list. An operator who needs more wants a firewall.
const MaxBans = 100_000

// Ban says that a subnet is not welcome for a while. Times are kept in whole
// seconds, as in the file.
type Ban struct {
	Subnet  netaddr.Subnet
	Created time.Time
	Until   time.Time
}

// Bans is the list that the operator manages (setban, listbanned) and that
// survives restarts.
type Bans struct {
	bans map[netaddr.Subnet]Ban
	bits map[netaddr.Network]map[int]int // how many bans have prefixes of this length
}

// NewBans makes an empty list.
func NewBans() *Bans {
	return &Bans{bans: make(map[netaddr.Subnet]Ban), bits: make(map[netaddr.Network]map[int]int)}
}

// Add bans a subnet. A ban that lasts longer stays. Not added if the list is
// full.
func (l *Bans) Add(b Ban) bool {
	b.Created, b.Until = b.Created.Truncate(time.Second), b.Until.Truncate(time.Second)
	old, known := l.bans[b.Subnet]
	if known && !old.Until.Before(b.Until) || !known && len(l.bans) >= MaxBans || b.Subnet.IsZero() {
		return false
	}
	if !known {
		n := b.Subnet.Base().Network()
		if l.bits[n] == nil {
			l.bits[n] = make(map[int]int)
		}
		l.bits[n][b.Subnet.Bits()]++
	}
	l.bans[b.Subnet] = b
	return true
}

// Remove lifts a ban; the subnet must be exactly the banned one.
func (l *Bans) Remove(s netaddr.Subnet) bool {
	if _, known := l.bans[s]; !known {
		return false
	}
	delete(l.bans, s)
	lengths := l.bits[s.Base().Network()]
	if lengths[s.Bits()]--; lengths[s.Bits()] == 0 {
		delete(lengths, s.Bits())
	}
	return true
}

// Clear lifts all bans.
func (l *Bans) Clear() { *l = *NewBans() }

// Len counts the bans, expired ones included until Sweep.
func (l *Bans) Len() int { return len(l.bans) }

// Banned says whether an address falls under a ban. It costs one look-up per
// prefix length in use, however long the list.
func (l *Bans) Banned(a netaddr.Addr, now time.Time) bool {
	for bits := range l.bits[a.Network()] {
		if b, ok := l.bans[netaddr.Prefix(a, bits)]; ok && now.Before(b.Until) {
			return true
		}
	}
	return false
}

// BannedSubnet says whether exactly this subnet is banned (setban's "already
// banned").
func (l *Bans) BannedSubnet(s netaddr.Subnet, now time.Time) bool {
	b, ok := l.bans[s]
	return ok && now.Before(b.Until)
}

// Sweep removes bans that are over and gives them for the log.
func (l *Bans) Sweep(now time.Time) (over []Ban) {
	for _, b := range l.List() {
		if !now.Before(b.Until) {
			l.Remove(b.Subnet)
			over = append(over, b)
		}
	}
	return over
}

// List gives the bans in a stable order.
func (l *Bans) List() []Ban {
	out := make([]Ban, 0, len(l.bans))
	for _, b := range l.bans {
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b Ban) int {
		return cmp.Or(cmp.Compare(a.Subnet.Base().Network(), b.Subnet.Base().Network()),
			slices.Compare(a.Subnet.Base().Bytes(), b.Subnet.Base().Bytes()), cmp.Compare(a.Subnet.Bits(), b.Subnet.Bits()))
	})
	return out
}

// banFile is Core's banlist.json.
type banFile struct {
	Nets []banRecord `json:"banned_nets"`
}

type banRecord struct {
	Version int    `json:"version"`
	Created int64  `json:"ban_created"`
	Until   int64  `json:"banned_until"`
	Address string `json:"address"`
}

const banVersion = 1

// EncodeJSON writes banlist.json as Core does, so that either reads the
// other's.
func (l *Bans) EncodeJSON() ([]byte, error) {
	f := banFile{Nets: []banRecord{}}
	for _, b := range l.List() {
		f.Nets = append(f.Nets, banRecord{banVersion, b.Created.Unix(), b.Until.Unix(), b.Subnet.String()})
	}
	out, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("ban list: %w", err)
	}
	return append(out, '\n'), nil
}

// DecodeJSON reads banlist.json. Records of other versions or with addresses
// nobody understands are left out and given back for the log, as in Core.
func DecodeJSON(file []byte) (l *Bans, skipped []string, err error) {
	var f banFile
	if err := json.Unmarshal(file, &f); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrBanList, err)
	}
	if f.Nets == nil {
		return nil, nil, fmt.Errorf("%w: no banned_nets in it", ErrBanList)
	}
	l = NewBans()
	for _, r := range f.Nets {
		s, err := netaddr.ParseSubnet(strings.TrimSpace(r.Address))
		if err != nil || r.Version != banVersion || !l.Add(Ban{s, time.Unix(r.Created, 0), time.Unix(r.Until, 0)}) {
			skipped = append(skipped, r.Address)
		}
	}
	return l, skipped, nil
}
