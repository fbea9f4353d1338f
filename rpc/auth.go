package rpc

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// CookieUser is the user name in the cookie file.
const CookieUser = "__cookie__"

// Credential is one way to be let in: a user with a password, or with a salted
// HMAC of it as Core's share/rpcauth writes them.
type Credential struct {
	User     string
	Password string // plain; empty when Salt is set
	Salt     string
	HMAC     string // hex of HMAC-SHA256(salt, password)
}

// ParseRPCAuth reads "user:salt$hash".
func ParseRPCAuth(s string) (Credential, error) {
	user, rest, ok := strings.Cut(s, ":")
	salt, sum, ok2 := strings.Cut(rest, "$")
	if !ok || !ok2 || user == "" || salt == "" || sum == "" {
		return Credential{}, fmt.Errorf("rpcauth %q: want user:salt$hash", user)
	}
	return Credential{User: user, Salt: salt, HMAC: sum}, nil
}

func (c *Credential) admits(user, password string) bool {
	same := subtle.ConstantTimeCompare([]byte(user), []byte(c.User)) == 1
	if c.Salt == "" {
		return subtle.ConstantTimeCompare([]byte(password), []byte(c.Password)) == 1 && same
	}
	mac := hmac.New(sha256.New, []byte(c.Salt))
	mac.Write([]byte(password))
	sum := hex.EncodeToString(mac.Sum(nil))
	return subtle.ConstantTimeCompare([]byte(sum), []byte(c.HMAC)) == 1 && same
}

// WriteCookie makes a fresh password, writes "__cookie__:password" to path so
// that a reader sees all of it or nothing, and returns the credential.
func WriteCookie(path string, perm fs.FileMode) (Credential, error) {
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return Credential{}, fmt.Errorf("cookie: no randomness: %w", err)
	}
	c := Credential{User: CookieUser, Password: hex.EncodeToString(secret[:])}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, []byte(c.User+":"+c.Password), perm); err != nil {
		return Credential{}, fmt.Errorf("cookie file cannot be written: %w", err)
	}
	// WriteFile leaves the mode of a file that was there, and obeys the umask.
	if err := os.Chmod(tmp, perm); err != nil {
		return Credential{}, fmt.Errorf("cookie file's mode cannot be set: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return Credential{}, fmt.Errorf("cookie file cannot be put in place: %w", err)
	}
	return c, nil
}
