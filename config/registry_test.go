package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write docs/options.md")

func TestDocsOptionsIsWhatTheRegistrySays(t *testing.T) {
	path := filepath.Join("..", "docs", "options.md")
	want := Markdown()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/options.md is out of date: run go test ./config -update")
	}
}

func TestTheRegistryIsConsistent(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range Options() {
		if seen[o.Name] {
			t.Errorf("%s twice", o.Name)
		}
		seen[o.Name] = true
		if o.Name != strings.ToLower(o.Name) || strings.HasPrefix(o.Name, "-") {
			t.Errorf("name %q", o.Name)
		}
		if rest, ok := strings.CutPrefix(o.Name, "no"); ok && Lookup(rest) != nil {
			t.Errorf("%s reads as a negation", o.Name)
		}
		if (o.Use != Used) != (o.Why != "") {
			t.Errorf("%s: a reason belongs to what is not used", o.Name)
		}
		if o.Use == Used && o.Help == "" {
			t.Errorf("%s has no help", o.Name)
		}
		handled := map[string]bool{"datadir": true, "conf": true, "allowignoredconf": true, "includeconf": true, "chain": true, "testnet": true, "testnet4": true, "signet": true, "regtest": true}
		if (o.apply == nil) == (o.Use == Used && !handled[o.Name]) {
			t.Errorf("%s: used and applied do not agree", o.Name)
		}
	}
}

func TestEveryDefaultIsAccepted(t *testing.T) {
	for _, c := range Chains {
		mustLoad(t, nil, nil, "-chain="+string(c))
	}
}

func TestTheSampleFilesAreValid(t *testing.T) {
	for _, c := range []Chain{Main, Testnet4, Signet, Regtest} {
		path := filepath.Join("..", "configs", string(c)+".conf")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		l, err := loadWith(t, files{"/d/bitcoin.conf": string(raw)}, nil)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if l.Config.Chain != c || len(l.Notes) > 0 {
			t.Errorf("%s: chain %s, notes %v", path, l.Config.Chain, l.Notes)
		}
		// The commented settings must be valid as well: uncomment all of them.
		var b strings.Builder
		for _, line := range strings.Split(string(raw), "\n") {
			if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "# ") {
				line = line[1:]
			}
			b.WriteString(line + "\n")
		}
		if l, err = loadWith(t, files{"/d/bitcoin.conf": b.String()}, nil); err != nil || len(l.Notes) > 0 {
			t.Errorf("%s uncommented: %v %v", path, err, l)
		}
	}
}

func TestHelpNamesEveryUsedOptionAndHidesThoseForTests(t *testing.T) {
	var short, long strings.Builder
	if err := WriteHelp(&short, false, 100); err != nil {
		t.Fatal(err)
	}
	if err := WriteHelp(&long, true, 100); err != nil {
		t.Fatal(err)
	}
	for _, o := range Options() {
		if o.Use != Used {
			continue
		}
		line := "  -" + o.usage() + "\n"
		if strings.Contains(short.String(), line) == o.Debug {
			t.Errorf("%s in the short help", o.Name)
		}
		if !strings.Contains(long.String(), line) {
			t.Errorf("%s missing", o.Name)
		}
	}
}

func TestASuggestionIsWithinReachAndSwapsCountOnce(t *testing.T) {
	if got := editDistance("dbcahce", "dbcache", 3); got != 1 {
		t.Errorf("distance %d", got)
	}
	for word, want := range map[string]string{"listne": "listen", "rpcusr": "rpcuser", "zzzz": "", "maxmempol": "maxmempool"} {
		if got := suggestOption(word); got != want {
			t.Errorf("%s suggests %q", word, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.StringMatching(`[a-c]{0,8}`).Draw(t, "a")
		b := rapid.StringMatching(`[a-c]{0,8}`).Draw(t, "b")
		d := editDistance(a, b, 16)
		if d != editDistance(b, a, 16) || (d == 0) != (a == b) || d > max(len(a), len(b)) {
			t.Fatalf("distance of %q and %q is %d", a, b, d)
		}
	})
}

func TestAmountsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := Sats(rapid.Int64Range(0, 21_000_000*satsPerCoin).Draw(t, "sats"))
		if got, err := ParseAmount(n.String()); err != nil || got != n {
			t.Fatalf("%s became %d: %v", n, got, err)
		}
	})
	for _, bad := range []string{"", ".", "1e3", "-1", "+1", "1.123456789", "21000000.00000001", "0x1", "1 "} {
		if n, err := ParseAmount(bad); err == nil {
			t.Errorf("%q gives %d", bad, n)
		}
	}
}

