package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
)

// devDefaults make a node of its own: regtest, this machine only, a block every ten
// seconds or as soon as two transactions wait. Whatever the user writes comes later and wins.
var devDefaults = []string{"-regtest", "-dnsseed=0", "-minterinterval=10", "-mintertxs=2"}

// devMaturity is how many blocks make the first coin spendable: its own and a hundred more.
const devMaturity = 101

// devFolder begins the name of a dev node's temporary folder.
const devFolder = "troupe-dev-"

func (a *app) devCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev [options]",
		Short: "Run a private chain with coins to spend",
		Long: `Run a regtest node that mints, with 101 blocks matured to a key that it prints. Everything is in a
temporary folder that goes with Ctrl-C, unless -datadir names another. troupe dev send and troupe dev balance
use the key from another terminal.`,
		Example:     "  troupe dev\n  troupe dev -minterinterval=0 -mintertxs=1\n  troupe dev balance\n  troupe dev send bcrt1q… 1.5",
		Annotations: map[string]string{optionsNote: ""},
	}
	cmd.RunE = func(cmd *cobra.Command, argv []string) error {
		if len(argv) > 0 && !strings.HasPrefix(argv[0], "-") {
			return unknownCommand("dev "+argv[0], cmd, argv[0])
		}
		return a.dev(cmd, argv)
	}
	cmd.AddCommand(a.devSend(), a.devBalance())
	return cmd
}

// dev finds a folder and a key, then runs the node with both.
func (a *app) dev(cmd *cobra.Command, argv []string) (err error) {
	full := append(append([]string{}, devDefaults...), argv...)
	loaded, err := a.configured(cmd, full)
	if err != nil {
		return err
	}
	if !loaded.Given("bind") && !loaded.Given("listen") {
		full = append(full, "-bind=127.0.0.1")
	}
	dir := loaded.Config.DataDir
	if !loaded.Given("datadir") {
		sweepDev()
		if dir, err = os.MkdirTemp("", devFolder); err != nil {
			return fail(exitDisk, "cannot make a temporary folder", "", "name one with -datadir").because(err)
		}
		full = append(full, "-datadir="+dir, "-noconf")
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	wallet, err := openDevWallet(filepath.Join(dir, config.Regtest.Dir()))
	if err != nil {
		return err
	}
	if !loaded.Given("minteraddress") {
		full = append(full, "-minteraddress="+wallet.address)
	}
	if loaded, err = a.configured(cmd, full); err != nil {
		return err
	}
	s, err := a.openSession(loaded, a.command("dev"), false)
	if err != nil {
		return err
	}
	record := devRecord{DataDir: dir, PID: os.Getpid()}
	defer record.remove()
	return a.drive(s, func(r readiness) error {
		// Not before the ports are ours: another dev node may have them, and the record.
		if err := record.write(); err != nil {
			return fail(exitUnexpected, "cannot note where the node is", "", "check "+devRecordPath()).because(err)
		}
		return a.devReady(s, wallet, r)
	})
}

// devReady matures the first coin and says how to go on.
func (a *app) devReady(s *session, w *devWallet, r readiness) error {
	client, err := newRPCClient(&s.Config, time.Minute)
	if err != nil {
		return err
	}
	w.client = client
	if err := w.mature(s.Log, devMaturity-int(r.Height)); err != nil {
		return err
	}
	sum, err := w.balance()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s · private chain in %s\n", build().line(), s.Config.DataDir)
	fmt.Fprintf(a.stdout, "  rpc      %s  cookie %s\n", strings.Join(r.RPC, " "), s.Config.RPC.CookieFile)
	fmt.Fprintf(a.stdout, "  peers    %s\n", strings.Join(r.P2P, " "))
	fmt.Fprintf(a.stdout, "  coins    %s spendable, %s maturing\n", sum.Spendable, sum.Immature)
	fmt.Fprintf(a.stdout, "  address  %s\n  key      %s\n", w.address, w.wif)
	fmt.Fprintln(a.stdout, "try: troupe dev send <address> 1.5 · troupe dev balance · troupe status --actors · Ctrl-C stops")
	return nil
}

// mature mints the blocks that are missing until the first coin can be spent. Their lines
// would push everything else off the screen: they are in the file alone.
func (w *devWallet) mature(log *logs.Logger, missing int) error {
	if missing <= 0 {
		return nil
	}
	log.Quiet(true)
	defer log.Quiet(false)
	if err := w.client.call(nil, "generatetoaddress", missing, w.address); err != nil {
		return fail(exitUnexpected, "the first blocks could not be minted", "", "see the log").because(err)
	}
	return w.client.call(nil, "syncwithvalidationinterfacequeue")
}

// devRecord tells the commands of another terminal where the dev node is. It is gone
// when the node is.
type devRecord struct {
	DataDir string `json:"datadir"`
	PID     int    `json:"pid"`
}

func devRecordPath() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("troupe-dev-%d.json", os.Getuid()))
}

