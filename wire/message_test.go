package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire/netaddr"
)

func TestEveryMessageReadsBackWhatItWrote(t *testing.T) {
	for _, command := range Commands() {
		if command == CmdReject {
			continue
		}
		draw, ok := draws[command]
		if !ok {
			t.Errorf("%s has no generator", command)
			continue
		}
		t.Run(command, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m := draw(t)
				payload := m.AppendPayload(nil)
				if m.Command() != command {
					t.Fatalf("a %s calls itself %s", command, m.Command())
				}
				if limit, known := Limit(command); !known || len(payload) > limit {
					t.Fatalf("%d bytes exceed the limit of %d", len(payload), limit)
				}
				again, err := Decode(command, payload)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(again.AppendPayload(nil), payload) {
					t.Fatalf("wrote %x, then %x", payload, again.AppendPayload(nil))
				}
				if reflect.TypeOf(again) != reflect.TypeOf(m) {
					t.Fatalf("a %T was read as %T", m, again)
				}
				// What a later version of the protocol appends is ignored.
				longer, err := Decode(command, append(slices.Clone(payload), make([]byte, growth)...))
				if command == CmdPing || command == CmdVersion {
					return // their own fields are optional, so appended bytes are never foreign to a short one
				}
				if err != nil || !bytes.Equal(longer.AppendPayload(nil), payload) {
					t.Fatalf("with bytes behind its end: %v", err)
				}
			})
		})
	}
}

func TestEveryTruncatedMessageIsMalformed(t *testing.T) {
	for command, draw := range draws {
		t.Run(command, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				payload := draw(t).AppendPayload(nil)
				if len(payload) == 0 {
					return
				}
				n := rapid.IntRange(0, len(payload)-1).Draw(t, "kept")
				_, err := Decode(command, payload[:n])
				if err == nil {
					if command == CmdPing && n == 0 || command == CmdVersion && n >= 46 {
						return // old peers end there
					}
					t.Fatalf("%d of %d bytes were read as a whole message", n, len(payload))
				}
				var e *Error
				if !errors.As(err, &e) || e.Command != command || !errors.Is(err, Malformed) {
					t.Fatalf("%d of %d bytes: %v", n, len(payload), err)
				}
			})
		})
	}
}

func TestListsBeyondTheirLimitAreRefusedInCoresWords(t *testing.T) {
	for _, row := range []struct {
		command string
		prefix  int // bytes before the count
		limit   int
	}{
		{CmdAddr, 0, 1000}, {CmdAddrV2, 0, 1000}, {CmdInv, 0, 50_000}, {CmdGetData, 0, 50_000}, {CmdNotFound, 0, 50_000},
		{CmdHeaders, 0, 2000}, {CmdGetHeaders, 4, 101}, {CmdGetBlocks, 4, 101}, {CmdCFHeaders, 65, 2000},
		{CmdFilterAdd, 0, 520}, {CmdFilterLoad, 0, 36_000}, {CmdGetBlockTxn, 32, 65_536}, {CmdCmpctBlock, 88, 65_536},
	} {
		payload := tx.AppendCompactSize(make([]byte, row.prefix), uint64(row.limit+1))
		_, err := Decode(row.command, payload)
		if !errors.Is(err, Oversize) || !strings.Contains(err.Error(), row.command+" message size = ") {
			t.Errorf("%s with %d entries: %v", row.command, row.limit+1, err)
		}
		payload = tx.AppendCompactSize(make([]byte, row.prefix), uint64(row.limit))
		if _, err := Decode(row.command, payload); !errors.Is(err, Malformed) {
			t.Errorf("%s with %d entries announced and none sent: %v", row.command, row.limit, err)
		}
	}
}

func TestAnnouncedCountsTakeNoMemory(t *testing.T) {
	var before, after runtime.MemStats
	for command := range draws {
		for _, prefix := range []int{0, 1, 4, 32, 33, 65, 84, 88} {
			payload := append(make([]byte, prefix), 0xfe, 0x50, 0xc3, 0, 0) // 50,000, in a lengthy form too
			canonical := append(make([]byte, prefix), 0xfd, 0xe8, 0x03)     // 1000
			runtime.ReadMemStats(&before)
			_, _ = Decode(command, payload)
			_, _ = Decode(command, canonical)
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > 16<<10 {
				t.Errorf("%s: %d bytes for a payload of %d", command, took, len(payload))
			}
		}
	}
}

