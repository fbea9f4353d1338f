package config

// coreOptions are the rest of Bitcoin Core 28's options: known by name, so that a
// file shared with it can be read and a command line of its tools is answered legibly.
var coreOptions = func() []Option {
	const noWallet = "there is no wallet"
	list := []Option{
		{Name: "disablewallet", Use: Accepted, Why: noWallet + " to disable"},
		{Name: "rpcdoccheck", Debug: true, Use: Accepted, Why: "results are checked against their schema in tests"},
		{Name: "settings", Arg: "<file>", Use: Accepted, Why: "settings are never changed behind the configuration file"},
		{Name: "checkaddrman", Arg: "<n>", Debug: true, Use: Accepted, Why: "the address book is checked in tests"},
		{Name: "capturemessages", Debug: true, Use: Refused, Why: "messages are not written to disk; -debug=p2p logs them without their contents"},
		{Name: "persistmempoolv1", Use: Accepted, Why: "either format is read"},
		{Name: "stopafterblockimport", Debug: true, Use: Refused, Why: "use the command: troupe import <file>"},
		{Name: "addrmantest", Debug: true, Use: Accepted, Why: "tests seed the address book themselves"},
		{Name: "asmap", Arg: "<file>", Bare: true, Use: Refused, Why: "addresses are grouped by prefix, not by network operator"},
		{Name: "signetseednode", Arg: "<host>", Multi: true, Use: Refused, Why: "use -addnode"},
		{Name: "proxyrandomize", Use: Accepted, Why: "proxies are not supported"},
		{Name: "torcontrol", Arg: "<host:port>", Use: Accepted, Why: "Tor is not controlled"},
		{Name: "torpassword", Arg: "<password>", Secret: true, Use: Accepted, Why: "Tor is not controlled"},
		{Name: "i2pacceptincoming", Use: Accepted, Why: "I2P is not supported"},
		{Name: "printpriority", Debug: true, Use: Accepted, Why: "fee rates are logged with -debug=mining"},
		{Name: "dblogsize", Arg: "<n>", Debug: true, Use: Accepted, Why: noWallet},
	}
	for _, name := range []string{"avoidpartialspends", "walletbroadcast", "walletrbf", "spendzeroconfchange",
		"flushwallet", "privdb", "swapbdbendian", "unsafesqlitesync", "walletrejectlongchains", "walletcrosschain"} {
		list = append(list, Option{Name: name, Use: Accepted, Why: noWallet})
	}
	for _, name := range []string{"addresstype", "changetype", "consolidatefeerate", "discardfee", "fallbackfee",
		"keypool", "maxapsfee", "maxtxfee", "mintxfee", "paytxfee", "signer", "txconfirmtarget", "walletdir", "walletnotify"} {
		list = append(list, Option{Name: name, Arg: "<value>", Use: Accepted, Why: noWallet})
	}
	list = append(list, Option{Name: "wallet", Arg: "<name>", Multi: true, NetworkOnly: true, Use: Accepted, Why: noWallet})
	for i := range list {
		list[i].Group = GroupCompatible
	}
	return list
}()
