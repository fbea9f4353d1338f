package observer

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/tx"
)

func TestARefusedBlockIsToldInCoresSentences(t *testing.T) {
	hash := tx.Hash{1}
	for _, c := range []struct {
		err  error
		want string
	}{
		{consensus.Reject(consensus.ErrTimeTooOld, consensus.HeaderInvalid, "block's timestamp is too early"),
			hash.String() + ", time-too-old, block's timestamp is too early"},
		{consensus.Reject(consensus.ErrPrevNotFound, consensus.MissingParent, "previous block x is unknown"), "AcceptBlock FAILED (prev-blk-not-found)"},
		{consensus.RejectScript(errors.New("Negative locktime"), "input 0 of "+hash.String()+" (wtxid x), spending y"),
			"CheckInputScripts on " + hash.String() + " failed with mandatory-script-verify-flag-failed (Negative locktime)"},
	} {
		var b bytes.Buffer
		l := &Log{L: logs.Into(&b, logs.Debug)}
		l.BlockRefused(&chainstate.Verdict{Hash: hash, Outcome: chainstate.Refused, Err: c.err})
		if !strings.Contains(b.String(), c.want) {
			t.Errorf("got %s, want %s", b.String(), c.want)
		}
	}
}
