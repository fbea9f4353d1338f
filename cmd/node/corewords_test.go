package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestABitcoindSaysInCoresSentencesWhyItDoesNotStart(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-foo", "Error: Error parsing command line arguments: Invalid parameter -foo"},
		{"-proxy", "Error: Error parsing command line arguments: Can not set -proxy with no value. Please specify value with -proxy=value."},
		{"-includeconf=x", "Error: Error parsing command line arguments: -includeconf cannot be used from commandline; -includeconf=\"x\""},
		{"-noincludeconf=0", "Error: Error parsing command line arguments: -includeconf cannot be used from commandline; -includeconf=true"},
		{"-debug=abc", "Error: Unsupported logging category -debug=abc."},
		{"-debugexclude=mempol", "Error: Unsupported logging category -debugexclude=mempol."},
		{"-loglevel=abc", "Error: Unsupported global logging level -loglevel=abc. Valid values: info, debug, trace."},
		{"foo", "Error: Command line contains unexpected token 'foo', see bitcoind -h for a list of options."},
		{"-peertimeout=0", "Error: peertimeout must be a positive integer."},
		{"-whitebind=noban@127.0.0.1 -bind=127.0.0.1 -listen=0", "Error: Cannot set -bind or -whitebind together with -listen=0"},
		{"-whitebind=noban@127.0.0.1", "Error: Need to specify a port with -whitebind: '127.0.0.1'"},
		{"-maxmempool=4", "Error: -maxmempool must be at least 5 MB"},
		{"-rpcauth=foo:bar", "Error: Unable to start HTTP server. See debug log for details."},
		{"-uacomment=a(b", "Error: User Agent comment (a(b) contains unsafe characters."},
		{"-txindex -prune=550", "Error: Prune mode is incompatible with -txindex."},
	} {
		p := newProgram(t, idle(readiness{}))
		p.name = "bitcoind"
		code := p.do(append([]string{"-regtest", "-datadir=" + p.dir}, strings.Fields(c.args)...)...)
		if got := strings.TrimSpace(p.err.String()); code == exitOK || got != c.want {
			t.Errorf("%s: exit %d, %q, want %q", c.args, code, got, c.want)
		}
	}
}

// Core's feature_config_args.py: what is wrong in a file is told in its sentences, too.
func TestABitcoindSaysInCoresSentencesWhatIsWrongInAFile(t *testing.T) {
	start := func(conf string, argv ...string) (int, string, *program) {
		p := newProgram(t, idle(readiness{}))
		p.name = "bitcoind"
		if err := os.WriteFile(filepath.Join(p.dir, "bitcoin.conf"), []byte(strings.ReplaceAll(conf, "DIR", p.dir)), 0o600); err != nil {
			t.Fatal(err)
		}
		for i := range argv {
			argv[i] = strings.ReplaceAll(argv[i], "DIR", p.dir)
		}
		code := p.do(append([]string{"-regtest", "-stopatheight=x"}, argv...)...) // never starts
		return code, strings.TrimSpace(strings.ReplaceAll(p.err.String(), p.dir, "DIR")), p
	}
	for _, c := range []struct{ conf, want string }{
		{"conf=x", "Error: Error reading configuration file: conf cannot be set in the configuration file; use includeconf= if you want to include additional config files"},
		{"nono", "Error: Error reading configuration file: parse error on line 1: nono, if you intended to specify a negated option, use nono=1 instead"},
	} {
		if code, said, _ := start(c.conf, "-datadir=DIR"); code == exitOK || said != c.want {
			t.Errorf("%s: exit %d, %q", c.conf, code, said)
		}
	}
	_, _, p := start("", "-datadir=DIR")
	other := filepath.Join(t.TempDir(), "other.conf")
	if err := os.WriteFile(other, []byte("datadir="+p.dir+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.do("-regtest", "-conf="+other)
	want := fmt.Sprintf(`Error: Data directory %q contains a "bitcoin.conf" file which is ignored, because a different configuration file %q from command line argument %q is being used instead. Possible ways to address this would be to:
- Delete or rename the "bitcoin.conf" file in data directory %q.
`, p.dir, other, "-conf="+other, p.dir)
	if said := p.err.String(); !strings.HasPrefix(said, want) {
		t.Errorf("%q, want %q", said, want)
	}
	if err := os.WriteFile(other, []byte("datadir="+filepath.Join(p.dir, "none")), 0o600); err != nil {
		t.Fatal(err)
	}
	p.do("-regtest", "-conf="+other)
	want = fmt.Sprintf("Error: Error reading configuration file: specified data directory %q does not exist.\n", filepath.Join(p.dir, "none"))
	if said := p.err.String(); said != want {
		t.Errorf("%q, want %q", said, want)
	}
}

func TestABitcoindWarnsOfUnknownSectionsOnStandardError(t *testing.T) {
	p := newProgram(t, engine{Run: func(context.Context, *session, func(readiness) error) error { return nil }})
	p.name = "bitcoind"
	inner := filepath.Join(p.dir, "inner.conf")
	outer := filepath.Join(p.dir, "bitcoin.conf")
	for path, text := range map[string]string{outer: "testnot.datadir=1\nincludeconf=" + inner, inner: "[testnet]\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code := p.do("-regtest", "-datadir="+p.dir)
	want := fmt.Sprintf("Warning: %s:1 Section [testnot] is not recognized.\n%s:1 Section [testnet] is not recognized.\n", outer, inner)
	if got := p.err.String(); code != exitOK || got != want {
		t.Errorf("exit %d, %q, want %q", code, got, want)
	}
}
