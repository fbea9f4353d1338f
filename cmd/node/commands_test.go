package main

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

func TestCommandsRunForTheStartEveryBlockAndTheStop(t *testing.T) {
	out := t.TempDir()
	blocks := filepath.Join(out, "blocks")
	if err := os.Mkdir(blocks, 0o700); err != nil {
		t.Fatal(err)
	}
	p := launchNode(t, t.TempDir(), "-startupnotify=touch "+out+"/start", "-blocknotify=touch "+blocks+"/%s", "-shutdownnotify=touch "+out+"/stop")
	var want []string
	p.rpc(&want, "generatetoaddress", 3, someAddress)
	slices.Sort(want)
	p.until("every block was told", func() bool {
		files, err := os.ReadDir(blocks)
		var got []string
		for _, f := range files {
			got = append(got, f.Name())
		}
		return err == nil && slices.Equal(got, want)
	})
	p.until("the start was told", func() bool { _, err := os.Stat(out + "/start"); return err == nil })
	p.end(syscall.SIGTERM)
	if _, err := os.Stat(out + "/stop"); err != nil {
		t.Error("the stop was not told:", err)
	}
}

func TestANodeStopsAtTheHeightThatWasNamed(t *testing.T) {
	dir := t.TempDir()
	p := launchNode(t, dir, "-stopatheight=3")
	p.rpc(nil, "generatetoaddress", 2, someAddress)
	p.try(nil, "generatetoaddress", 1, someAddress) // the answer may not come
	<-p.waited
	p = launchNode(t, dir)
	var height int
	if p.rpc(&height, "getblockcount"); height != 3 {
		t.Errorf("height %d after a stop at 3", height)
	}
	p.end(syscall.SIGTERM)
}