func TestLengthySizesAreNonCanonical(t *testing.T) {
	for _, payload := range [][]byte{{0xfd, 1, 0}, {0xfe, 1, 0, 0, 0}, {0xff, 1, 0, 0, 0, 0, 0, 0, 0}} {
		if _, err := Decode(CmdInv, payload); !errors.Is(err, NonCanonical) {
			t.Errorf("%x: %v", payload, err)
		}
	}
	// Services of addrv2 are flags and may use all bits, but not a lengthy form.
	entry := []byte{1, 0, 0, 0, 0, 0xff, 1, 0, 0, 0, 0, 0, 0, 0, 1, 4, 1, 2, 3, 4, 0x20, 0x8d}
	if _, err := Decode(CmdAddrV2, entry); !errors.Is(err, NonCanonical) {
		t.Errorf("lengthy services: %v", err)
	}
	entry[13] = 0x80
	m, err := Decode(CmdAddrV2, entry)
	if err != nil || m.(*AddrV2).Addrs[0].Services != 1<<63|1 {
		t.Errorf("64 bits of services: %v, %v", m, err)
	}
}

func TestVersionsOfOldPeersEndEarly(t *testing.T) {
	full := (&Version{Protocol: 60002, Services: 1, Time: -5, Nonce: 7, UserAgent: "/x:1(a)/\n<b>\x00", StartHeight: 9}).AppendPayload(nil)
	m, err := Decode(CmdVersion, full)
	v := m.(*Version)
	if err != nil || v.Time != 0 || v.Relay || v.StartHeight != 9 || v.CleanUserAgent() != "/x:1(a)/b" {
		t.Errorf("full: %+v, %v, clean agent %q", v, err, v.CleanUserAgent())
	}
	if m, err := Decode(CmdVersion, full[:46]); err != nil || !m.(*Version).Relay || m.(*Version).Nonce != 0 {
		t.Errorf("the shortest: %+v, %v", m, err)
	}
	if m, err := Decode(CmdVersion, full[:len(full)-1]); err != nil || !m.(*Version).Relay {
		t.Errorf("without relay flag (before BIP37): %+v, %v", m, err)
	}
	long := (&Version{UserAgent: strings.Repeat("a", MaxUserAgent+1)}).AppendPayload(nil)
	if _, err := Decode(CmdVersion, long); !errors.Is(err, Oversize) {
		t.Errorf("an agent of 257 bytes: %v", err)
	}
}

func TestAddrV2SkipsWhatItDoesNotKnow(t *testing.T) {
	entry := func(network byte, host ...byte) []byte {
		b := append([]byte{0, 0, 0, 0, 0, network, byte(len(host))}, host...)
		return append(b, 0x20, 0x8d)
	}
	payload := []byte{4}
	payload = append(payload, entry(1, 1, 2, 3, 4)...)
	payload = append(payload, entry(3, make([]byte, 10)...)...)  // Tor v2
	payload = append(payload, entry(77, make([]byte, 40)...)...) // the future
	payload = append(payload, entry(2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4)...)
	m, err := Decode(CmdAddrV2, payload)
	if err != nil || len(m.(*AddrV2).Addrs) != 1 || m.(*AddrV2).Addrs[0].Addr.String() != "1.2.3.4:8333" {
		t.Errorf("read %+v, %v", m, err)
	}
	if _, err := Decode(CmdAddrV2, append([]byte{1}, entry(1, 1, 2, 3)...)); !errors.Is(err, Malformed) || !strings.Contains(err.Error(), "BIP155 ipv4 address with length 3 (should be 4)") {
		t.Errorf("an IPv4 address of three bytes: %v", err)
	}
	if _, err := Decode(CmdAddrV2, []byte{1, 0, 0, 0, 0, 0, 9, 0xfd, 1, 2}); !errors.Is(err, Malformed) {
		t.Errorf("an address of 513 bytes: %v", err)
	}
}

