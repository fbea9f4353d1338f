package rpc

import (
	"math"
	"strings"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/mempool/estimate"
)

var feeMethods = []Method{
	{
		Name: "estimatesmartfee", Category: "util",
		Params: []Param{
			{Name: "conf_target", Kind: Number, Doc: "Confirmation target in blocks (1 - 1008)"},
			{Name: "estimate_mode", Kind: String, Optional: true, Default: "\"economical\"", Doc: "The fee estimate mode: \"unset\", \"economical\" or \"conservative\""},
		},
		Summary: "Estimates the approximate fee per kilobyte needed for a transaction to begin\nconfirmation within conf_target blocks if possible and return the number of blocks\nfor which the estimate is valid. Uses virtual transaction size as defined\nin BIP 141 (witness data is discounted).",
		Result:  "{ \"feerate\", \"errors\", \"blocks\" }    (json object)",
		Handler: estimateSmartFee,
	},
	{
		Name: "estimaterawfee", Category: "hidden", Hidden: true,
		Params: []Param{
			{Name: "conf_target", Kind: Number, Doc: "Confirmation target in blocks (1 - 1008)"},
			{Name: "threshold", Kind: Number, Optional: true, Default: "0.95", Doc: "The proportion of transactions in a given feerate range that must have been\nconfirmed within conf_target in order to consider those feerates as high enough and proceed to check\nlower buckets."},
		},
		Summary: "WARNING: This interface is unstable and may disappear or change!\n\nEstimates the approximate fee per kilobyte needed for a transaction to begin\nconfirmation within conf_target blocks if possible, as each of three horizons sees it. Uses virtual transaction\nsize as defined in BIP 141 (witness data is discounted).",
		Result:  "{ \"short\" : { \"feerate\", \"decay\", \"scale\", \"pass\", \"fail\", \"errors\" }, \"medium\", \"long\" }    (json object) results for any horizon which tracks blocks up to the confirmation target",
		Handler: estimateRawFee,
	},
}

// longestTarget is the largest confirmation target in blocks that Core takes.
const longestTarget = 1008

var errNoEstimates = Errorf(CodeInternal, "Fee estimation disabled")

func (c *Call) confirmationTarget() (int, error) {
	if c.Node.Config.Mempool.BlocksOnly {
		return 0, errNoEstimates
	}
	target, err := c.Int(0, 0)
	if err == nil && (target < 1 || target > longestTarget) {
		err = Errorf(CodeInvalidParam, "Invalid conf_target, must be between %d and %d", 1, longestTarget)
	}
	return int(target), err
}

func estimateSmartFee(c *Call) (any, error) {
	target, err := c.confirmationTarget()
	if err != nil {
		return nil, err
	}
	conservative := false
	switch strings.ToLower(c.String(1, "economical")) {
	case "economical", "unset":
	case "conservative":
		conservative = true
	default:
		return nil, Errorf(CodeInvalidParam, `Invalid estimate_mode parameter, must be one of: "unset", "economical", "conservative"`)
	}
	e, err := ask[*msg.FeeEstimated](c.Context, c.Node, c.Node.Cast.Mempool(), &msg.EstimateFee{Blocks: target, Conservative: conservative})
	if err != nil {
		return nil, err
	}
	pool, err := c.Node.pool()
	if err != nil {
		return nil, err
	}
	if !e.Known {
		return Object{{"errors", []string{"Insufficient data or no feerate found"}}, {"blocks", e.Blocks}}, nil
	}
	// Nothing that pays less would be taken or relayed.
	rate := max(e.PerKVB, pool.MinFeePerKVB(), pool.Policy().MinRelayFee)
	return Object{{"feerate", Amount(rate)}, {"blocks", e.Blocks}}, nil
}

// rawHorizon is what one horizon says.
type rawHorizon struct {
	FeeRate *Amount   `json:"feerate,omitempty"`
	Decay   Float     `json:"decay"`
	Scale   int       `json:"scale"`
	Pass    *rawRange `json:"pass,omitempty"`
	Fail    *rawRange `json:"fail,omitempty"`
	Errors  []string  `json:"errors,omitempty"`
}

type rawRange struct {
	Start       Float `json:"startrange"`
	End         Float `json:"endrange"`
	Within      Float `json:"withintarget"`
	Confirmed   Float `json:"totalconfirmed"`
	InMempool   Float `json:"inmempool"`
	LeftMempool Float `json:"leftmempool"`
}

func describeRange(r estimate.Range) *rawRange {
	cents := func(v float64) Float { return Float(math.Round(v*100) / 100) }
	return &rawRange{Float(math.Round(r.From)), Float(math.Round(r.To)), cents(r.Within), cents(r.Confirmed), cents(r.Waiting), cents(r.Left)}
}

func estimateRawFee(c *Call) (any, error) {
	target, err := c.confirmationTarget()
	if err != nil {
		return nil, err
	}
	share, err := c.Float(1, 0.95)
	if err != nil {
		return nil, err
	}
	if share < 0 || share > 1 {
		return nil, Errorf(CodeInvalidParam, "Invalid threshold")
	}
	e, err := ask[*msg.RawFeeEstimated](c.Context, c.Node, c.Node.Cast.Mempool(), &msg.EstimateRawFee{Blocks: target, Share: share})
	if err != nil {
		return nil, err
	}
	result := Object{}
	for _, r := range e.Horizons {
		h := rawHorizon{Decay: Float(r.Decay), Scale: r.Scale}
		if r.PerKVB != 0 {
			rate := Amount(r.PerKVB)
			h.FeeRate, h.Pass = &rate, describeRange(r.Pass)
		} else {
			h.Errors = []string{"Insufficient data or no feerate found which meets threshold"}
		}
		if r.PerKVB == 0 || r.Fail.From != -1 {
			h.Fail = describeRange(r.Fail)
		}
		result = append(result, Field{r.Horizon.String(), h})
	}
	return result, nil
}
