package config

import (
	"errors"
	"io/fs"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/logs/category"
)

// files is a data directory in memory.
type files map[string]string

func (f files) read(path string) ([]byte, error) {
	s, ok := f[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(s), nil
}

// loadWith loads with /d as the data directory unless the arguments say otherwise.
func loadWith(t *testing.T, f files, env []string, argv ...string) (*Loaded, error) {
	t.Helper()
	args, problems := ParseArgs(append([]string{"-datadir=/d"}, argv...), ArgRules{})
	if len(problems) > 0 {
		return nil, problems
	}
	return Load(Sources{Args: args, Environ: env, Home: "/home/me", WorkDir: "/cwd", ReadFile: f.read})
}

func mustLoad(t *testing.T, f files, env []string, argv ...string) *Loaded {
	t.Helper()
	l, err := loadWith(t, f, env, argv...)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return l
}

const rigConf = `regtest=1
[regtest]
port=11003
rpcport=16003
rpcservertimeout=99000
rpcdoccheck=1
fallbackfee=0.0002
server=1
keypool=1
discover=0
dnsseed=0
fixedseeds=0
listenonion=0
peertimeout=999999999
printtoconsole=0
upnp=0
natpmp=0
shrinkdebugfile=0
deprecatedrpc=create_bdb
unsafesqlitesync=1
connect=0
bind=127.0.0.1
`

func TestTheFileAndCommandLineOfCoresTestFrameworkAreObeyed(t *testing.T) {
	l := mustLoad(t, files{"/d/bitcoin.conf": rigConf}, nil,
		"-logtimemicros", "-debug", "-debugexclude=libevent", "-debugexclude=leveldb", "-debugexclude=rand",
		"-uacomment=testnode3", "-disablewallet", "-logthreadnames", "-logsourcelocations", "-loglevel=trace", "-v2transport=0")
	c := &l.Config
	if c.Chain != Regtest || c.ChainDir != "/d/regtest" {
		t.Errorf("chain %s in %s", c.Chain, c.ChainDir)
	}
	if c.Network.Port != 11003 || c.RPC.Port != 16003 || c.RPC.Timeout != 99000*time.Second {
		t.Errorf("ports %d %d, timeout %s", c.Network.Port, c.RPC.Port, c.RPC.Timeout)
	}
	n := &c.Network
	if !n.OnlyConnect || len(n.Connect) != 0 || !n.Listen || n.DNSSeed || n.PeerTimeout != 999999999*time.Second {
		t.Errorf("network %+v", n)
	}
	want := []Bind{{Addr: netip.MustParseAddrPort("127.0.0.1:11003")}}
	if !reflect.DeepEqual(n.Bind, want) {
		t.Errorf("binds %v, want %v", n.Bind, want)
	}
	if got := n.UserAgent("troupe", "0.1.0"); got != "/troupe:0.1.0(testnode3)/" {
		t.Errorf("agent %s", got)
	}
	if c.Logs.Console || !c.Logs.Micros || !c.Logs.Sources || c.Logs.File != "/d/regtest/debug.log" {
		t.Errorf("logs %+v", c.Logs)
	}
	for _, info := range category.All {
		if c.Logs.Categories[info.Name] != "trace" {
			t.Errorf("category %s at %q, want trace", info.Name, c.Logs.Categories[info.Name])
		}
	}
	if c.RPC.CookieFile != "/d/regtest/.cookie" || c.RPC.CookiePerms != 0o600 {
		t.Errorf("cookie %s %o", c.RPC.CookieFile, c.RPC.CookiePerms)
	}
	for _, p := range l.Notes {
		if p.Severity != Notice {
			t.Errorf("more than a notice: %v", p)
		}
	}
}

func TestTheTwoBindsThatTheTestFrameworkAppendsAreUnderstood(t *testing.T) {
	l := mustLoad(t, nil, nil, "-regtest", "-bind=0.0.0.0:11000", "-bind=127.0.0.1:27000=onion")
	want := []Bind{{Addr: netip.MustParseAddrPort("0.0.0.0:11000")}, {Addr: netip.MustParseAddrPort("127.0.0.1:27000"), Onion: true}}
	if !reflect.DeepEqual(l.Config.Network.Bind, want) {
		t.Errorf("binds %v", l.Config.Network.Bind)
	}
}

const nigiriConf = `regtest=1
daemon=0
[regtest]
port=18444
rpcport=18443
server=1
txindex=1
rest=1
rpcuser=admin1
rpcpassword=123
rpcallowip=0.0.0.0/0
rpcbind=0.0.0.0
fallbackfee=0.00001
zmqpubrawblock=tcp://0.0.0.0:28332
zmqpubrawtx=tcp://0.0.0.0:28333
blockfilterindex=1
peerblockfilters=1
`

// What a rig asks for and the node does not do is named, line by line; without it the
// file is obeyed.
func TestNigirisFileIsUnderstood(t *testing.T) {
	refused := map[int]string{8: "rest", 14: "zmqpubrawblock", 15: "zmqpubrawtx", 16: "blockfilterindex", 17: "peerblockfilters"}
	_, err := loadWith(t, files{"/d/bitcoin.conf": nigiriConf}, nil)
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	for _, p := range problems.At(Fatal) {
		name := refused[p.Origin.Line]
		if p.What != "-"+name+" is not supported" {
			t.Errorf("line %d: %v", p.Origin.Line, p)
		}
		delete(refused, p.Origin.Line)
	}
	if len(refused) > 0 {
		t.Errorf("not refused: %v", refused)
	}
	var kept strings.Builder
	for line := range strings.Lines(nigiriConf) {
		if !strings.HasPrefix(line, "zmq") && !strings.HasPrefix(line, "rest") && !strings.Contains(line, "filter") {
			kept.WriteString(line)
		}
	}
	c := &mustLoad(t, files{"/d/bitcoin.conf": kept.String()}, nil).Config
	if c.RPC.User != "admin1" || c.RPC.Password != "123" || c.RPC.Bind[0] != netip.MustParseAddrPort("0.0.0.0:18443") || !c.Store.TxIndex {
		t.Errorf("%+v %+v", c.RPC, c.Store)
	}
}

func TestPolarsCommandLineIsUnderstood(t *testing.T) {
	c := &mustLoad(t, nil, nil, "-server=1", "-regtest=1",
		"-rpcauth=polaruser:5e5e98c21f5c814568f8b55d83b23c1c$066b03f92df30b11de8e4b1b1cd5b1b4281aa25205bd57df9be82caf97a05526",
		"-debug=1", "-txindex=1", "-dnsseed=0", "-upnp=0", "-rpcbind=0.0.0.0", "-rpcallowip=0.0.0.0/0", "-rpcport=18443", "-rpcworkqueue=128",
		"-listen=1", "-listenonion=0", "-fallbackfee=0.0002", "-zmqpubrawblock=0", "-rest=0", "-noblockfilterindex").Config
	if len(c.RPC.Auth) != 1 || c.RPC.Auth[0].User != "polaruser" || c.RPC.Auth[0].Salt != "5e5e98c21f5c814568f8b55d83b23c1c" || !strings.HasPrefix(c.RPC.Auth[0].HMAC, "06") {
		t.Errorf("auth %+v", c.RPC.Auth)
	}
	if c.RPC.WorkQueue != 128 || len(c.Network.Bind) != 3 {
		t.Errorf("%+v %+v", c.RPC, c.Network)
	}
}

func TestFlagsBeatEnvironmentBeatsSectionBeatsGlobalBeatsDefault(t *testing.T) {
	conf := files{"/d/bitcoin.conf": "dbcache=10\nmaxmempool=11\npar=3\nmaxconnections=7\n[regtest]\ndbcache=20\nmaxmempool=21\npar=4\n"}
	env := []string{"TROUPE_DBCACHE=30", "TROUPE_MAXMEMPOOL=31"}
	l := mustLoad(t, conf, env, "-regtest", "-dbcache=40", "-dbcache=41")
	c := &l.Config
	if c.Store.DBCache != 41*mib || c.Mempool.MaxBytes != 31_000_000 || c.Store.Par != 4 || c.Network.MaxConnections != 7 || c.Mempool.MaxOrphans != 100 {
		t.Errorf("%d %d %d %d %d", c.Store.DBCache, c.Mempool.MaxBytes, c.Store.Par, c.Network.MaxConnections, c.Mempool.MaxOrphans)
	}
	for name, want := range map[string]string{
		"dbcache": "command line", "maxmempool": "environment TROUPE_MAXMEMPOOL", "par": "/d/bitcoin.conf:8 [regtest]",
		"maxconnections": "/d/bitcoin.conf:4", "maxorphantx": "default",
	} {
		if got := l.Origin(name).String(); got != want {
			t.Errorf("origin of %s is %q, want %q", name, got, want)
		}
	}
}

func TestInAFileTheFirstValueWinsAndOnACommandLineTheLast(t *testing.T) {
	l := mustLoad(t, files{"/d/bitcoin.conf": "timeout=1\ntimeout=2\n"}, nil, "-par=1", "-par=2")
	if l.Config.Network.DialTimeout != time.Millisecond || l.Config.Store.Par != 2 {
		t.Errorf("%s %d", l.Config.Network.DialTimeout, l.Config.Store.Par)
	}
}

func TestMultiValuedOptionsAddUpAndANegationTakesAwayWhatIsWeaker(t *testing.T) {
	conf := files{"/d/bitcoin.conf": "addnode=c\nregtest.addnode=b\nuacomment=g\n"}
	hosts := func(l *Loaded) string {
		var s []string
		for _, e := range l.Config.Network.AddNode {
			s = append(s, e.String())
		}
		return strings.Join(s, " ")
	}
	l := mustLoad(t, conf, []string{"TROUPE_ADDNODE=x y:1"}, "-regtest", "-addnode=a")
	if got := hosts(l); got != "a:18444 x:18444 y:1 b:18444" {
		t.Errorf("got %q", got)
	}
	l = mustLoad(t, conf, nil, "-regtest", "-addnode=gone", "-noaddnode", "-addnode=a")
	if got := hosts(l); got != "a:18444" {
		t.Errorf("after a negation %q", got)
	}
	l = mustLoad(t, conf, nil, "-regtest", "-nouacomment")
	if len(l.Config.Network.Comments) != 0 {
		t.Errorf("comments %q", l.Config.Network.Comments)
	}
}

func TestEverySpellingOfASwitchMeansTheSame(t *testing.T) {
	for _, c := range []struct {
		arg string
		on  bool
	}{
		{"-blocksonly", true}, {"--blocksonly", true}, {"-blocksonly=1", true}, {"-blocksonly=2", true}, {"-noblocksonly=0", true},
		{"-blocksonly=0", false}, {"-noblocksonly", false}, {"--noblocksonly", false}, {"-noblocksonly=1", false},
	} {
		if got := mustLoad(t, nil, nil, c.arg).Config.Mempool.BlocksOnly; got != c.on {
			t.Errorf("%s gives %v", c.arg, got)
		}
	}
}

func TestConnectSwitchesSeedsAndListeningOffUnlessTheyAreGiven(t *testing.T) {
	l := mustLoad(t, nil, nil, "-connect=10.0.0.1", "-connect=[::1]:99")
	n := &l.Config.Network
	if n.Listen || n.DNSSeed || n.Bind != nil || len(n.Connect) != 2 || n.Connect[1].String() != "[::1]:99" {
		t.Errorf("%+v", n)
	}
	if got := l.Origin("listen").String(); got != "implied by -connect" {
		t.Errorf("origin %q", got)
	}
	n = &mustLoad(t, nil, nil, "-noconnect", "-dnsseed").Config.Network
	if !n.OnlyConnect || len(n.Connect) != 0 || !n.DNSSeed {
		t.Errorf("%+v", n)
	}
}

func TestIncludedFilesAddTheirSettings(t *testing.T) {
	f := files{
		"/d/bitcoin.conf": "regtest=1\nincludeconf=more.conf\n[regtest]\nrpcuser=a\n",
		"/d/more.conf":    "includeconf=again.conf\n[regtest]\nrpcuser=b\nrpcpassword=p\n",
	}
	l := mustLoad(t, f, nil)
	if l.Config.RPC.User != "a" || l.Config.RPC.Password != "p" {
		t.Errorf("%+v", l.Config.RPC)
	}
	if len(l.Notes.At(Warning)) != 1 || !strings.Contains(l.Notes.Error(), "/d/more.conf:1: -includeconf cannot be used from included files") {
		t.Errorf("notes %v", l.Notes)
	}
	if _, err := loadWith(t, files{"/d/bitcoin.conf": "includeconf=none.conf\n"}, nil); err == nil || !strings.Contains(err.Error(), "none.conf") {
		t.Errorf("missing include: %v", err)
	}
}

func TestPathsStartWhereTheyShould(t *testing.T) {
	args, _ := ParseArgs([]string{"-datadir=sub", "-rpccookiefile=/run/c", "-pid=~/p", "-testnet", "-nodebuglogfile"}, ArgRules{})
	l, err := Load(Sources{Args: args, Home: "/home/me", WorkDir: "/cwd", ReadFile: files{}.read})
	if err != nil {
		t.Fatal(err)
	}
	c := &l.Config
	if c.DataDir != "/cwd/sub" || c.ChainDir != "/cwd/sub/testnet3" || c.RPC.CookieFile != "/run/c" || c.Process.PIDFile != "/home/me/p" || c.Logs.File != "" {
		t.Errorf("%+v", c)
	}
	l, err = Load(Sources{Home: "/home/me", WorkDir: "/cwd", ReadFile: files{"/home/me/.troupe/bitcoin.conf": "datadir=/elsewhere"}.read})
	if err != nil || l.Config.DataDir != "/elsewhere" || l.Config.ConfFile != "/home/me/.troupe/bitcoin.conf" {
		t.Errorf("%v %+v", err, l)
	}
}

func TestValuesArriveParsed(t *testing.T) {
	c := &mustLoad(t, nil, nil, "-regtest", "-minrelaytxfee=0.00000123", "-testactivationheight=segwit@101", "-vbparams=testdummy:0:999:5",
		"-whitelist=noban,out@127.0.0.1/255.0.0.0", "-whitelist=10.0.0.1", "-whitebind=relay@127.0.0.1:9", "-minimumchainwork=0x65", "-assumevalid=0",
		"-memory=2GiB", "-prune=550", "-rpcwhitelist=u:a,b", "-rpcwhitelist=u:b,c", "-rpcwhitelist=u", "-rpcwhitelist=nothing", "-rpcwhitelistdefault=0", "-rpcallowip=192.168.0.0/16", "-rpcbind=localhost",
		"-acceptnonstdtxn", "-maxtipage=5", "-mempoolexpiry=2", "-par=-100", "-blocksonly", "-loglevel=mempool:trace", "-debug=net").Config
	if c.Mempool.MinRelayFee != 123 || c.Rules.Activations[0] != (Activation{"segwit", 101}) || c.Rules.VersionBits[0] != (VersionBits{"testdummy", 0, 999, 5}) {
		t.Errorf("%+v %+v", c.Mempool, c.Rules)
	}
	w := c.Network.Whitelist
	if w[0].Subnet != netip.MustParsePrefix("127.0.0.0/8") || !w[0].Out || w[0].In || !w[0].Permissions.Has(PermDownload) || w[1].Permissions != PermImplicit || !w[1].In {
		t.Errorf("whitelist %+v", w)
	}
	if c.Rules.MinimumChainWork[31] != 0x65 || *c.Rules.AssumeValid != (Hash{}) || c.Rules.MaxTipAge != 5*time.Second {
		t.Errorf("%+v", c.Rules)
	}
	if c.Store.Memory != 2<<30 || c.Store.PruneTarget != 550*mib || c.Store.Par != 1 || c.Mempool.Expiry != 2*time.Hour {
		t.Errorf("%+v", c.Store)
	}
	if c.RPC.Allowed("u", "a") || !c.RPC.Allowed("u", "b") || !c.RPC.Allowed("other", "b") || c.RPC.Allowed("nothing", "b") || len(c.RPC.AllowIP) != 3 {
		t.Errorf("%+v", c.RPC)
	}
	if c.Network.WhiteRelay || c.Mempool.MaxBytes != 5_000_000 {
		t.Errorf("blocksonly implies: %v %d", c.Network.WhiteRelay, c.Mempool.MaxBytes)
	}
	lv := c.Logs.Categories
	if lv[category.Mempool] != "trace" || lv[category.Net] != "debug" || lv[category.P2P] != "debug" || lv[category.RPC] != "" {
		t.Errorf("levels %v", lv)
	}
}

// TestTheLongestTipAgeIsThatOfCore follows feature_maxtipage.py.
func TestTheLongestTipAgeIsThatOfCore(t *testing.T) {
	if c := mustLoad(t, nil, nil, "-regtest", "-maxtipage=9223372036854775807").Config; c.Rules.MaxTipAge < 200*365*24*time.Hour {
		t.Errorf("%s", c.Rules.MaxTipAge)
	}
}

// Core's rig for crashes gives them, to have a pool that takes no memory.
func TestFamiliesInThePoolMayBeForbidden(t *testing.T) {
	m := mustLoad(t, nil, nil, "-regtest", "-limitancestorcount=0", "-limitdescendantcount=0", "-limitancestorsize=0", "-limitdescendantsize=0", "-maxmempool=0").Config.Mempool
	if m.AncestorCount != 0 || m.DescendantCount != 0 || m.AncestorBytes != 0 || m.DescendantBytes != 0 || m.MaxBytes != 0 {
		t.Errorf("not what was written: %+v", m)
	}
}

func TestAllMistakesAreReportedAtOnceWithTheirPlaceAndASuggestion(t *testing.T) {
	conf := files{"/d/bitcoin.conf": "regtest=1\ndbcahce=5\n[regtset]\n[regtest]\nprot=1\nserver=true\nport=70000\nwhitelist=nobann@1.2.3.4\nnoserver\n-txindex=1\nrpcpassword=a#b\n"}
	_, err := loadWith(t, conf, []string{"TROUPE_DBCACH=1", "TROUPE_VECTORS=/v"}, "-par=x", "-proxy=1.2.3.4:9050")
	var ps Problems
	if !errors.As(err, &ps) {
		t.Fatalf("got %v", err)
	}
	text := ps.Error()
	for _, want := range []string{
		`/d/bitcoin.conf:2: unknown option "dbcahce" · did you mean dbcache?`,
		`/d/bitcoin.conf:3: Section [regtset] is not recognized. · what stands in it is ignored · did you mean [regtest]?`,
		`/d/bitcoin.conf:5: unknown option "prot" · did you mean port?`,
		`/d/bitcoin.conf:6: -server: "true" is neither 0 nor 1 · write server=1 or server=0`,
		`/d/bitcoin.conf:7: -port: Invalid port specified in -port: '70000'`,
		`/d/bitcoin.conf:8: -whitelist: Invalid P2P permission: 'nobann'`,
		`/d/bitcoin.conf:9: parse error on line 9: noserver, if you intended to specify a negated option, use noserver=1 instead`,
		`/d/bitcoin.conf:10: parse error on line 10: -txindex=1, options in configuration file must be specified without leading -`,
		`/d/bitcoin.conf:11: parse error on line 11, using # in rpcpassword can be ambiguous and should be avoided`,
		`TROUPE_DBCACH: no option has this variable · did you mean TROUPE_DBCACHE?`,
		`TROUPE_VECTORS: no option has this variable · it is ignored`,
		`-par: "x" is not a whole number`,
		`-proxy is not supported · proxies are not supported, and connecting`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing %q in\n%s", want, text)
		}
	}
}

