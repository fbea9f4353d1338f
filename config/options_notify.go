package config

import "slices"

const (
	noPrograms = "no programs are started: follow the log, whose events have stable names (docs/logs.md)"
	noZMQ      = "nothing is published by ZMQ"
)

var notifyOptions = slices.Concat([]Option{
	{Name: "startupnotify", Arg: "<command>", Group: GroupNotify, Multi: true, Whole: true, Use: Refused, Help: "Run this when the node is ready", Why: noPrograms},
	{Name: "shutdownnotify", Arg: "<command>", Group: GroupNotify, Multi: true, Whole: true, Use: Refused, Help: "Run this when the node begins to stop", Why: noPrograms},
	{Name: "alertnotify", Arg: "<command>", Group: GroupNotify, Use: Refused, Help: "Run this on a warning", Why: noPrograms},
	{Name: "blocknotify", Arg: "<command>", Group: GroupNotify, Use: Refused, Help: "Run this on a new tip", Why: noPrograms},
}, zmqOptions())

// zmqOptions are two per topic: where it is published, and how far a subscriber may lag.
func zmqOptions() []Option {
	var list []Option
	for _, topic := range []string{"hashblock", "hashtx", "rawblock", "rawtx", "sequence"} {
		list = append(list,
			Option{Name: "zmqpub" + topic, Arg: "<address>", Group: GroupNotify, Multi: true, Use: Refused, Help: "Publish " + topic + " there", Why: noZMQ},
			Option{Name: "zmqpub" + topic + "hwm", Arg: "<n>", Group: GroupNotify, Use: Accepted, Help: "Messages a subscriber of " + topic + " may lag behind", Why: noZMQ})
	}
	return list
}
