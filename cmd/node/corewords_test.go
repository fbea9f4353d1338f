package main

import (
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