func TestContradictionsAndMisplacedSettingsAreRefused(t *testing.T) {
	for _, c := range []struct {
		why, conf, want string
		args            []string
	}{
		{"unknown chain", "", "Unknown chain mainnet. · did you mean -chain=main?", []string{"-chain=mainnet"}},
		{"two signets", "signetchallenge=52\n", "-signetchallenge cannot be multiple values.", []string{"-signet", "-signetchallenge=51"}},
		{"two chains", "", "Invalid combination of -regtest", []string{"-regtest", "-signet"}},
		{"port for the wrong chain", "port=1\n", "Config setting for -port only applied on regtest network when in [regtest] section.", []string{"-regtest"}},
		{"listening and not", "", "Cannot set -bind or -whitebind together with -listen=0", []string{"-nolisten", "-bind=127.0.0.1"}},
		{"pruned index", "", "Prune mode is incompatible with -txindex.", []string{"-prune=1", "-txindex"}},
		{"too small a prune target", "", "Prune configured below the minimum of 550 MiB.", []string{"-prune=2"}},
		{"stale estimates on main", "", "acceptstalefeeestimates is not supported on main chain.", []string{"-acceptstalefeeestimates"}},
		{"non-standard on main", "", "acceptnonstdtxn is not currently supported for main chain", []string{"-acceptnonstdtxn"}},
		{"small pool", "", "-maxmempool must be at least 5 MB", []string{"-maxmempool=4"}},
		{"activation on main", "", "-testactivationheight is for regtest only", []string{"-testactivationheight=csv@1"}},
		{"bad work", "", "Invalid minimum work specified (test), must be up to 64 hex digits", []string{"-regtest", "-minimumchainwork=test"}},
		{"agent", "", "User Agent comment (a(b) contains unsafe characters.", []string{"-uacomment=a(b"}},
		{"long agent", "", "exceeds maximum length (256)", []string{"-uacomment=" + strings.Repeat("a", 230)}},
		{"background", "", "-daemon is not supported", []string{"-daemon"}},
		{"encrypted transport", "", "-v2transport is not supported", []string{"-v2transport=1"}},
		{"missing file", "", "could not be opened", []string{"-conf=none.conf"}},
		{"conf in conf", "conf=x\n", "conf cannot be set in the configuration file", nil},
		{"no value", "", "Can not set -port with no value", []string{"-port"}},
		{"word", "", "Command line contains unexpected token 'start'", []string{"start"}},
		{"typo", "", "Invalid parameter -dbcahce=100 · there is no option of this name · did you mean -dbcache?", []string{"-dbcahce=100"}},
		{"negated typo", "", "did you mean -nolisten?", []string{"-nolistne"}},
		{"include on the command line", "", "-includeconf cannot be used from commandline", []string{"-includeconf=x"}},
		{"meaningless negation", "", "Negating of -datadir is meaningless", []string{"-nodatadir"}},
		{"category", "", "Unsupported logging category mempol, did you mean mempool?", []string{"-debug=mempol"}},
		{"white bind", "", "Cannot resolve -whitebind address: '127.0.0.1/10'", []string{"-whitebind=noban@127.0.0.1/10"}},
		{"white bind nowhere", "", "Need to specify a port with -whitebind: '127.0.0.1'", []string{"-whitebind=noban@127.0.0.1"}},
		{"direction only", "", "Only direction was set, no permissions", []string{"-whitelist=in,out@1.2.3.4"}},
		{"cookie permissions", "", "must be one of 'owner', 'group', or 'all'", []string{"-rpccookieperms=me"}},
		{"auth", "", "Invalid -rpcauth argument.", []string{"-rpcauth=foo"}},
		{"allow", "", "Invalid -rpcallowip subnet specification: x.", []string{"-rpcallowip=x"}},
	} {
		_, err := loadWith(t, files{"/d/bitcoin.conf": c.conf}, nil, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.why, err, c.want)
		}
	}
}

