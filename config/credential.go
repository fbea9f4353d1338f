package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// RPCAuth is one -rpcauth user: the password is known by
// HMAC-SHA256(key = salt, message = password), in hex as it was written. As in Core,
// one that no password can have is no mistake.
type RPCAuth struct {
	User string
	Salt string
	HMAC string
}

func parseRPCAuth(s string) (RPCAuth, error) {
	bad := errors.New("Invalid -rpcauth argument.")
	user, rest, ok := strings.Cut(s, ":")
	salt, sum, ok2 := strings.Cut(rest, "$")
	if !ok || !ok2 || strings.Contains(rest, ":") || strings.Contains(sum, "$") {
		return RPCAuth{}, bad
	}
	return RPCAuth{User: user, Salt: salt, HMAC: sum}, nil
}

func parseCookiePerms(s string) (fs.FileMode, error) {
	switch s {
	case "owner":
		return 0o600, nil
	case "group":
		return 0o640, nil
	case "all":
		return 0o644, nil
	}
	return 0, fmt.Errorf("Invalid -rpccookieperms=%s; must be one of 'owner', 'group', or 'all'.", s)
}

// applyWhitelist collects -rpcwhitelist=user:method,method. Several for one user
// leave only the methods that all of them name, and a user alone may call nothing,
// as in Core.
func applyWhitelist(c *Config, values []Value) error {
	lists := map[string]map[string]bool{}
	for _, v := range values {
		user, rest, listed := strings.Cut(v.Text, ":")
		switch {
		case user == "":
			return valueError{v.Origin, fmt.Errorf("%q is not user:method,method", v.Text)}
		case !listed && lists[user] != nil:
			continue
		}
		methods := map[string]bool{}
		for _, m := range strings.FieldsFunc(rest, func(r rune) bool { return r == ',' || r == ' ' }) {
			methods[m] = true
		}
		if old, again := lists[user]; again {
			for m := range methods {
				if !old[m] {
					delete(methods, m)
				}
			}
		}
		lists[user] = methods
	}
	c.RPC.Whitelist = lists
	return nil
}
