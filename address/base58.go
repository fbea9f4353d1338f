package address

import (
	"crypto/sha256"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
)

// blanks are what Core's base58 decoder skips at both ends.
const blanks = " \f\n\r\t\v"

// decodeBase58 decodes at most limit bytes, as Core's DecodeBase58: blanks
// around the text are skipped, and more bytes than limit are an error.
func decodeBase58(s string, limit int) ([]byte, bool) {
	s = strings.Trim(s, blanks)
	// A digit of base 58 carries more than 0.73 bytes. The library takes time
	// quadratic in the length, so refuse early.
	if len(s) > limit*138/100+1 {
		return nil, false
	}
	b := base58.Decode(s)
	if len(b) > limit || len(b) == 0 && s != "" {
		return nil, false
	}
	return b, true
}

// decodeBase58Check decodes at most limit bytes and checks and removes the
// four bytes of checksum after them.
func decodeBase58Check(s string, limit int) ([]byte, bool) {
	b, ok := decodeBase58(s, limit+4)
	if !ok || len(b) < 4 {
		return nil, false
	}
	body, sum := b[:len(b)-4], b[len(b)-4:]
	return body, checksum(body) == [4]byte(sum)
}

func encodeBase58Check(prefix byte, payload ...[]byte) string {
	b := []byte{prefix}
	for _, p := range payload {
		b = append(b, p...)
	}
	sum := checksum(b)
	return base58.Encode(append(b, sum[:]...))
}

func checksum(b []byte) [4]byte {
	once := sha256.Sum256(b)
	twice := sha256.Sum256(once[:])
	return [4]byte(twice[:])
}
