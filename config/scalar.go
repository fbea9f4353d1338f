package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Sats is an amount in satoshis.
type Sats int64

const satsPerCoin = 100_000_000

// parseBool reads a switch: nothing or a number other than 0 is on. Bitcoin Core
// reads any other word as 0, so that server=true switches the server off; here it is refused.
func parseBool(s string) (bool, error) {
	if s == "" {
		return true, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return false, fmt.Errorf("%q is neither 0 nor 1", s)
	}
	return n != 0, nil
}

// ParseAmount reads coins with up to eight decimals, as in 0.00001, into satoshis. No
// sign, no exponent, never more than 21 million.
func ParseAmount(s string) (Sats, error) {
	whole, frac, dot := strings.Cut(s, ".")
	if whole == "" && frac == "" || dot && frac == "" && whole == "" {
		return 0, errors.New("it is not a number")
	}
	if len(frac) > 8 {
		return 0, errors.New("it has more than eight decimals")
	}
	var n int64
	for _, r := range whole + frac + strings.Repeat("0", 8-len(frac)) {
		if r < '0' || r > '9' {
			return 0, errors.New("it is not a decimal number")
		}
		n = n*10 + int64(r-'0')
		if n > 21_000_000*satsPerCoin {
			return 0, errors.New("it is more than 21 million")
		}
	}
	return Sats(n), nil
}

// String writes the amount in coins with eight decimals.
func (s Sats) String() string {
	sign := ""
	if s < 0 {
		sign, s = "-", -s
	}
	return fmt.Sprintf("%s%d.%08d", sign, s/satsPerCoin, s%satsPerCoin)
}

// parseSize reads bytes: a plain number is MiB, or with a unit (k, M, G as powers of
// 1024; "B" and "iB" may follow).
func parseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "kKmMgGtTiBb ")
	unit := strings.ToLower(strings.TrimSpace(s[len(digits):]))
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a size such as 512MiB or 2GiB", s)
	}
	shift := 20
	switch strings.TrimSuffix(strings.TrimSuffix(unit, "b"), "i") {
	case "k":
		shift = 10
	case "m":
	case "g":
		shift = 30
	case "t":
		shift = 40
	case "":
		if unit != "" {
			shift = 0
		}
	default:
		return 0, fmt.Errorf("%q is not a size such as 512MiB or 2GiB", s)
	}
	if n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q is too large", s)
	}
	return n << shift, nil
}

// parseUploadTarget reads bytes as Core does where the unit is one letter: small ones are
// powers of 1000, large ones of 1024, and none is M.
func parseUploadTarget(s string) (int64, error) {
	units := map[byte]int64{
		'k': 1000, 'm': 1000_000, 'g': 1000_000_000, 't': 1000_000_000_000,
		'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40,
	}
	digits, unit := s, units['M']
	if len(s) > 0 && units[s[len(s)-1]] != 0 {
		digits, unit = s[:len(s)-1], units[s[len(s)-1]]
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || int64(n) > math.MaxInt64/unit {
		return 0, fmt.Errorf("Unable to parse -maxuploadtarget: '%s'", s)
	}
	return int64(n) * unit, nil
}

// one builds the apply of a single-valued option from a parser of its text.
func one[T any](field func(*Config) *T, parse func(string) (T, error)) func(*Config, []Value) error {
	return func(c *Config, values []Value) error {
		v := values[0]
		text := v.Text
		if v.Negated {
			text = "0"
		}
		got, err := parse(text)
		if err != nil {
			return err
		}
		*field(c) = got
		return nil
	}
}

func boolean(field func(*Config) *bool) func(*Config, []Value) error {
	return one(field, parseBool)
}

// integer accepts a whole number within [lo, hi].
func integer[T ~int | ~int32 | ~int64](field func(*Config) *T, lo, hi T) func(*Config, []Value) error {
	return one(field, func(s string) (T, error) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a whole number", s)
		}
		if n < int64(lo) || n > int64(hi) {
			return 0, fmt.Errorf("%d is not between %d and %d", n, lo, hi)
		}
		return T(n), nil
	})
}

// span accepts a whole number of units within [lo, hi] units. What is longer than a
// duration can be is the longest.
func span(field func(*Config) *time.Duration, unit time.Duration, lo, hi int64) func(*Config, []Value) error {
	return one(field, func(s string) (time.Duration, error) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a whole number", s)
		}
		if n < lo || n > hi {
			return 0, fmt.Errorf("%d is not between %d and %d", n, lo, hi)
		}
		return time.Duration(min(n, math.MaxInt64/int64(unit))) * unit, nil
	})
}

func amount(field func(*Config) *Sats) func(*Config, []Value) error {
	return one(field, ParseAmount)
}

func size(field func(*Config) *int64) func(*Config, []Value) error {
	return one(field, parseSize)
}

// text takes the value as it is; the "no" form means empty.
func text(field func(*Config) *string) func(*Config, []Value) error {
	return func(c *Config, values []Value) error {
		*field(c) = values[0].Text
		return nil
	}
}

// texts takes every value as it is.
func texts(field func(*Config) *[]string) func(*Config, []Value) error {
	return many(field, func(s string) (string, error) { return s, nil })
}

// many builds the apply of a multi-valued option from a parser of one value.
func many[T any](field func(*Config) *[]T, parse func(string) (T, error)) func(*Config, []Value) error {
	return func(c *Config, values []Value) error {
		var list []T
		var errs []error
		for _, v := range values {
			got, err := parse(v.Text)
			if err != nil {
				errs = append(errs, valueError{v.Origin, err})
				continue
			}
			list = append(list, got)
		}
		*field(c) = list
		return errors.Join(errs...)
	}
}

// valueError names which of several values is wrong.
type valueError struct {
	origin Origin
	err    error
}

func (e valueError) Error() string { return e.err.Error() }
