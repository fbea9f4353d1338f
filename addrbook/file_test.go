package addrbook

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/wire/netaddr"
)

func someBook() *Book {
	b := newBook()
	for n := range 40 {
		b.Add(seen(publicIP(n*300), start), publicIP(n*900).Addr, 0, start)
	}
	onion, _ := netaddr.FromBytes(netaddr.TorV3, make([]byte, 32))
	b.Add(seen(netaddr.AddrPort{Addr: onion, Port: 8333}, start), netaddr.Addr{}, 0, start)
	for n := range 20 {
		b.Good(publicIP(n*600), start.Add(time.Duration(n)*time.Second))
	}
	b.Attempt(publicIP(300), true, start)
	return b
}

func TestAFileGivesTheSameBookBack(t *testing.T) {
	b := someBook()
	again, err := Decode(b.Encode([4]byte{1, 2, 3, 4}), [4]byte{1, 2, 3, 4}, random(2))
	if err != nil {
		t.Fatal(err)
	}
	check(t, again)
	if again.key != b.key || !again.lastGood.Equal(b.lastGood) || again.Len() != b.Len() {
		t.Errorf("key, last success or size differ: %d of %d", again.Len(), b.Len())
	}
	for _, want := range b.All() {
		if got, ok := again.Find(want.Addr); !ok || got != want {
			t.Errorf("%+v became %+v", want, got)
		}
	}
}

func TestADamagedFileIsRefusedWithItsReason(t *testing.T) {
	magic := [4]byte{1, 2, 3, 4}
	file := someBook().Encode(magic)
	for at := 0; at < len(file); at += 7 {
		bad := bytes.Clone(file)
		bad[at] ^= 0x10
		_, err := Decode(bad, magic, random(1))
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNotABook) && !errors.Is(err, ErrVersion) && !errors.Is(err, ErrOtherChain) {
			t.Fatalf("byte %d changed: %v", at, err)
		}
	}
	for n := 0; n < len(file); n += 11 {
		if _, err := Decode(file[:n], magic, random(1)); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNotABook) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	if _, err := Decode(file, [4]byte{9}, random(1)); !errors.Is(err, ErrOtherChain) {
		t.Errorf("another chain: %v", err)
	}
	newer := bytes.Clone(file)
	newer[len(fileSignature)]++
	if _, err := Decode(newer, magic, random(1)); !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), fmt.Sprintf("version %d,", fileVersion+1)) {
		t.Errorf("a newer version: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	file := someBook().Encode([4]byte{})
	f.Add(file[len(fileSignature)+6 : len(file)-sumSize])
	empty := newBook().Encode([4]byte{})
	f.Add(empty[len(fileSignature)+6 : len(empty)-sumSize])
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := decodeBody(body, random(1))
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		check(t, b)
		if _, err := Decode(b.Encode([4]byte{}), [4]byte{}, random(1)); err != nil {
			t.Fatalf("an accepted book does not survive its file: %v", err)
		}
	})
}

func ban(s string, until time.Duration) Ban {
	n, err := netaddr.ParseSubnet(s)
	if err != nil {
		panic(err)
	}
	return Ban{n, start, start.Add(until)}
}

func TestBansCoverTheirSubnetUntilTheyEnd(t *testing.T) {
	l := NewBans()
	l.Add(ban("1.2.3.0/24", time.Hour))
	l.Add(ban("2001:db8::/32", 2*time.Hour))
	if l.Add(ban("1.2.3.0/24", time.Minute)) {
		t.Error("a shorter ban replaced a longer one")
	}
	for _, row := range []struct {
		addr  string
		after time.Duration
		want  bool
	}{
		{"1.2.3.4", 0, true}, {"1.2.4.4", 0, false}, {"1.2.3.4", time.Hour, false}, {"2001:db8:9::1", 0, true}, {"2001:db9::1", 0, false},
	} {
		if got := l.Banned(at(row.addr).Addr, start.Add(row.after)); got != row.want {
			t.Errorf("%s after %s: %v", row.addr, row.after, got)
		}
	}
	if !l.BannedSubnet(ban("1.2.3.0/24", 0).Subnet, start) || l.BannedSubnet(ban("1.2.3.4/32", 0).Subnet, start) {
		t.Error("a subnet is banned exactly or not at all")
	}
	over := l.Sweep(start.Add(time.Hour))
	if len(over) != 1 || over[0].Subnet.String() != "1.2.3.0/24" || l.Len() != 1 {
		t.Errorf("swept %v", over)
	}
	if !l.Remove(ban("2001:db8::/32", 0).Subnet) || l.Remove(ban("2001:db8::/32", 0).Subnet) || l.Banned(at("2001:db8:9::1").Addr, start) {
		t.Error("a lifted ban still works, or was lifted twice")
	}
}