func TestSizes(t *testing.T) {
	for s, want := range map[string]int64{"5": 5 << 20, "0": 0, "10k": 10 << 10, "1MiB": 1 << 20, "2GB": 2 << 30, "7B": 7, "1t": 1 << 40} {
		if got, err := parseSize(s); err != nil || got != want {
			t.Errorf("%s gives %d %v", s, got, err)
		}
	}
	for _, bad := range []string{"", "x", "-1", "5x", "9999999999999G", "1mg"} {
		if n, err := parseSize(bad); err == nil {
			t.Errorf("%q gives %d", bad, n)
		}
	}
}

func FuzzParseConf(f *testing.F) {
	f.Add([]byte(rigConf))
	f.Add([]byte("\ufeff[a]\nb.c=d # e\n-x\nno\r\nrpcpassword=#"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		conf, problems := parseConf("f", raw)
		lines := strings.Count(string(raw), "\n") + 1
		var again strings.Builder
		for _, l := range conf.Lines {
			if l.Line < 1 || l.Line > lines {
				t.Fatalf("line %d of %d", l.Line, lines)
			}
			again.WriteString(l.Section + "." + l.Key + "=" + l.Value + "\n")
		}
		if len(conf.Lines)+len(problems) > lines || len(conf.Sections) > lines {
			t.Fatal("more results than lines")
		}
		// A file whose assignments are spelled out says the same.
		second, _ := parseConf("f", []byte(again.String()))
		if len(problems) == 0 && len(second.Lines) == len(conf.Lines) {
			for i := range conf.Lines {
				a, b := conf.Lines[i], second.Lines[i]
				if strings.ContainsAny(a.Section, ".=") || strings.Contains(a.Key, ".") {
					continue // spelled out, these read differently
				}
				if a.Section != b.Section || a.Key != b.Key || a.Value != b.Value {
					t.Fatalf("%+v became %+v", a, b)
				}
			}
		}
		_, _ = Load(Sources{ReadFile: files{"/.troupe/bitcoin.conf": string(raw)}.read, Home: "/", WorkDir: "/"})
	})
}

func FuzzParseArgs(f *testing.F) {
	f.Add("-regtest\n-datadir\nx\n-nolisten\n--\n-bind=[::1]:1=onion")
	f.Fuzz(func(t *testing.T, raw string) {
		args, problems := ParseArgs(strings.Split(raw, "\n"), ArgRules{Spaced: true, Words: true})
		if len(problems) == 0 {
			_, _ = Load(Sources{Args: args, ReadFile: files{}.read, Home: "/", WorkDir: "/"})
		}
	})
}

func TestTheUploadTargetIsReadAsCoreDoes(t *testing.T) {
	for s, want := range map[string]int64{"0": 0, "800M": 800 << 20, "1": 1 << 20, "1m": 1000_000, "2k": 2000, "2K": 2048, "3g": 3000_000_000, "1T": 1 << 40, "8388607T": 8388607 << 40} {
		if got, err := parseUploadTarget(s); err != nil || got != want {
			t.Errorf("%q gives %d, %v; want %d", s, got, err, want)
		}
	}
	for _, bad := range []string{"", "abc", "M", "-1", "+1", "1MB", "1 M", "1.5M", "8388608T"} {
		if got, err := parseUploadTarget(bad); err == nil {
			t.Errorf("%q gives %d", bad, got)
		}
	}
}
