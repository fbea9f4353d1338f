package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// BTCDVersion is what we compare with.
const BTCDVersion = "v0.26.2"

// Tools finds btcd and addblock in a folder of the user's cache, and has the go
// command install them there from the module proxy the first time.
func Tools(ctx context.Context) (btcd, addblock string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", "", err
	}
	dir := filepath.Join(cache, "troupe-bench", "btcd-"+BTCDVersion)
	btcd, addblock = filepath.Join(dir, "btcd"), filepath.Join(dir, "addblock")
	if _, err := os.Stat(addblock); err == nil {
		return btcd, addblock, nil
	}
	for _, pkg := range []string{"github.com/btcsuite/btcd", "github.com/btcsuite/btcd/cmd/addblock"} {
		cmd := exec.CommandContext(ctx, "go", "install", pkg+"@"+BTCDVersion)
		cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
		cmd.Dir = os.TempDir() // outside of any module
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", "", fmt.Errorf("installing %s: %w\n%s", pkg, err, out)
		}
	}
	return btcd, addblock, nil
}

// MainBlocks is the block file that ships as test data in btcd's module.
func MainBlocks(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", "github.com/btcsuite/btcd@"+BTCDVersion).Output()
	if err != nil {
		return "", fmt.Errorf("fetching btcd's module: %w", err)
	}
	_, rest, ok := strings.Cut(string(out), `"Dir": "`)
	dir, _, _ := strings.Cut(rest, `"`)
	if !ok {
		return "", fmt.Errorf("the go command does not say where btcd's module is: %s", out)
	}
	return filepath.Join(dir, "blockchain", "testdata", "blk_0_to_14131.dat"), nil
}
