package rpc

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAmountsPrintAndParseAsCoresDo(t *testing.T) {
	for sats, want := range map[Amount]string{
		0: "0.00000000", 1: "0.00000001", -1: "-0.00000001", Coin: "1.00000000", MaxMoney: "21000000.00000000", 17_622_195: "0.17622195",
	} {
		if got := sats.String(); got != want {
			t.Errorf("%d: %s, want %s", int64(sats), got, want)
		}
	}
	// Core's rpc_tests.cpp, rpc_parse_monetary_values.
	for text, want := range map[string]Amount{
		"0": 0, "0.00000000": 0, "0.00000001": 1, "0.17622195": 17622195, "0.5": 50000000, "0.50000000": 50000000,
		"0.89898989": 89898989, "1.00000000": 100000000, "20999999.9999999": 2099999999999990, "20999999.99999999": 2099999999999999,
		"1e-8": 1, "0.1e-7": 1, "0.01e-6": 1, "0.00000000000000000000000000000000000001e+30": 1, "-0": 0, "\"0.5\"": 50000000,
		"0.000000010000000000": 1, "1e6": 1_000_000 * Coin,
	} {
		got, err := ParseAmount(json.RawMessage(text))
		if err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"-0.00000001": "Amount out of range", "21000000.00000001": "Amount out of range", "92233720368.54775808": "Invalid amount",
		"1e-9": "Invalid amount", "0.000000019": "Invalid amount", "1e+11": "Invalid amount", "1e+10": "Invalid amount", "1e+9": "Amount out of range", "1e30": "Invalid amount",
		`""`: "Invalid amount", `"x"`: "Invalid amount", `".5"`: "Invalid amount", `"1."`: "Invalid amount", `"01"`: "Invalid amount",
		`"1e"`: "Invalid amount", `"--1"`: "Invalid amount", "true": "Amount is not a number or string", "{}": "Amount is not a number or string",
		"null": "Amount is not a number or string", `"+1"`: "Invalid amount", `"1 "`: "Invalid amount", `"1e99999999999999999999"`: "Invalid amount",
	} {
		var e *Error
		if got, err := ParseAmount(json.RawMessage(text)); !errors.As(err, &e) || e.Message != want || e.Code != CodeType {
			t.Errorf("%s: %d, %v; want %s", text, got, err, want)
		}
	}
}

func TestWhatAnAmountPrintsItParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Amount(rapid.Int64Range(0, MaxMoney).Draw(t, "sats"))
		got, err := ParseAmount(json.RawMessage(a.String()))
		if err != nil || got != a {
			t.Fatalf("%d printed %s parsed %d, %v", int64(a), a, int64(got), err)
		}
	})
}

// FuzzAmount compares with arithmetic on the digits, where that is possible.
func FuzzAmount(f *testing.F) {
	for _, s := range []string{"0.5", "1e-8", "20999999.99999999", "-1", "0x1", "1e+1", "00", "1_0", "1e 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAmount(json.RawMessage(strconv.Quote(s)))
		if err != nil {
			return
		}
		if a < 0 || a > MaxMoney {
			t.Fatalf("%q parsed as %d", s, int64(a))
		}
		if v, err := strconv.ParseFloat(s, 64); err != nil || v < float64(a)/Coin-1e-7 || v > float64(a)/Coin+1e-7 {
			t.Fatalf("%q parsed as %s", s, a)
		}
	})
}

func TestFloatsHaveSixteenDigits(t *testing.T) {
	for f, want := range map[Float]string{
		0: "0", 1: "1", 4.6565423739069247e-10: "4.656542373906925e-10", 0.1: "0.1", 90666502495565.78: "90666502495565.78",
		1.0 / 3: "0.3333333333333333", 1e15: "1000000000000000", 1e16: "1e+16", 0.0001: "0.0001", 0.00001: "1e-05", 12345678: "12345678",
	} {
		got, err := json.Marshal(f)
		if err != nil || string(got) != want {
			t.Errorf("%v: %s, %v; want %s", float64(f), got, err, want)
		}
	}
}

func TestAnObjectKeepsItsOrder(t *testing.T) {
	got, err := encode(Object{{"z", 1}, {"a", Object{}}, {"<m>", []string{"&"}}})
	if want := `{"z":1,"a":{},"<m>":["&"]}`; err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}

func TestRPCAuthAdmitsThePasswordItWasMadeFor(t *testing.T) {
	// From Core's test/functional/rpc_users.py.
	for line, password := range map[string]string{
		"rt:93648e835a54c573682c2eb19f882535$7681e9c5b74bdd85e78166031d2058e1069b3ed7ed967c93fc63abba06f31144": "cA773lm788buwYe4g4WT+05pKyNruVKjQ25x3n0DQcM=",
		"rt2:f8607b1a88861fac29dfccf9b52ff9f$ff36a0c23c8c62b4846112e50fa888416e94c17bfd4c42f88fd8f55ec6a3137e": "8/F3uMDw4KSEbw96U3CA1C4X05dkHDN2BPFjTgZW4KI=",
	} {
		c, err := ParseRPCAuth(line)
		if err != nil {
			t.Fatal(err)
		}
		if !c.admits(c.User, password) || c.admits(c.User, password+"x") || c.admits(c.User+"x", password) || c.admits(c.User, "") {
			t.Errorf("%s admits wrongly", c.User)
		}
	}
	for _, bad := range []string{"", "user", "user:salt", ":salt$hash", "user:$hash", "user:salt$"} {
		if _, err := ParseRPCAuth(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestTheCookieIsWholeAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".cookie")
	if err := os.WriteFile(path, []byte("an old and longer one, left behind, readable by everybody: "+strings.Repeat("x", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := WriteCookie(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != "__cookie__:"+c.Password || len(c.Password) != 64 {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := os.Stat(path + ".tmp"); err == nil {
		t.Error("the temporary file is left")
	}
	if !c.admits(CookieUser, c.Password) || c.admits(CookieUser, "") {
		t.Error("the cookie admits wrongly")
	}
	if _, err := WriteCookie(filepath.Join(path, "nowhere"), 0o600); err == nil {
		t.Error("a cookie was written nowhere")
	}
}