func (r devRecord) write() error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(devRecordPath(), raw, 0o600)
}

// sweepDev removes the folder of a dev node that was killed, and so could not.
func sweepDev() {
	old, err := readDevRecord()
	ours := filepath.Dir(old.DataDir) == filepath.Clean(os.TempDir()) && strings.HasPrefix(filepath.Base(old.DataDir), devFolder)
	if err == nil && ours && !locked(filepath.Join(old.DataDir, config.Regtest.Dir())) {
		os.RemoveAll(old.DataDir)
	}
}

// remove leaves the record of a later dev node alone.
func (r devRecord) remove() {
	if now, err := readDevRecord(); err == nil && now == r {
		os.Remove(devRecordPath())
	}
}

func readDevRecord() (r devRecord, err error) {
	raw, err := os.ReadFile(devRecordPath())
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(raw, &r)
}

// devWallet is one key. It holds nothing of value: the chain is private.
type devWallet struct {
	address, wif string
	client       *rpcClient
}

// openDevWallet reads the key below the chain's folder, or makes one.
func openDevWallet(chainDir string) (*devWallet, error) {
	path := filepath.Join(chainDir, "dev.key")
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newDevWallet(path)
	}
	if err != nil {
		return nil, fail(exitUnexpected, "cannot read the key "+path, "", "check the permissions").because(err)
	}
	key, _, err := address.DecodeWIF(strings.TrimSpace(string(raw)), string(config.Regtest))
	if err != nil {
		return nil, fail(exitUnexpected, path+" is not a key", "", "remove it, and with it the way to its coins").because(err)
	}
	return walletOf(key)
}

func newDevWallet(path string) (*devWallet, error) {
	var secret [32]byte
	for {
		if _, err := rand.Read(secret[:]); err != nil {
			return nil, err
		}
		key, err := secp.ParsePrivateKey(secret[:])
		if err != nil {
			continue // zero or beyond the order: practically never
		}
		w, err := walletOf(key)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fail(exitUnexpected, "cannot make "+filepath.Dir(path), "", "check the permissions").because(err)
		}
		if err := os.WriteFile(path, []byte(w.wif+"\n"), 0o600); err != nil {
			return nil, fail(exitDisk, "cannot keep the key "+path, "", "check room and permissions").because(err)
		}
		return w, nil
	}
}

func walletOf(key *secp.PrivateKey) (*devWallet, error) {
	pub := key.PubKey()
	program := script.Hash160(pub[:])
	addr, ok := address.Encode(append([]byte{0x00, 0x14}, program[:]...), string(config.Regtest))
	wif, err := address.EncodeWIF(key, true, string(config.Regtest))
	if !ok || err != nil {
		return nil, fmt.Errorf("the key has no address: %w", err)
	}
	return &devWallet{address: addr, wif: wif}, nil
}
