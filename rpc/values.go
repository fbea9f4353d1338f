package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Amount is a sum in satoshis that prints as bitcoins with eight decimals,
// a JSON number as Core's ValueFromAmount.
type Amount int64

// Coin is the number of satoshis in a bitcoin.
const Coin = 100_000_000

// MaxMoney is the number of satoshis that will ever be.
const MaxMoney = 21_000_000 * Coin

// MarshalJSON writes the fixed-point form.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// String is the fixed-point form in bitcoins.
func (a Amount) String() string {
	sign, v := "", uint64(a)
	if a < 0 {
		sign, v = "-", -v
	}
	return fmt.Sprintf("%s%d.%08d", sign, v/Coin, v%Coin)
}

// ParseAmount reads a JSON number or string of bitcoins with at most eight
// decimals, exactly (Core's AmountFromValue): errors are Core's.
func ParseAmount(raw json.RawMessage) (Amount, error) {
	text := string(bytes.TrimSpace(raw))
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(raw, &text); err != nil {
			return 0, Errorf(CodeType, "Invalid amount")
		}
	} else if text == "" || !strings.ContainsAny(text[:1], "-0123456789") {
		return 0, Errorf(CodeType, "Amount is not a number or string")
	}
	v, err := fixedPoint(text, 8)
	if err != nil {
		return 0, Errorf(CodeType, "Invalid amount")
	}
	if v < 0 || v > MaxMoney {
		return 0, Errorf(CodeType, "Amount out of range")
	}
	return Amount(v), nil
}

// fixedPointLimit is where Core's ParseFixedPoint gives up.
const fixedPointLimit = 1_000_000_000_000_000_000

// fixedPoint reads a decimal number with an optional exponent exactly, scaled
// by 10^decimals (Core's ParseFixedPoint).
func fixedPoint(s string, decimals int) (int64, error) {
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil || e > 30 || e < -30 {
			return 0, fmt.Errorf("exponent of %q", s)
		}
		mantissa, exponent = s[:i], e
	}
	negative := strings.HasPrefix(mantissa, "-")
	mantissa = strings.TrimPrefix(mantissa, "-")
	whole, fraction, dot := strings.Cut(mantissa, ".")
	if whole == "" || (dot && fraction == "") || (len(whole) > 1 && whole[0] == '0') {
		return 0, fmt.Errorf("digits of %q", s)
	}
	digits := strings.TrimRight(whole+fraction, "0")
	shift := decimals + exponent - len(fraction) + len(whole+fraction) - len(digits)
	if digits == "" {
		return 0, nil
	}
	if shift < 0 || shift > 30 {
		return 0, fmt.Errorf("%q does not fit %d decimals", s, decimals)
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("digits of %q", s)
		}
	}
	v, err := strconv.ParseInt(digits+strings.Repeat("0", shift), 10, 64)
	if err != nil {
		return 0, err
	}
	if v >= fixedPointLimit {
		return 0, fmt.Errorf("%q is too large", s)
	}
	if negative {
		v = -v
	}
	return v, nil
}

// Float prints with sixteen significant digits, as Core prints difficulty and
// progress.
type Float float64

// MarshalJSON writes %.16g.
func (f Float) MarshalJSON() ([]byte, error) {
	s := strconv.FormatFloat(float64(f), 'g', 16, 64)
	if !json.Valid([]byte(s)) {
		return nil, fmt.Errorf("float %s is no JSON number", s)
	}
	return []byte(s), nil
}

// Field is one member of an Object.
type Field struct {
	Name  string
	Value any
}

// Object is a JSON object that keeps its order; most results are structs, and
// this is for those whose keys depend on data.
type Object []Field

// MarshalJSON writes the members in order.
func (o Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := encode(f.Name)
		if err != nil {
			return nil, err
		}
		value, err := encode(f.Value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode writes JSON without escaping what only matters inside HTML.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}
