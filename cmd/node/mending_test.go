package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ran starts the program, waits for its end, and checks its exit code.
func ran(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	p := launch(t, "troupe", args...)
	select {
	case <-p.waited:
	case <-time.After(2 * time.Minute):
		t.Fatalf("%v does not end", args)
	}
	if got := p.ProcessState.ExitCode(); got != code {
		t.Fatalf("%v: exit code %d, want %d\n%s\n%s", args, got, code, p.out.String(), p.errs.String())
	}
	return p.out.String(), p.errs.String()
}

// minted is a data directory with a chain, and what a node says of it.
func minted(t *testing.T, blocks int) (dir, coins string) {
	t.Helper()
	dir = t.TempDir()
	p := launchNode(t, dir)
	p.rpc(nil, "generatetoaddress", blocks, someAddress)
	coins = p.coinSet()
	p.end(syscall.SIGTERM)
	return dir, coins
}

func TestAStoreIsLookedAtAndVerifiedFromTheCommandLine(t *testing.T) {
	dir, _ := minted(t, 110)
	out, _ := ran(t, exitOK, "store", "info", "-regtest", "-datadir="+dir)
	if !strings.Contains(out, "height 110") {
		t.Errorf("store info:\n%s", out)
	}
	out, _ = ran(t, exitOK, "store", "info", "--json", "-regtest", "-datadir="+dir)
	var info storeDescription
	if err := json.Unmarshal([]byte(out), &info); err != nil || info.Height != 110 || info.Bodies != 111 || info.Headers != 111 {
		t.Errorf("store info --json: %v\n%s", err, out)
	}
	for level := range 5 {
		if out, _ := ran(t, exitOK, "store", "verify", "--level", fmt.Sprint(level), "-regtest", "-datadir="+dir); !strings.Contains(out, "no damage") {
			t.Errorf("level %d: %s", level, out)
		}
	}
	ran(t, exitUsage, "store", "verify", "--level", "5", "-regtest", "-datadir="+dir)
	ran(t, exitUsage, "store", "info", "-regtest", "-datadir="+t.TempDir())
}

func TestADamagedStoreEndsWithCode7AndTheCommandThatMendsIt(t *testing.T) {
	dir, coins := minted(t, 110)
	if err := os.Remove(filepath.Join(dir, "regtest", "store", "SYNC")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"store", "verify"}, {"run", "-printtoconsole=0", "-listen=0", "-server=0"}} {
		_, text := ran(t, exitCorrupt, append(args, "-regtest", "-datadir="+dir)...)
		if !strings.Contains(text, "troupe reindex") || !strings.Contains(text, "SYNC") {
			t.Errorf("%v: %s", args, text)
		}
	}
	out, _ := ran(t, exitOK, "reindex", "-regtest", "-datadir="+dir)
	if !strings.Contains(out, "found 111 headers and 110 blocks") || !strings.Contains(out, "rebuilt up to height 110") {
		t.Errorf("reindex: %s", out)
	}
	out, _ = ran(t, exitOK, "reindex", "--chainstate", "-regtest", "-datadir="+dir)
	if !strings.Contains(out, "rebuilt up to height 110") {
		t.Errorf("reindex --chainstate: %s", out)
	}
	for _, option := range []string{"-reindex=0", "-reindex", "-reindex-chainstate"} {
		p := launchNode(t, dir, option)
		p.until("the tip is reached again", func() bool {
			var height int
			return p.try(&height, "getblockcount") == nil && height == 110
		})
		if got := p.coinSet(); got != coins {
			t.Errorf("with %s: coins %s, before: %s", option, got, coins)
		}
		p.end(syscall.SIGTERM)
	}
}

func TestCommandsOnAStoreRefuseWhileANodeHasIt(t *testing.T) {
	p := launchNode(t, t.TempDir())
	for _, args := range [][]string{{"store", "info"}, {"store", "verify"}, {"reindex"}, {"export", filepath.Join(t.TempDir(), "out.dat")}} {
		_, text := ran(t, exitLocked, append(args, "-regtest", "-datadir="+p.dir)...)
		if !strings.Contains(text, fmt.Sprint("pid ", p.Process.Pid)) {
			t.Errorf("%v does not name the holder: %s", args, text)
		}
	}
	p.end(syscall.SIGTERM)
}

func TestAnExportIsImportedAgain(t *testing.T) {
	dir, coins := minted(t, 120)
	file := filepath.Join(t.TempDir(), "chain.dat")
	if out, _ := ran(t, exitOK, "export", file, "-regtest", "-datadir="+dir); !strings.Contains(out, "exported 121 blocks") {
		t.Errorf("export: %s", out)
	}
	ran(t, exitUsage, "export", file, "-regtest", "-datadir="+dir) // never over a file
	other := t.TempDir()
	ran(t, exitOK, "import", file, "-regtest", "-datadir="+other, "-printtoconsole=0")
	p := launchNode(t, other)
	if got := p.coinSet(); got != coins {
		t.Errorf("imported: %s, exported: %s", got, coins)
	}
	p.end(syscall.SIGTERM)
}

// A reindexing that is killed again and again ends as if undisturbed.
func TestAReindexingKilledInTheMiddleGoesOn(t *testing.T) {
	dir, coins := minted(t, 300)
	kills := 0
	for wait := 40 * time.Millisecond; kills < 8; wait += 25 * time.Millisecond {
		p := launch(t, "troupe", "reindex", "-regtest", "-datadir="+dir)
		select {
		case <-p.waited:
		case <-time.After(wait):
			p.Process.Kill()
			<-p.waited
		}
		kills++
	}
	ran(t, exitOK, "reindex", "-regtest", "-datadir="+dir)
	ran(t, exitOK, "store", "verify", "--level", "4", "-regtest", "-datadir="+dir)
	p := launchNode(t, dir)
	if got := p.coinSet(); got != coins {
		t.Errorf("coins %s, before: %s", got, coins)
	}
	p.end(syscall.SIGTERM)
}
