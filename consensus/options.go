package consensus

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/troupe-node/troupe/tx"
)

// Option changes the parameters that [ParamsFor] returns.
type Option func(*Params) error

// optionError has Core's words, which test rigs look for.
type optionError string

func (e optionError) Error() string { return string(e) }

func optionErrorf(format string, args ...any) error { return optionError(fmt.Sprintf(format, args...)) }

var errOnlyRegtest = errors.New("is for regtest only: leave it out or choose -regtest")

// WithActivationHeight moves a buried deployment on regtest. spec is
// "name@height" as in Core's -testactivationheight; the names are segwit,
// bip34, dersig, cltv and csv.
func WithActivationHeight(spec string) Option {
	return func(p *Params) error {
		if p.Name != "regtest" {
			return fmt.Errorf("-testactivationheight=%s %w", spec, errOnlyRegtest)
		}
		name, value, found := strings.Cut(spec, "@")
		if !found {
			return optionErrorf("Invalid format (%s) for -testactivationheight=name@height.", spec)
		}
		height, err := strconv.ParseInt(value, 10, 32)
		if err != nil || height < 0 || height == math.MaxInt32 {
			return optionErrorf("Invalid height value (%s) for -testactivationheight=name@height.", spec)
		}
		for b, option := range buriedOptionNames {
			if option == name {
				p.activation[b] = int32(height)
				return nil
			}
		}
		return optionErrorf("Invalid name (%s) for -testactivationheight=name@height.", spec)
	}
}

// WithVersionBits sets the times of a deployment on regtest. spec is
// "deployment:start:end" or "deployment:start:end:min_activation_height" as
// in Core's -vbparams; times are median times past, -1 as start is always
// active, -2 is never.
func WithVersionBits(spec string) Option {
	return func(p *Params) error {
		if p.Name != "regtest" {
			return fmt.Errorf("-vbparams=%s %w", spec, errOnlyRegtest)
		}
		parts := strings.Split(spec, ":")
		if len(parts) < 3 || len(parts) > 4 {
			return optionErrorf("Version bits parameters malformed, expecting deployment:start:end[:min_activation_height]")
		}
		start, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			return optionErrorf("Invalid nStartTime (%s)", parts[1])
		}
		timeout, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil {
			return optionErrorf("Invalid nTimeout (%s)", parts[2])
		}
		height := int64(0)
		if len(parts) == 4 {
			if height, err = strconv.ParseInt(parts[3], 10, 32); err != nil {
				return optionErrorf("Invalid min_activation_height (%s)", parts[3])
			}
		}
		for i := range p.Deployments {
			d := &p.Deployments[i]
			if d.Name == parts[0] {
				d.StartTime, d.Timeout, d.MinActivationHeight = start, timeout, int32(height)
				return nil
			}
		}
		return optionErrorf("Invalid deployment (%s)", parts[0])
	}
}

// WithBIP94 switches BIP94's rules on regtest, which Core 28 enforces there
// and later versions only on demand (-test=bip94).
func WithBIP94(enforce bool) Option {
	return func(p *Params) error {
		if p.Name != "regtest" {
			return fmt.Errorf("BIP94 as an option %w", errOnlyRegtest)
		}
		p.EnforceBIP94 = enforce
		return nil
	}
}

// WithBIP30Repeat lets a block of regtest repeat an older block's coinbase and
// take its coins away, for re-enacting the two blocks of main net that did so
// (see mainBIP30Blocks).
func WithBIP30Repeat(older, repeat tx.Hash, olderHeight, repeatHeight int32) Option {
	return func(p *Params) error {
		if p.Name != "regtest" {
			return fmt.Errorf("a repeated coinbase %w", errOnlyRegtest)
		}
		p.bip30Repeats = map[int32]tx.Hash{repeatHeight: repeat}
		p.bip30Unspendable = map[int32]tx.Hash{olderHeight: older}
		return nil
	}
}

// WithSignetChallenge makes a custom signet (-signetchallenge): its own magic,
// no seeds, and nothing assumed of its chain.
func WithSignetChallenge(challenge []byte) Option {
	return func(p *Params) error {
		if p.Name != "signet" {
			return errors.New("-signetchallenge is for signet only: leave it out or choose -signet")
		}
		p.setSignetChallenge(append([]byte(nil), challenge...))
		p.DNSSeeds = nil
		p.MinimumChainWork = Work{}
		p.AssumeValid = tx.Hash{}
		p.TxStats = TxStats{}
		return nil
	}
}

// WithAssumeValid replaces the block up to which scripts are taken for
// verified (-assumevalid); the zero hash verifies everything.
func WithAssumeValid(hash tx.Hash) Option {
	return func(p *Params) error {
		p.AssumeValid = hash
		return nil
	}
}

// WithMinimumChainWork replaces the work below which no chain is believed
// (-minimumchainwork).
func WithMinimumChainWork(w Work) Option {
	return func(p *Params) error {
		p.MinimumChainWork = w
		return nil
	}
}
