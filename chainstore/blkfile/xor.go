package blkfile

import "io"

// KeyFile is where Core 28 and later keep the key of their block files, in the same
// folder: the files are xored with it, so that no virus scanner finds what it looks for.
const KeyFile = "xor.dat"

// KeySize is the length of the key in bytes.
const KeySize = 8

// Unxor reads what r has, xored with the key; offset is where in the file r begins.
// A key of zeros changes nothing.
func Unxor(r io.Reader, key [KeySize]byte, offset int64) io.Reader {
	if key == ([KeySize]byte{}) {
		return r
	}
	return &unxor{r: r, key: key, at: uint64(offset)}
}

type unxor struct {
	r   io.Reader
	key [KeySize]byte
	at  uint64
}

// Read reads and xors.
func (u *unxor) Read(b []byte) (int, error) {
	n, err := u.r.Read(b)
	for i := range b[:n] {
		b[i] ^= u.key[(u.at+uint64(i))%KeySize]
	}
	u.at += uint64(n)
	return n, err
}
