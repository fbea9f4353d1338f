package consensus_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/troupe-node/troupe/consensus"
)

func TestARuleErrorIsFoundByKindAndCauseAndReadsAsCores(t *testing.T) {
	cause := errors.New("Signature must be zero for failed CHECK(MULTI)SIG operation")
	rows := []struct {
		err    error
		kind   error
		result consensus.Result
		text   string
	}{
		{nil, nil, consensus.Valid, ""},
		{errDisk, errDisk, consensus.Internal, "disk on fire"},
		{consensus.Reject(consensus.ErrBadPrev, consensus.InvalidParent, ""), consensus.ErrBadPrev, consensus.InvalidParent, "bad-prevblk"},
		{consensus.Reject(consensus.ErrHighHash, consensus.HeaderInvalid, "proof of work failed"), consensus.ErrHighHash,
			consensus.HeaderInvalid, "high-hash, proof of work failed"},
		{consensus.RejectScript(cause, "input 3"), cause, consensus.Invalid,
			"mandatory-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation), input 3"},
		{consensus.RejectScript(cause, ""), consensus.ErrScript, consensus.Invalid,
			"mandatory-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation)"},
	}
	for _, row := range rows {
		if got := consensus.ResultOf(row.err); got != row.result {
			t.Errorf("%v has result %v, want %v", row.err, got, row.result)
		}
		if row.err == nil {
			continue
		}
		wrapped := fmt.Errorf("block 5: %w", row.err)
		if !errors.Is(wrapped, row.kind) || consensus.ResultOf(wrapped) != row.result || row.err.Error() != row.text {
			t.Errorf("wrapped as %q", wrapped)
		}
	}
}

func TestOnlyLastingResultsAreRemembered(t *testing.T) {
	want := map[consensus.Result]bool{
		consensus.Valid: false, consensus.Invalid: true, consensus.CachedInvalid: true, consensus.HeaderInvalid: true,
		consensus.Mutated: false, consensus.MissingParent: false, consensus.InvalidParent: true,
		consensus.TimeFuture: false, consensus.LowWork: false, consensus.Internal: false,
	}
	names := map[string]bool{}
	for result, permanent := range want {
		if result.Permanent() != permanent {
			t.Errorf("%v is permanent: %v", result, result.Permanent())
		}
		names[result.String()] = true
	}
	if len(names) != len(want) {
		t.Errorf("results share names: %v", names)
	}
}
