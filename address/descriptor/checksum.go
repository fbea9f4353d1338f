package descriptor

import (
	"strings"
)

// The alphabet of descriptors in the order of BIP380: three groups of 32, so
// that most typing errors stay within one group and change one symbol.
const inputCharset = "0123456789()[],'/*abcdefgh@:$%{}" +
	"IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~" +
	"ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "

const checksumCharset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// checksumStep is the multiplication by x modulo the generator of BIP380.
func checksumStep(c uint64, symbol int) uint64 {
	top := c >> 35
	c = (c&0x7ffffffff)<<5 ^ uint64(symbol)
	for i, g := range [5]uint64{0xf5dee51989, 0xa9fdca3312, 0x1bab10e32d, 0x3706b1677a, 0x644d626ffd} {
		if top>>i&1 == 1 {
			c ^= g
		}
	}
	return c
}

// Checksum returns the eight characters that belong behind "#" after a
// descriptor. It is false when the text has a character descriptors cannot have.
func Checksum(text string) (string, bool) {
	c, groups, inGroup := uint64(1), 0, 0
	for i := 0; i < len(text); i++ {
		at := strings.IndexByte(inputCharset, text[i])
		if at < 0 {
			return "", false
		}
		c = checksumStep(c, at&31)
		groups = groups*3 + at>>5
		if inGroup++; inGroup == 3 {
			c = checksumStep(c, groups)
			groups, inGroup = 0, 0
		}
	}
	if inGroup > 0 {
		c = checksumStep(c, groups)
	}
	for range 8 {
		c = checksumStep(c, 0)
	}
	c ^= 1
	var sum [8]byte
	for i := range sum {
		sum[i] = checksumCharset[c>>(5*(7-i))&31]
	}
	return string(sum[:]), true
}

func addChecksum(text string) string {
	sum, _ := Checksum(text)
	return text + "#" + sum
}

// splitChecksum verifies the checksum of a descriptor and removes it.
func splitChecksum(text string, required bool) (string, error) {
	payload, given, has := strings.Cut(text, "#")
	switch {
	case strings.Contains(given, "#"):
		return "", refuse("Multiple '#' symbols")
	case !has && required:
		return "", refuse("Missing checksum")
	case has && len(given) != 8:
		return "", refuse("Expected 8 character checksum, not %d characters", len(given))
	}
	sum, ok := Checksum(payload)
	if !ok {
		return "", refuse("Invalid characters in payload")
	}
	if has && given != sum {
		return "", refuse("Provided checksum '%s' does not match computed checksum '%s'", given, sum)
	}
	return payload, nil
}
