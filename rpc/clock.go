package rpc

import (
	"math"
	"time"
)

var clockMethods = []Method{{
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
	c.Node.System.Env().SetMock(mock)
	return nil, nil
}