func TestSwitchingUnsupportedThingsOffIsAccepted(t *testing.T) {
	mustLoad(t, nil, nil, "-v2transport=0", "-noproxy", "-listenonion=0", "-daemon=0", "-upnp=0", "-nonatpmp", "-reindex=0")
}

func TestVariablesOfTheTestsNeverStopANode(t *testing.T) {
	for _, name := range []string{"VECTORS", "LONG", "STORE_CHILD", "FUZZ_N", "DIFFERENTIAL_RUNS"} {
		mustLoad(t, nil, []string{"TROUPE_" + name + "=1"})
	}
}

func TestSecretsAreMasked(t *testing.T) {
	l := mustLoad(t, nil, nil, "-rpcuser=u", "-rpcpassword=hunter2")
	for _, row := range l.Rows() {
		for _, v := range row.Values {
			if strings.Contains(v, "hunter2") {
				t.Errorf("%s shows %s", row.Option.Name, v)
			}
			if row.Option.Name == "rpcpassword" && v != "****" {
				t.Errorf("password shown as %q", v)
			}
		}
	}
}

func TestWordsAndTheCommandsOwnFlagsAreHandedBack(t *testing.T) {
	rules := ArgRules{Spaced: true, Words: true, Own: func(n string) (bool, bool) { return n == "lines", n == "lines" || n == "json" }}
	a, ps := ParseArgs([]string{"file.dat", "--json", "--lines", "5", "-datadir", "/x", "-regtest", "--lines=6", "--", "-odd"}, rules)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	if !reflect.DeepEqual(a.Words, []string{"file.dat", "-odd"}) || !reflect.DeepEqual(a.Rest, []string{"--json", "--lines=5", "--lines=6"}) {
		t.Errorf("%+v", a)
	}
	l, err := Load(Sources{Args: a, ReadFile: files{}.read})
	if err != nil || l.Config.DataDir != "/x" || l.Config.Chain != Regtest {
		t.Errorf("%v %+v", err, l)
	}
}

