package config

// imply lets settings change the defaults of others, as Core's
// InitParameterInteraction does. What somebody wrote is never changed.
func (l *loader) imply() {
	if l.src.AsCore {
		l.soft("pid", "bitcoind.pid", "the name bitcoind")
	}
	if l.isSet("bind") {
		l.soft("listen", "1", "-bind")
	}
	if l.isSet("whitebind") {
		l.soft("listen", "1", "-whitebind")
	}
	if l.isSet("connect") {
		l.soft("dnsseed", "0", "-connect")
		l.soft("listen", "0", "-connect")
	}
	if v, ok := l.value("maxconnections"); ok && v == "0" {
		l.soft("dnsseed", "0", "-maxconnections=0")
		l.soft("listen", "0", "-maxconnections=0")
	}
	if !l.on("listen") {
		l.soft("discover", "0", "-listen=0")
	}
	if l.isSet("externalip") {
		l.soft("discover", "0", "-externalip")
	}
	if l.on("blocksonly") {
		l.soft("whitelistrelay", "0", "-blocksonly")
		l.soft("maxmempool", "5", "-blocksonly")
	}
	if l.on("whitelistforcerelay") {
		l.soft("whitelistrelay", "1", "-whitelistforcerelay")
	}
	if l.isSet("rpcwhitelist") {
		l.soft("rpcwhitelistdefault", "1", "-rpcwhitelist")
	}
}

func (l *loader) isSet(name string) bool { return len(l.out.resolved[name]) > 0 }

// value is what a single-valued option was set to, as 0 when negated.
func (l *loader) value(name string) (string, bool) {
	values := l.out.resolved[name]
	if len(values) == 0 {
		return "", false
	}
	if values[0].Negated {
		return "0", true
	}
	return values[0].Text, true
}

// on reads a switch, with its default. A value that is no switch counts as off here and
// is reported when it is applied.
func (l *loader) on(name string) bool {
	v, ok := l.value(name)
	if !ok {
		v = byName[name].DefaultFor(l.out.Config.Chain)
	}
	on, err := parseBool(v)
	return err == nil && on && (ok || v != "")
}

func (l *loader) soft(name, value, because string) {
	if !l.isSet(name) {
		l.out.resolved[name] = []Value{{Text: value, Origin: Origin{Source: FromImplication, Written: because}}}
	}
}
