package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/troupe-node/troupe/config"
)

// coinbaseMaturity is how deep a minted coin must be before it is spent.
const coinbaseMaturity = 100

// devFeeRate is what "dev send" pays, in satoshis per vbyte: twice the least that is relayed.
const devFeeRate = 2

// devDust is the least change worth an output of its own.
const devDust = config.Sats(1000)

func (a *app) devSend() *cobra.Command {
	return &cobra.Command{
		Use:     "send ADDRESS AMOUNT [-datadir=…]",
		Short:   "Send coins of the dev node",
		Example: "  troupe dev send bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 1.5",
		RunE: func(cmd *cobra.Command, argv []string) error {
			wallet, args, err := a.devWallet(cmd, argv, 2, "an address and an amount")
			if err != nil {
				return err
			}
			amount, err := config.ParseAmount(args.Words[1])
			if err != nil || amount == 0 {
				return fail(exitUsage, fmt.Sprintf("%q is not an amount", args.Words[1]), "it is in coins, with up to eight decimals", "write it like 1.5")
			}
			txid, fee, err := wallet.send(args.Words[0], amount)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "sent %s to %s\n  fee   %s\n  txid  %s\n", amount, args.Words[0], fee, txid)
			return nil
		},
	}
}

func (a *app) devBalance() *cobra.Command {
	return &cobra.Command{
		Use:     "balance [-datadir=…]",
		Short:   "Count the coins of the dev node",
		Example: "  troupe dev balance",
		RunE: func(cmd *cobra.Command, argv []string) error {
			wallet, _, err := a.devWallet(cmd, argv, 0, "no words")
			if err != nil {
				return err
			}
			sum, err := wallet.balance()
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "spendable  %s\nmaturing   %s\nspent      %s  (by transactions that wait)\naddress    %s\n",
				sum.Spendable, sum.Immature, sum.Spent, wallet.address)
			return nil
		},
	}
}

// devWallet finds the running dev node: in -datadir, or where the last one said it is.
func (a *app) devWallet(cmd *cobra.Command, argv []string, count int, what string) (*devWallet, config.Args, error) {
	rules := config.ArgRules{Spaced: true, Words: true}
	args, err := a.line(cmd, argv, rules)
	if err != nil {
		return nil, args, err
	}
	if err := words(args, count, count, what); err != nil {
		return nil, args, err
	}
	args, loaded, err := a.devNode(cmd, argv, rules)
	if err != nil {
		return nil, args, err
	}
	client, err := newRPCClient(&loaded.Config, time.Minute)
	if err != nil {
		return nil, args, err
	}
	w, err := findDevWallet(loaded.Config.ChainDir)
	if err != nil {
		return nil, args, err
	}
	w.client = client
	return w, args, nil
}

// devNode completes the arguments with the place of the running dev node, unless they
// name one.
func (a *app) devNode(cmd *cobra.Command, argv []string, rules config.ArgRules) (args config.Args, loaded *config.Loaded, err error) {
	place := []string{"-regtest"}
	for range 2 {
		if args, err = a.line(cmd, slices.Concat(place, argv), rules); err != nil {
			return args, nil, err
		}
		if loaded, err = a.load(args); err != nil || loaded.Given("datadir") {
			return args, loaded, err
		}
		record, err := readDevRecord()
		if err != nil {
			return args, nil, fail(exitUnexpected, "no dev node runs", "", "start one with troupe dev, or name its -datadir")
		}
		place = []string{"-regtest", "-datadir=" + record.DataDir}
	}
	return args, loaded, nil
}

// findDevWallet does not make a key where no dev node has been.
func findDevWallet(chainDir string) (*devWallet, error) {
	path := filepath.Join(chainDir, "dev.key")
	if _, err := readFile(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fail(exitUnexpected, "the node in "+chainDir+" is no dev node", "it has no dev.key", "start one with troupe dev")
	}
	return openDevWallet(chainDir)
}

// devCoin is one coin of scantxoutset.
type devCoin struct {
	TxID     string      `json:"txid"`
	Index    uint32      `json:"vout"`
	Script   string      `json:"scriptPubKey"`
	Amount   json.Number `json:"amount"`
	Coinbase bool        `json:"coinbase"`
	Height   int32       `json:"height"`

	sats config.Sats
}

