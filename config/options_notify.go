package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

var zmqTopics = []string{"hashblock", "hashtx", "rawblock", "rawtx", "sequence"}

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
	for _, topic := range zmqTopics {
		list = append(list,
			Option{Name: "zmqpub" + topic, Arg: "<address>", Group: GroupNotify, Multi: true,
				Help: "Publish " + topic + " there (tcp://host:port)", apply: applyZMQ(topic)},
			Option{Name: "zmqpub" + topic + "hwm", Arg: "<n>", Group: GroupNotify, Default: "1000",
				Help: "Messages a subscriber of " + topic + " may lag behind", apply: applyHighMark(topic)})
	}
	return list
}

func applyZMQ(topic string) func(*Config, []Value) error {
	return func(c *Config, values []Value) error {
		for _, v := range values {
			scheme, rest, ok := strings.Cut(v.Text, "://")
			switch {
			case ok && scheme == "tcp":
				if _, _, has, err := splitPort(strings.Replace(rest, "*", "0.0.0.0", 1)); err != nil || !has {
					return valueError{v.Origin, fmt.Errorf("Invalid port specified in -zmqpub%s: '%s'", topic, v.Text)}
				}
			case strings.HasPrefix(v.Text, "unix:"), ok && scheme == "ipc":
				return valueError{v.Origin, fmt.Errorf("%q: only tcp:// is supported", v.Text)}
			default:
				return valueError{v.Origin, fmt.Errorf("%q is not tcp://host:port", v.Text)}
			}
			c.Notify.ZMQ = append(c.Notify.ZMQ, ZMQ{Topic: topic, Endpoint: v.Text})
		}
		return nil
	}
}

// applyHighMark runs after the topic's addresses: the registry keeps that order.
func applyHighMark(topic string) func(*Config, []Value) error {
	return func(c *Config, values []Value) error {
		n, err := strconv.ParseInt(values[0].Text, 10, 64)
		if err != nil || n < 0 || n > math.MaxInt32 {
			return fmt.Errorf("%q is not a whole number", values[0].Text)
		}
		for i := range c.Notify.ZMQ {
			if c.Notify.ZMQ[i].Topic == topic {
				c.Notify.ZMQ[i].HighMark = int(n)
			}
		}
		return nil
	}
}
