package actors

import (
	"fmt"

	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// ParamsOf are the parameters of the configured chain, with what the options
// change about them.
func ParamsOf(c *config.Config) (*consensus.Params, error) {
	var options []consensus.Option
	r := &c.Rules
	if r.SignetChallenge != nil {
		options = append(options, consensus.WithSignetChallenge(r.SignetChallenge))
	}
	if r.FastPrune && c.Chain == config.Regtest {
		options = append(options, func(p *consensus.Params) error { p.PruneAfterHeight = 100; return nil })
	}
	if r.EnforceBIP94 {
		options = append(options, consensus.WithBIP94(true))
	}
	for _, a := range r.Activations {
		options = append(options, consensus.WithActivationHeight(fmt.Sprintf("%s@%d", a.Name, a.Height)))
	}
	for _, v := range r.VersionBits {
		options = append(options, consensus.WithVersionBits(fmt.Sprintf("%s:%d:%d:%d", v.Deployment, v.Start, v.Timeout, v.MinActivation)))
	}
	if r.AssumeValid != nil {
		options = append(options, consensus.WithAssumeValid(tx.Hash(*r.AssumeValid)))
	}
	if r.MinimumChainWork != nil {
		work, err := consensus.ParseUint256(fmt.Sprintf("%x", *r.MinimumChainWork))
		if err != nil {
			return nil, fmt.Errorf("-minimumchainwork: %w", err)
		}
		options = append(options, consensus.WithMinimumChainWork(work))
	}
	return consensus.ParamsFor(string(c.Chain), options...)
}