// devSum is the balance.
type devSum struct{ Spendable, Immature, Spent config.Sats }

// coins lists the key's coins that can be spent now, largest first, and sums all.
func (w *devWallet) coins() ([]devCoin, devSum, error) {
	var scan struct {
		Height   int32     `json:"height"`
		Unspents []devCoin `json:"unspents"`
	}
	var sum devSum
	if err := w.client.call(&scan, "scantxoutset", "start", []string{"addr(" + w.address + ")"}); err != nil {
		return nil, sum, starting(err)
	}
	var ready []devCoin
	for _, c := range scan.Unspents {
		var err error
		if c.sats, err = config.ParseAmount(c.Amount.String()); err != nil {
			return nil, sum, fmt.Errorf("the node reports the amount %s: %w", c.Amount, err)
		}
		if c.Coinbase && scan.Height-c.Height+1 < coinbaseMaturity {
			sum.Immature += c.sats
			continue
		}
		var out *struct{}
		if err := w.client.call(&out, "gettxout", c.TxID, c.Index, true); err != nil {
			return nil, sum, err
		}
		if out == nil { // a waiting transaction spends it
			sum.Spent += c.sats
			continue
		}
		sum.Spendable += c.sats
		ready = append(ready, c)
	}
	slices.SortFunc(ready, func(x, y devCoin) int { return int(y.sats - x.sats) })
	return ready, sum, nil
}

func (w *devWallet) balance() (devSum, error) {
	_, sum, err := w.coins()
	return sum, err
}

// send pays amount to an address with the largest coins, and change back to the key.
func (w *devWallet) send(to string, amount config.Sats) (txid string, fee config.Sats, err error) {
	coins, sum, err := w.coins()
	if err != nil {
		return "", 0, err
	}
	var total config.Sats
	for n := range coins {
		total += coins[n].sats
		if total < amount {
			continue
		}
		used := coins[:n+1]
		// Signed once without a fee to learn the size, then again with it.
		_, size, err := w.sign(to, amount, used, total-amount)
		if err != nil {
			return "", 0, err
		}
		fee = config.Sats(size * devFeeRate)
		if total < amount+fee {
			continue
		}
		raw, _, err := w.sign(to, amount, used, total-amount-fee)
		if err != nil {
			return "", 0, err
		}
		if change := total - amount - fee; change < devDust {
			fee += change
		}
		err = w.client.call(&txid, "sendrawtransaction", raw)
		return txid, fee, err
	}
	return "", 0, fail(exitUnexpected, fmt.Sprintf("%s cannot be sent", amount), fmt.Sprintf("%s are spendable, and the fee comes on top", sum.Spendable), "send less, or wait for the next block")
}

// sign makes the transaction and tells its virtual size.
func (w *devWallet) sign(to string, amount config.Sats, coins []devCoin, change config.Sats) (raw string, vsize int, err error) {
	inputs := []map[string]any{}
	prevouts := []map[string]any{}
	for _, c := range coins {
		inputs = append(inputs, map[string]any{"txid": c.TxID, "vout": c.Index})
		prevouts = append(prevouts, map[string]any{"txid": c.TxID, "vout": c.Index, "scriptPubKey": c.Script, "amount": c.Amount})
	}
	outputs := []map[string]any{{to: json.Number(amount.String())}}
	if change >= devDust {
		outputs = append(outputs, map[string]any{w.address: json.Number(change.String())})
	}
	var unsigned string
	if err := w.client.call(&unsigned, "createrawtransaction", inputs, outputs); err != nil {
		return "", 0, err
	}
	var signed struct {
		Hex      string `json:"hex"`
		Complete bool   `json:"complete"`
	}
	if err := w.client.call(&signed, "signrawtransactionwithkey", unsigned, []string{w.wif}, prevouts); err != nil {
		return "", 0, err
	}
	if !signed.Complete {
		return "", 0, fail(exitUnexpected, "the transaction could not be signed", "the key does not own all of its coins", "see the node's log")
	}
	var decoded struct {
		VSize int `json:"vsize"`
	}
	if err := w.client.call(&decoded, "decoderawtransaction", signed.Hex); err != nil {
		return "", 0, err
	}
	return signed.Hex, decoded.VSize, nil
}
