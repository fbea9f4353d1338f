package config

import "slices"

const noZMQ = "nothing is published by ZMQ"

var notifyOptions = slices.Concat([]Option{
	{Name: "startupnotify", Arg: "<command>", Group: GroupNotify, Multi: true, Whole: true, Help: "Run this when the node is ready",
		apply: texts(func(c *Config) *[]string { return &c.Notify.Startup })},
	{Name: "shutdownnotify", Arg: "<command>", Group: GroupNotify, Multi: true, Whole: true, Help: "Run this when the node begins to stop",
		apply: texts(func(c *Config) *[]string { return &c.Notify.Shutdown })},
	{Name: "alertnotify", Arg: "<command>", Group: GroupNotify, Help: "Run this on a warning; %s is its text",
		apply: text(func(c *Config) *string { return &c.Notify.Alert })},
	{Name: "blocknotify", Arg: "<command>", Group: GroupNotify, Help: "Run this on a new tip; %s is its hash",
		apply: text(func(c *Config) *string { return &c.Notify.Block })},
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