func TestBanListIsCoresFile(t *testing.T) {
	const core = `{
  "banned_nets": [
    {
      "version": 1,
      "ban_created": 1700000000,
      "banned_until": 1700003600,
      "address": "1.2.3.0/24"
    },
    {
      "version": 1,
      "ban_created": 1700000000,
      "banned_until": 1700003600,
      "address": "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
    }
  ]
}
`
	l, skipped, err := DecodeJSON([]byte(core))
	if err != nil || len(skipped) != 0 || l.Len() != 2 {
		t.Fatalf("%v, skipped %v", err, skipped)
	}
	out, err := l.EncodeJSON()
	if err != nil || string(out) != core {
		t.Errorf("%v\n%s", err, out)
	}
	l, skipped, err = DecodeJSON([]byte(`{"banned_nets":[{"version":1,"address":"junk","banned_until":9},{"version":2,"address":"1.1.1.1/32","banned_until":9},{"version":1,"ban_created":0,"banned_until":5,"address":"8.8.8.8/32"}]}`))
	if err != nil || len(skipped) != 2 || l.Len() != 1 {
		t.Errorf("%v, skipped %v", err, skipped)
	}
	for _, s := range []string{"", "{}", "[]", `{"banned_nets":`, `{"banned_nets":[1]}`} {
		if _, _, err := DecodeJSON([]byte(s)); !errors.Is(err, ErrBanList) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzBanList(f *testing.F) {
	f.Add([]byte(`{"banned_nets":[{"version":1,"ban_created":0,"banned_until":5,"address":"8.8.8.8/32"}]}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		l, _, err := DecodeJSON(file)
		if err != nil {
			return
		}
		out, err := l.EncodeJSON()
		if err != nil {
			t.Fatal(err)
		}
		again, skipped, err := DecodeJSON(out)
		if err != nil || len(skipped) != 0 || again.Len() != l.Len() {
			t.Fatalf("%s: %v, skipped %v", out, err, skipped)
		}
	})
}

func TestScoresAddUpAndFade(t *testing.T) {
	l := NewScores()
	a := at("1.2.3.4").Addr
	if l.Add(a, 60, start) != 60 || l.Add(a, 40, start) != DiscourageAt {
		t.Error("points do not add up")
	}
	if got := l.Of(a, start.Add(halfLife)); got != 50 {
		t.Errorf("after the half-life: %d", got)
	}
	if got := l.Of(a, start.Add(-time.Hour)); got != 100 {
		t.Errorf("with a clock set back: %d", got)
	}
	l.Add(at("2a00::1").Addr, 5, start)
	if l.Of(at("2a00::ffff").Addr, start) != 5 || l.Of(at("2a00:0:0:1::1").Addr, start) != 0 {
		t.Error("a /64 is one host, the next is another")
	}
	for n := range 2 * maxScored {
		l.Add(publicIP(n*256).Addr, 1, start)
	}
	if l.Len() != maxScored || l.Of(a, start) != 100 {
		t.Errorf("%d scores, the highest is %d", l.Len(), l.Of(a, start))
	}
	l.Forgive(a)
	if l.Of(a, start) != 0 {
		t.Error("not forgiven")
	}
}

func TestDiscouragedAddressesAreForgottenOldestFirst(t *testing.T) {
	d := NewDiscouraged()
	for n := range 2*discouragedHalf + 10 {
		d.Add(publicIP(n).Addr)
	}
	if d.Len() > 2*discouragedHalf || d.Has(publicIP(0).Addr) || !d.Has(publicIP(discouragedHalf+5).Addr) || !d.Has(publicIP(2*discouragedHalf+9).Addr) {
		t.Errorf("%d addresses", d.Len())
	}
}
