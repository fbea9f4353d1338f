package wire

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
	"pgregory.net/rapid"
)

// What btcsuite's wire reads and writes as we do. It does not know BIP152,
// stops at its own limits for BIP157, and BIP155's address types are stricter
// there, so these commands are compared elsewhere: by the tables above.
var btcsuiteKnows = []string{
	CmdAddr, CmdBlock, CmdCFCheckpt, CmdCFHeaders, CmdCFilter, CmdFeeFilter, CmdFilterAdd, CmdFilterClear, CmdFilterLoad, CmdGetAddr,
	CmdGetBlocks, CmdGetCFCheckpt, CmdGetCFHeaders, CmdGetCFilters, CmdGetData, CmdGetHeaders, CmdHeaders, CmdInv, CmdMempool,
	CmdMerkleBlock, CmdNotFound, CmdPing, CmdPong, CmdSendAddrV2, CmdSendHeaders, CmdTx, CmdVerack, CmdVersion,
}

func TestBtcsuiteReadsWhatWeWriteAndWritesTheSame(t *testing.T) {
	for _, command := range btcsuiteKnows {
		t.Run(command, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				frame := Append(nil, mainnet, draws[command](t))
				_, m, _, err := wire.ReadMessageWithEncodingN(bytes.NewReader(frame), ProtocolVersion, wire.MainNet, wire.WitnessEncoding)
				if err != nil {
					t.Fatalf("btcsuite refuses %x: %v", frame, err)
				}
				var back bytes.Buffer
				if _, err := wire.WriteMessageWithEncodingN(&back, m, ProtocolVersion, wire.MainNet, wire.WitnessEncoding); err != nil {
					t.Fatalf("btcsuite does not write what it read: %v", err)
				}
				if !bytes.Equal(back.Bytes(), frame) {
					t.Fatalf("we wrote %x, btcsuite %x", frame, back.Bytes())
				}
			})
		})
	}
}

func TestBtcsuiteReadsOurAddrV2(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ours := draws[CmdAddrV2](t).(*AddrV2)
		if len(ours.Addrs) == 0 {
			return // btcsuite refuses an empty list
		}
		var theirs wire.MsgAddrV2
		if err := theirs.BtcDecode(bytes.NewReader(ours.AppendPayload(nil)), ProtocolVersion, wire.LatestEncoding); err != nil {
			t.Fatal(err)
		}
		for i, j := 0, 0; i < len(ours.Addrs); i++ {
			a := ours.Addrs[i].Addr
			if n := a.Addr.Network(); n.Size() == 32 && n.String() == "i2p" || n.String() == "cjdns" {
				continue // btcsuite leaves these out
			}
			b := theirs.AddrList[j]
			j++
			if b.Port != a.Port || uint64(b.Services) != uint64(ours.Addrs[i].Services) || uint32(b.Timestamp.Unix()) != ours.Addrs[i].Time {
				t.Fatalf("entry %d: %v and %v", i, b, ours.Addrs[i])
			}
		}
	})
}

// FuzzAgainstBtcsuite gives the same bytes to both. What btcsuite accepts, and
// writes back the same, we must accept too and write back the same.
func FuzzAgainstBtcsuite(f *testing.F) {
	for i, command := range btcsuiteKnows {
		f.Add(byte(i), example(command, 3).AppendPayload(nil))
	}
	f.Fuzz(func(t *testing.T, which byte, payload []byte) {
		command := btcsuiteKnows[int(which)%len(btcsuiteKnows)]
		frame := Append(nil, mainnet, &Raw{command, payload})
		_, m, _, err := wire.ReadMessageWithEncodingN(bytes.NewReader(frame), ProtocolVersion, wire.MainNet, wire.WitnessEncoding)
		if err != nil {
			return // stricter in places: trailing bytes, empty lists
		}
		var back bytes.Buffer
		if _, err := wire.WriteMessageWithEncodingN(&back, m, ProtocolVersion, wire.MainNet, wire.WitnessEncoding); err != nil || !bytes.Equal(back.Bytes(), frame) {
			return // values it normalises
		}
		ours, err := Decode(command, payload)
		if err != nil {
			t.Fatalf("btcsuite accepts %s %x, we do not: %v", command, payload, err)
		}
		if got := ours.AppendPayload(nil); !bytes.Equal(got, payload) && command != CmdVersion && command != CmdAddr {
			t.Fatalf("%s %x was written back as %x", command, payload, got)
		}
	})
}