func TestOurOwnAddressHasThePortThatWeListenAt(t *testing.T) {
	for _, c := range []struct {
		args []string
		port uint16
	}{
		{[]string{"-port=30001"}, 30001},
		{[]string{"-port=30002", "-bind=127.0.0.1"}, 30002},
		{[]string{"-bind=127.0.0.1"}, 18444},
		{[]string{"-port=30003", "-bind=127.0.0.1:30004"}, 30004},
		{[]string{"-bind=127.0.0.1:30005"}, 30005},
		{[]string{"-externalip=2.2.2.2:30006", "-port=30007"}, 30006},
		{[]string{"-externalip=2.2.2.2:30011", "-port=30012", "-bind=127.0.0.1:30013"}, 30011},
		{[]string{"-port=30016", "-bind=127.0.0.1:30017", "-whitebind=127.0.0.1:30018"}, 30017},
		{[]string{"-port=30019", "-whitebind=127.0.0.1:30020"}, 30020},
		{[]string{"-port=30021", "-bind=127.0.0.1", "-whitebind=noban@127.0.0.1:30022"}, 30021},
		{[]string{"-port=30023", "-bind=127.0.0.1:30024=onion"}, 30023},
	} {
		args := append([]string{"-regtest"}, c.args...)
		if !strings.HasPrefix(c.args[0], "-externalip") {
			args = append(args, "-externalip=2.2.2.2")
		}
		if got := mustLoad(t, nil, nil, args...).Config.Network.ExternalIP; len(got) != 1 || got[0].Port != c.port {
			t.Errorf("%v: %v, want port %d", c.args, got, c.port)
		}
	}
}

func TestAnOnionServicesTargetIsOnePortAboveOurs(t *testing.T) {
	for _, args := range [][]string{{"-port=30001"}, {"-port=30001", "-bind=127.0.0.1=onion"}} {
		binds := mustLoad(t, nil, nil, append([]string{"-regtest", "-listen"}, args...)...).Config.Network.Bind
		if last := binds[len(binds)-1]; !last.Onion || last.Addr.Port() != 30002 {
			t.Errorf("%v: %v", args, binds)
		}
	}
}
