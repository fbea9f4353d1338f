package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/tx"
)

var mainnet = Magic{0xf9, 0xbe, 0xb4, 0xd9}

// readAll reads frames until the stream ends or is out of step.
func readAll(stream []byte) (got []Message, errs []error) {
	f := NewFrameReader(iotest.OneByteReader(bytes.NewReader(stream)), mainnet)
	for {
		h, err := f.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return got, append(errs, err)
		}
		var e *Error
		if errors.As(err, &e) {
			errs = append(errs, err)
			if !e.Kind.InStep() {
				return got, errs
			}
			_ = f.Skip()
			continue
		}
		payload := make([]byte, h.Length)
		if err := f.Payload(payload); err != nil {
			errs = append(errs, err)
			if !errors.As(err, &e) {
				return got, errs
			}
			continue
		}
		m, err := Decode(h.Command, payload)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		got = append(got, m)
	}
}

func TestAVerackIsTheFrameEverybodyKnows(t *testing.T) {
	const want = "f9beb4d976657261636b000000000000000000005df6e0e2"
	if got := hex.EncodeToString(Append(nil, mainnet, &Verack{})); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFramesSurviveAStreamOfAnyMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var sent []Message
		for range rapid.IntRange(0, 8).Draw(t, "messages") {
			m := draws[rapid.SampledFrom(sortedDraws).Draw(t, "command")](t)
			sent = append(sent, m)
			stream = Append(stream, mainnet, m)
		}
		got, errs := readAll(stream)
		if len(got) != len(sent) || len(errs) != 1 || !errors.Is(errs[0], io.EOF) {
			t.Fatalf("sent %d, got %d, %v", len(sent), len(got), errs)
		}
		for i := range got {
			if !bytes.Equal(got[i].AppendPayload(nil), sent[i].AppendPayload(nil)) {
				t.Fatalf("message %d differs", i)
			}
		}
	})
}

func TestBadFramesAreToldApartInCoresWords(t *testing.T) {
	ping := Append(nil, mainnet, &Ping{7})
	change := func(at int, b ...byte) []byte {
		c := bytes.Clone(ping)
		copy(c[at:], b)
		return c
	}
	for _, row := range []struct {
		name  string
		frame []byte
		kind  Kind
		text  string
	}{
		{"another network", change(0, 0xff, 0xff, 0xff, 0xff), WrongMagic, "Header error: Wrong MessageStart ffffffff received"},
		{"a byte behind the command's end", change(4+6, 'x'), BadCommand, "Header error: Invalid message type"},
		{"a control byte", change(4, 7), BadCommand, "Header error: Invalid message type"},
		{"beyond the protocol's limit", change(16, 0x01, 0x09, 0x3d, 0x00), Oversize, "Header error: Size too large (ping, 4000001 bytes)"},
		{"beyond the message's limit", change(16, 0x09, 0x01, 0, 0), Oversize, "Header error: Size too large (ping, 265 bytes)"},
		{"another checksum", change(20, 0xff, 0xff, 0xff, 0xff), BadChecksum, "Header error: Wrong checksum (ping, 8 bytes), expected"},
		{"lengths near 2^32", change(16, 0xff, 0xff, 0xff, 0xff), Oversize, "4294967295 bytes"},
	} {
		got, errs := readAll(append(row.frame, Append(nil, mainnet, &Verack{})...))
		if !errors.Is(errs[0], row.kind) || !strings.Contains(errs[0].Error(), row.text) {
			t.Errorf("%s: %v", row.name, errs[0])
		}
		if read := len(got) == 1; read != row.kind.InStep() {
			t.Errorf("%s: the next message was read: %v", row.name, read)
		}
	}
}

func TestTruncatedStreamsEndUnexpectedly(t *testing.T) {
	frame := Append(nil, mainnet, &Ping{7})
	for n := 1; n < len(frame); n++ {
		got, errs := readAll(frame[:n])
		if len(got) != 0 || len(errs) != 1 || !errors.Is(errs[0], io.ErrUnexpectedEOF) {
			t.Errorf("%d of %d bytes: %v, %v", n, len(frame), got, errs)
		}
	}
}

