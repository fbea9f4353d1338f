package addrbook

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/troupe-node/troupe/tx"
)

func TestAnchorsAreWrittenAsCoreDoes(t *testing.T) {
	magic := [4]byte{0xfa, 0xbf, 0xb5, 0xda}
	list := []Seen{
		{Addr: at("127.0.0.1:11001"), Services: 9, Time: time.Unix(0x01020304, 0)},
		{Addr: at("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333"), Services: 0x409, Time: start},
	}
	file := EncodeAnchors(append(list, Seen{Addr: at("8.8.8.8:1")}), magic)
	// Magic, two addresses; version, time, services, network, length, address, port.
	want := []byte{0xfa, 0xbf, 0xb5, 0xda, 2, 0x60, 0x5b, 0x03, 0x20, 4, 3, 2, 1, 9, 1, 4, 127, 0, 0, 1, 0x2a, 0xf9, 0x60, 0x5b, 0x03, 0x20}
	if !bytes.HasPrefix(file, want) {
		t.Errorf("%x, want %x first", file, want)
	}
	got, err := DecodeAnchors(file, magic)
	if err != nil || len(got) != 2 || got[0] != list[0] || got[1] != list[1] {
		t.Errorf("%v %v, want %v", got, err, list)
	}
	if got, err := DecodeAnchors(EncodeAnchors(nil, magic), magic); err != nil || len(got) != 0 {
		t.Errorf("none: %v %v", got, err)
	}
	if _, err := DecodeAnchors(file, [4]byte{1}); !errors.Is(err, ErrAnchors) {
		t.Errorf("of another chain: %v", err)
	}
	for i := range file {
		bad := bytes.Clone(file)
		bad[i]++
		if _, err := DecodeAnchors(bad, magic); !errors.Is(err, ErrAnchors) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := DecodeAnchors(file[:i], magic); !errors.Is(err, ErrAnchors) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
}

// FuzzDecodeAnchors looks behind the checksum.
func FuzzDecodeAnchors(f *testing.F) {
	magic := [4]byte{1, 2, 3, 4}
	file := EncodeAnchors([]Seen{{Addr: at("1.2.3.4:5"), Services: 1 << 40, Time: start}}, magic)
	f.Add(file[len(magic) : len(file)-sumSize])
	f.Add([]byte{1, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 1, 0xff})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, body []byte) {
		body = append(magic[:len(magic):len(magic)], body...)
		sum := tx.DoubleSHA256(body)
		list, err := DecodeAnchors(append(body, sum[:]...), magic)
		if err != nil && !errors.Is(err, ErrAnchors) || len(list) > MaxAnchors {
			t.Fatal(list, err)
		}
	})
}