func TestAddrCarriesOldFormsOnly(t *testing.T) {
	onion, err := netaddr.FromBytes(netaddr.TorV3, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	payload := (&Addr{[]PeerAddr{{Addr: netaddr.AddrPort{Addr: onion, Port: 1}}}}).AppendPayload(nil)
	m, err := Decode(CmdAddr, payload)
	if err != nil || m.(*Addr).Addrs[0].Addr.Addr.IsRoutable() {
		t.Errorf("an onion address in addr came out as %v, %v", m, err)
	}
}

func TestIndexesOfCompactBlocksStaySixteenBits(t *testing.T) {
	for _, diffs := range [][]uint64{{0xffff, 0}, {0x10000}, {0, 0xffff}, {0x8000, 0x8000}} {
		payload := tx.AppendCompactSize(make([]byte, 32), uint64(len(diffs)))
		for _, d := range diffs {
			payload = tx.AppendCompactSize(payload, d)
		}
		if _, err := Decode(CmdGetBlockTxn, payload); !errors.Is(err, Malformed) {
			t.Errorf("%x: %v", diffs, err)
		}
	}
	m, err := Decode(CmdGetBlockTxn, append(make([]byte, 32), 3, 0, 0, 0xfd, 0xfd, 0xff))
	if err != nil || !slices.Equal(m.(*GetBlockTxn).Indexes, []uint16{0, 1, 0xffff}) {
		t.Errorf("up to the last index: %v, %v", m, err)
	}
}

func TestWhatIsNotKnownIsKeptAsAName(t *testing.T) {
	for _, command := range []string{"alert", "sendtxrcncl", CmdReject} {
		m, err := Decode(command, []byte{1, 2, 3})
		u, ok := m.(*Unknown)
		if err != nil || !ok || u.Command() != command || u.Size != 3 || len(u.AppendPayload(nil)) != 0 {
			t.Errorf("%s: %v, %v", command, m, err)
		}
	}
}

func TestServicesHaveCoresNames(t *testing.T) {
	s := NodeNetwork | NodeWitness | NodeNetworkLimited
	if s.String() != "NETWORK|WITNESS|NETWORK_LIMITED" || !s.Has(NodeWitness) || s.Has(NodeBloom|NodeWitness) {
		t.Errorf("%s", s)
	}
	if s := Services(1<<4 | 1<<11 | 1<<63); s.String() != "UNKNOWN[2^4]|P2P_V2|UNKNOWN[2^63]" {
		t.Errorf("%s", s)
	}
	if InvWTx.String() != "wtx" || !InvWTx.IsTx() || InvWTx.IsBlock() || !InvCmpctBlock.IsBlock() || InvType(7).IsTx() {
		t.Error("inventory types")
	}
}

// Vectors by hand, from the definitions in the BIPs and the protocol's
// documentation, so that reader and writer cannot be wrong together.
func TestBytesAreAsDocumented(t *testing.T) {
	hash := tx.Hash{0: 1, 31: 2}
	h := string(hash[:])
	var nonce [8]byte
	binary.LittleEndian.PutUint64(nonce[:], 0x1122334455667788)
	for _, row := range []struct {
		m    Message
		want string
	}{
		{&Ping{0x1122334455667788}, string(nonce[:])},
		{&SendCmpct{true, 2}, "\x01\x02\x00\x00\x00\x00\x00\x00\x00"},
		{&FeeFilter{1000}, "\xe8\x03\x00\x00\x00\x00\x00\x00"},
		{&Inv{[]InvVect{{InvWitnessBlock, hash}}}, "\x01\x02\x00\x00\x40" + h},
		{&GetHeaders{70016, []tx.Hash{hash}, tx.Hash{}}, "\x80\x11\x01\x00\x01" + h + strings.Repeat("\x00", 32)},
		{&GetBlockTxn{hash, []uint16{1, 3, 4}}, h + "\x03\x01\x01\x00"},
		{&GetCFilters{0, 5, hash}, "\x00\x05\x00\x00\x00" + h},
		{&CFilter{0, hash, []byte("ab")}, "\x00" + h + "\x02ab"},
		{&CFCheckpt{0, hash, []tx.Hash{hash}}, "\x00" + h + "\x01" + h},
		{&FilterLoad{[]byte{0xb5}, 11, 5, 1}, "\x01\xb5\x0b\x00\x00\x00\x05\x00\x00\x00\x01"},
	} {
		if got := string(row.m.AppendPayload(nil)); got != row.want {
			t.Errorf("%s: %x, want %x", row.m.Command(), got, row.want)
		}
	}
}
