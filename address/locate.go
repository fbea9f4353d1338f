package address

import (
	"slices"
	"strings"
)

const bech32Charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32Encodings are the encodings and the remainder that a valid string leaves (BIP173, BIP350).
var bech32Encodings = []struct {
	name     string
	constant uint32
}{{"Bech32", 1}, {"Bech32m", 0x2bc830a3}}

// locateErrors says what is wrong with a string that does not decode as bech32
// or bech32m, and where. Up to two wrong characters after the separator are
// found, because the checksum is a code of distance five. The texts are those
// of bech32::LocateErrors of Core.
func locateErrors(s string) (text string, places []int) {
	if len(s) > 90 {
		for i := 90; i < len(s); i++ {
			places = append(places, i)
		}
		return "Bech32 string too long", places
	}
	if places = badCharacters(s); len(places) > 0 {
		return "Invalid character or mixed case", places
	}
	sep := strings.LastIndexByte(s, '1')
	if sep < 0 {
		return "Missing separator", nil
	}
	if sep == 0 || sep+6 >= len(s) {
		return "Invalid separator position", []int{sep}
	}
	s = strings.ToLower(s)
	values := make([]byte, 0, len(s))
	for i := sep + 1; i < len(s); i++ {
		v := strings.IndexByte(bech32Charset, s[i])
		if v < 0 {
			return "Invalid Base 32 character", []int{i}
		}
		values = append(values, byte(v))
	}
	text = "Invalid checksum"
	table := newErrorTable(len(values))
	for _, encoding := range bech32Encodings {
		found := table.explain(residue(s[:sep], values)^encoding.constant, len(s))
		if len(found) > 0 && (len(places) == 0 || len(found) < len(places)) {
			places = found
			text = "Invalid " + encoding.name + " checksum"
		}
	}
	return text, places
}

// badCharacters returns the places of characters outside ASCII 33 to 126, and
// of letters whose case differs from that of the first letter.
func badCharacters(s string) (places []int) {
	var lower, upper bool
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
			if upper {
				places = append(places, i)
			} else {
				lower = true
			}
		case c >= 'A' && c <= 'Z':
			if lower {
				places = append(places, i)
			} else {
				upper = true
			}
		case c < 33 || c > 126:
			places = append(places, i)
		}
	}
	return places
}

// step multiplies the remainder by x and adds v, modulo the generator of BIP173.
func step(c uint32, v byte) uint32 {
	top := c >> 25
	c = (c&0x1ffffff)<<5 ^ uint32(v)
	for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 == 1 {
			c ^= g
		}
	}
	return c
}

// residue is the remainder of the expanded human-readable part and the data.
func residue(hrp string, values []byte) uint32 {
	c := uint32(1)
	for i := 0; i < len(hrp); i++ {
		c = step(c, hrp[i]>>5)
	}
	c = step(c, 0)
	for i := 0; i < len(hrp); i++ {
		c = step(c, hrp[i]&31)
	}
	for _, v := range values {
		c = step(c, v)
	}
	return c
}

// errorTable maps the change of the remainder that one wrong character makes
// to its distance from the end of the string. The code is linear, so two wrong
// characters make the exclusive or of their changes.
type errorTable map[uint32]int

func newErrorTable(length int) errorTable {
	t := make(errorTable, 31*length)
	for v := byte(1); v < 32; v++ {
		c := uint32(v)
		for distance := 0; distance < length; distance++ {
			t[c] = distance
			c = step(c, 0)
		}
	}
	return t
}

// explain returns the one or two places whose change gives the difference, in
// order, or none.
func (t errorTable) explain(difference uint32, length int) []int {
	if d, ok := t[difference]; ok {
		return []int{length - 1 - d}
	}
	for change, d1 := range t {
		if d2, ok := t[difference^change]; ok && d1 != d2 {
			places := []int{length - 1 - d1, length - 1 - d2}
			slices.Sort(places)
			return places
		}
	}
	return nil
}