func TestUnknownMessagesAreSkippedWithoutKeepingThem(t *testing.T) {
	big := Append(nil, mainnet, &Raw{Name: "badmsg", Payload: bytes.Repeat([]byte("b"), MaxPayload)})
	stream := append(bytes.Clone(big), Append(nil, mainnet, &Ping{7})...)
	f := NewFrameReader(bytes.NewReader(stream), mainnet)
	h, err := f.Next()
	if err != nil || h.Known() || h.Length != MaxPayload {
		t.Fatalf("%+v, %v", h, err)
	}
	if err := f.Skip(); err != nil {
		t.Fatal(err)
	}
	if h, err := f.Next(); err != nil || h.Command != CmdPing || !h.Known() {
		t.Fatalf("after it: %+v, %v", h, err)
	}
	allocs := testing.AllocsPerRun(5, func() {
		f := NewFrameReader(bytes.NewReader(big), mainnet)
		if _, err := f.Next(); err != nil {
			t.Fatal(err)
		}
		if err := f.Skip(); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 8 {
		t.Errorf("%v allocations to skip a frame", allocs)
	}
	big[HeaderSize]++
	f = NewFrameReader(bytes.NewReader(big), mainnet)
	if _, err := f.Next(); err != nil {
		t.Fatal(err)
	}
	if err := f.Skip(); !errors.Is(err, BadChecksum) {
		t.Errorf("a changed byte in what is skipped: %v", err)
	}
}

func TestEveryLimitHoldsItsOwnLargestMessage(t *testing.T) {
	inventory := make([]InvVect, MaxInv)
	for _, m := range []Message{
		&Inv{inventory}, &GetData{inventory}, &NotFound{inventory},
		&Headers{make([]tx.Header, MaxHeaders)}, &Addr{make([]PeerAddr, MaxAddrs)},
		&FilterAdd{make([]byte, MaxFilterAdd)}, &FilterLoad{Filter: make([]byte, MaxFilterLoad)},
		&Version{UserAgent: strings.Repeat("x", MaxUserAgent)},
	} {
		frame := Append(nil, mainnet, m)
		if got, errs := readAll(frame); len(got) != 1 {
			t.Errorf("%s at its limit: %v", m.Command(), errs)
		}
	}
	// One more entry still reaches the decoder, whose error has Core's words.
	if _, errs := readAll(Append(nil, mainnet, &Inv{make([]InvVect, MaxInv+1)})); !strings.Contains(errs[0].Error(), "inv message size = 50001") {
		t.Error(errs)
	}
	if _, errs := readAll(Append(nil, mainnet, &Headers{make([]tx.Header, MaxHeaders+1)})); !strings.Contains(errs[0].Error(), "headers message size = 2001") {
		t.Error(errs)
	}
	// Every small message is refused at a size that would matter.
	for _, c := range []string{CmdVerack, CmdPing, CmdVersion, CmdGetHeaders, CmdSendCmpct} {
		if limit, _ := Limit(c); limit > 4096 {
			t.Errorf("%s may take %d bytes", c, limit)
		}
	}
}

func TestAFrameOfNoCommandIsNamedByWhatCanBeShownOfIt(t *testing.T) {
	var b [HeaderSize]byte
	PutHeader(&b, mainnet, "badmsg\x01%", []byte{1, 'd'})
	h, err := ParseHeader(&b, mainnet)
	if !errors.Is(err, BadCommand) || h.Command != "" {
		t.Fatalf("command %q, error %v", h.Command, err)
	}
	if err := h.Verify([]byte{2}); err == nil || !strings.Contains(err.Error(), "Wrong checksum (badmsg, 2 bytes)") {
		t.Errorf("%v", err)
	}
}
