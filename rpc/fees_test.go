package rpc_test

import (
	"testing"

	"github.com/troupe-node/troupe/rpc"
)

func TestRawFeeEstimatesAreRefusedAndMissingAsInCore(t *testing.T) {
	r := newRig(t)
	r.refuses(rpc.CodeMisc, "estimaterawfee", "estimaterawfee")
	r.refuses(rpc.CodeType, "JSON value of type string is not of expected type number", "estimaterawfee", 1, "foo")
	r.refuses(rpc.CodeInvalidParam, "Invalid conf_target, must be between 1 and 1008", "estimaterawfee", 1009)
	r.refuses(rpc.CodeInvalidParam, "Invalid threshold", "estimaterawfee", 6, 1.1)
	const nothing = `"fail":{"startrange":0,"endrange":1e+99,"withintarget":0,"totalconfirmed":0,"inmempool":0,"leftmempool":0},` +
		`"errors":["Insufficient data or no feerate found which meets threshold"]}`
	for target, want := range map[int]string{
		12: `{"short":{"decay":0.962,"scale":1,` + nothing + `,"medium":{"decay":0.9952,"scale":2,` + nothing + `,"long":{"decay":0.99931,"scale":24,` + nothing + `}`,
		13: `{"medium":{"decay":0.9952,"scale":2,` + nothing + `,"long":{"decay":0.99931,"scale":24,` + nothing + `}`,
		49: `{"long":{"decay":0.99931,"scale":24,` + nothing + `}`,
	} {
		if got := r.raw("estimaterawfee", target, 1); got != want {
			t.Errorf("%d blocks:\n got %s\nwant %s", target, got, want)
		}
	}
}

func TestWithoutRelayThereAreNoEstimates(t *testing.T) {
	r := newRig(t, "-blocksonly")
	r.refuses(rpc.CodeInternal, "Fee estimation disabled", "estimatesmartfee", 2)
	r.refuses(rpc.CodeInternal, "Fee estimation disabled", "estimaterawfee", 2)
}

func TestASmartEstimateOfANewNodeReachesNoTarget(t *testing.T) {
	r := newRig(t)
	const want = `{"errors":["Insufficient data or no feerate found"],"blocks":0}`
	for _, mode := range []string{"unset", "ECONOMICAL", "Conservative"} {
		if got := r.raw("estimatesmartfee", 6, mode); got != want {
			t.Errorf("%s: %s", mode, got)
		}
	}
}
