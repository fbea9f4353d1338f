package rpc

import (
	"math"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
)

var clockMethods = []Method{{
	Name: "mockscheduler", Category: "hidden", Hidden: true,
	Params:  []Param{{Name: "delta_time", Kind: Number, Doc: "Number of seconds to forward the scheduler into the future."}},
	Summary: "Bump the scheduler into the future (-regtest only)",
	Result:  "null",
	Handler: mockScheduler,
}, {
	Name: "setmocktime", Category: "hidden", Hidden: true,
	Params:  []Param{{Name: "timestamp", Kind: Number, Doc: "UNIX epoch time\nPass 0 to go back to using the system time."}},
	Summary: "Set the local time to given timestamp (-regtest only)",
	Result:  "null",
	Handler: setMockTime,
}}

// maxMockTime is how many seconds fit into 64 bits of nanoseconds, as in Core.
const maxMockTime = math.MaxInt64 / int64(time.Second)

func setMockTime(c *Call) (any, error) {
	if !c.Node.mockable() {
		return nil, Errorf(CodeMisc, "setmocktime is for regression testing (-regtest mode) only")
	}
	t, err := c.Int(0, 0)
	if err != nil {
		return nil, err
	}
	if t < 0 || t > maxMockTime {
		return nil, Errorf(CodeInvalidParam, "Mocktime must be in the range [0, %d], not %d.", maxMockTime, t)
	}
	var mock time.Time
	if t > 0 {
		mock = time.Unix(t, 0)
	}
	c.Node.System.MoveClock(mock)
	return nil, nil
}

// mockScheduler brings periodic work forward: what the actors do every so many
// minutes is done that much earlier.
func mockScheduler(c *Call) (any, error) {
	if !c.Node.mockable() {
		return nil, Errorf(CodeMisc, "mockscheduler is for regression testing (-regtest mode) only")
	}
	delta, err := c.Int(0, 0)
	if err != nil {
		return nil, err
	}
	if delta <= 0 || delta > 3600 {
		return nil, Errorf(CodeMisc, "delta_time must be between 1 and 3600 seconds (1 hr)")
	}
	by := &msg.Forward{By: time.Duration(delta) * time.Second}
	for _, to := range []kit.Ref{c.Node.Cast.Mempool(), c.Node.Cast.Registry()} {
		if _, err := ask[*msg.Done](c.Context, c.Node, to, by); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
