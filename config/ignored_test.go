package config

import (
	"strings"
	"testing"
)

// Core's feature_config_args.py, test_ignored_conf and test_ignored_default_conf.
func TestABitcoinConfInTheDataDirectoryThatIsNotReadStopsTheNode(t *testing.T) {
	both := files{"/d/bitcoin.conf": "regtest=1\n", "/etc/b.conf": "signet=1\n"}
	_, err := loadWith(t, both, nil, "-conf=/etc/b.conf")
	const want = `Data directory "/d" contains a "bitcoin.conf" file which is ignored, because a different configuration file "/etc/b.conf" from command line argument "-conf=/etc/b.conf" is being used instead.`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
	for _, args := range [][]string{{"-conf=/etc/b.conf", "-allowignoredconf"}, {"-conf=/d/bitcoin.conf"}, {"-noconf"}} {
		l := mustLoad(t, both, nil, args...)
		if warned := len(l.Notes.At(Warning)) > 0; warned != (len(args) == 2) {
			t.Errorf("%v: %v", args, l.Notes)
		}
	}
	mustLoad(t, files{"/etc/b.conf": ""}, nil, "-conf=/etc/b.conf") // there is no other

	elsewhere := files{"/home/me/.troupe/bitcoin.conf": "datadir=/d\n", "/d/bitcoin.conf": ""}
	src := Sources{Home: "/home/me", WorkDir: "/cwd", ReadFile: elsewhere.read}
	const from = `"/home/me/.troupe/bitcoin.conf" from data directory "/home/me/.troupe" is being used instead`
	if _, err := Load(src); err == nil || !strings.Contains(err.Error(), from) {
		t.Errorf("got %v", err)
	}
	src.SameFile = func(a, b string) bool { return a != b } // a link
	if _, err := Load(src); err != nil {
		t.Error(err)
	}
}

func TestUnknownNamesInAFileArePassedOverUnlessTheyLookMistyped(t *testing.T) {
	l := mustLoad(t, files{"/d/bitcoin.conf": "regtest=1\nshinynewthing=1\n[regtest]\nsignet.port=5\n"}, nil)
	var got []string
	for _, n := range l.Notes.At(Warning) {
		got = append(got, n.What)
	}
	want := "Section [regtest.signet] is not recognized.\nIgnoring unknown configuration value shinynewthing\nIgnoring unknown configuration value regtest.signet.port"
	if strings.Join(got, "\n") != want {
		t.Errorf("got %q", got)
	}
	typo := files{"/d/bitcoin.conf": "dbcahce=5\n"}
	if _, err := loadWith(t, typo, nil); err == nil || !strings.Contains(err.Error(), `unknown option "dbcahce" · did you mean dbcache?`) {
		t.Errorf("got %v", err)
	}
	l, err := Load(Sources{ReadFile: files{"/.troupe/bitcoin.conf": "dbcahce=5\n"}.read, Home: "/", WorkDir: "/", AsCore: true})
	if err != nil || len(l.Notes) != 1 || l.Notes[0].What != "Ignoring unknown configuration value dbcahce" {
		t.Errorf("as Core: %v %v", err, l)
	}
}

func TestDoubleNegationsAreObeyedWithAWarning(t *testing.T) {
	l := mustLoad(t, files{"/d/bitcoin.conf": "noserver=0\nnolisten=1\n"}, nil, "-notxindex=0", "-nodnsseed")
	if c := l.Config; !c.RPC.Server || !c.Store.TxIndex || c.Network.Listen || c.Network.DNSSeed {
		t.Errorf("%+v", c)
	}
	var got []string
	for _, n := range l.Notes.At(Warning) {
		got = append(got, n.What)
	}
	if strings.Join(got, " ") != "parsed potentially confusing double-negative -txindex=0 parsed potentially confusing double-negative -server=0" {
		t.Errorf("got %q", got)
	}
}

func TestAnRPCAuthThatNoPasswordFitsIsNoMistake(t *testing.T) {
	l := mustLoad(t, nil, nil, "-rpcauth=alice:f7ef$d5b51b3b")
	if a := l.Config.RPC.Auth; len(a) != 1 || a[0] != (RPCAuth{User: "alice", Salt: "f7ef", HMAC: "d5b51b3b"}) {
		t.Errorf("%+v", a)
	}
	for _, bad := range []string{"alice", "alice:f7ef", "alice:b:f7ef$d5", "alice:f7ef$d5$b5"} {
		if _, err := loadWith(t, nil, nil, "-rpcauth="+bad); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

func TestWhoStartsABitcoindFindsItsProcessID(t *testing.T) {
	args, problems := ParseArgs([]string{"-regtest"}, ArgRules{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for want, s := range map[string]Sources{
		"/.troupe/regtest/bitcoind.pid": {AsCore: true},
		"/.troupe/regtest/troupe.pid":   {},
	} {
		s.Args, s.ReadFile, s.Home, s.WorkDir = args, files{}.read, "/", "/"
		if l, err := Load(s); err != nil || l.Config.Process.PIDFile != want {
			t.Errorf("%q, %v, want %q", l.Config.Process.PIDFile, err, want)
		}
	}
}
