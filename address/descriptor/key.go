package descriptor

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/script/secp"
)

// hardened is the bit of a BIP32 step that needs the private key.
const hardened = hdkeychain.HardenedKeyStart

// step is what the last element of a key's path does with the index.
type step int

const (
	fixedKey step = iota
	rangeStep
	hardenedRangeStep
)

// key is a key expression: an optional origin and a key in hex or WIF, or a
// BIP32 key with a path.
type key struct {
	origin  string // canonical, with brackets; or empty
	fixed   []byte // a plain public key, 33 or 65 bytes; nil for BIP32
	xOnly   bool   // fixed is written without its first byte
	private bool

	rootText string // the public form of the BIP32 key
	path     []uint32
	step     step
	marker   string                  // how hardened steps are written: h or '
	parent   *hdkeychain.ExtendedKey // after path; nil when that needs private keys
}

// size is the length of the public key in bytes.
func (k *key) size() int {
	if k.fixed != nil {
		return len(k.fixed)
	}
	return 33
}

// at returns the public key at index i.
func (k *key) at(i uint32) ([]byte, error) {
	if k.fixed != nil {
		return k.fixed, nil
	}
	child := k.parent
	if child == nil {
		return nil, ErrNeedsPrivateKeys
	}
	if k.step != fixedKey {
		if k.step == hardenedRangeStep {
			i += hardened
		}
		var err error
		if child, err = derive(child, i); err != nil {
			return nil, err
		}
	}
	pub, err := child.ECPubKey()
	if err != nil {
		return nil, refuse("key '%s' is not valid", k.text())
	}
	return pub.SerializeCompressed(), nil
}

func derive(k *hdkeychain.ExtendedKey, i uint32) (*hdkeychain.ExtendedKey, error) {
	child, err := k.Derive(i)
	if err == hdkeychain.ErrDeriveHardFromPublic {
		return nil, ErrNeedsPrivateKeys
	}
	if err != nil {
		return nil, refuse("BIP32 step %d: %v", i, err)
	}
	return child, nil
}

// text is the public form of the expression.
func (k *key) text() string {
	var b strings.Builder
	b.WriteString(k.origin)
	if k.fixed != nil {
		pub := k.fixed
		if k.xOnly {
			pub = pub[1:]
		}
		return b.String() + hex.EncodeToString(pub)
	}
	b.WriteString(k.rootText)
	b.WriteString(formatPath(k.path, k.marker))
	switch k.step {
	case rangeStep:
		b.WriteString("/*")
	case hardenedRangeStep:
		b.WriteString("/*" + k.marker)
	}
	return b.String()
}

func formatPath(path []uint32, marker string) string {
	var b strings.Builder
	for _, p := range path {
		b.WriteString("/" + strconv.FormatUint(uint64(p&^hardened), 10))
		if p >= hardened {
			b.WriteString(marker)
		}
	}
	return b.String()
}

// parseKey reads a key expression in context c.
func (p *parser) parseKey(text string, c context) (*key, error) {
	parts := strings.Split(text, "]")
	k := &key{marker: "h"}
	var originPath []uint32
	var fingerprint string
	switch {
	case len(parts) > 2:
		return nil, refuse("Multiple ']' characters found for a single pubkey")
	case len(parts) == 2:
		var err error
		if fingerprint, originPath, err = parseOrigin(parts[0], &k.marker); err != nil {
			return nil, err
		}
		text = parts[1]
	}
	if err := p.parseBareKey(k, text, c); err != nil {
		return nil, err
	}
	// The marker is known only now: the last one written counts for all.
	if fingerprint != "" {
		k.origin = "[" + fingerprint + formatPath(originPath, k.marker) + "]"
	}
	p.keys = append(p.keys, k)
	return k, nil
}

// parseOrigin reads "[fingerprint/path".
func parseOrigin(text string, marker *string) (fingerprint string, path []uint32, err error) {
	if !strings.HasPrefix(text, "[") {
		got := byte(']')
		if text != "" {
			got = text[0]
		}
		return "", nil, refuse("Key origin start '[ character expected but not found, got '%c' instead", got)
	}
	parts := strings.Split(text[1:], "/")
	if len(parts[0]) != 8 {
		return "", nil, refuse("Fingerprint is not 4 bytes (%d characters instead of 8 characters)", len(parts[0]))
	}
	if _, err := hex.DecodeString(parts[0]); err != nil {
		return "", nil, refuse("Fingerprint '%s' is not hex", parts[0])
	}
	path, err = parsePath(parts[1:], marker)
	return strings.ToLower(parts[0]), path, err
}

// parsePath reads numbers with an optional h or ' behind each.
func parsePath(parts []string, marker *string) ([]uint32, error) {
	path := make([]uint32, 0, len(parts))
	for _, part := range parts {
		number, add := part, uint32(0)
		if strings.HasSuffix(part, "h") || strings.HasSuffix(part, "'") {
			number, add = part[:len(part)-1], hardened
			*marker = part[len(part)-1:]
		}
		// Core takes a plus sign.
		n, err := strconv.ParseUint(strings.TrimPrefix(number, "+"), 10, 32)
		if err != nil {
			return nil, refuse("Key path value '%s' is not a valid uint32", number)
		}
		if n >= hardened {
			return nil, refuse("Key path value %d is out of range", n)
		}
		path = append(path, uint32(n)+add)
	}
	return path, nil
}

// parseBareKey reads what follows the origin.
func (p *parser) parseBareKey(k *key, text string, c context) error {
	parts := strings.Split(text, "/")
	if parts[0] == "" {
		return refuse("No key provided")
	}
	if strings.Trim(parts[0], " \f\n\r\t\v") != parts[0] {
		return refuse("Key '%s' is invalid due to whitespace", parts[0])
	}
	if len(parts) == 1 {
		if b, err := hex.DecodeString(text); err == nil {
			return k.setHex(b, text, c)
		}
		secret, compressed, err := address.DecodeWIF(text, p.chain)
		if err == nil {
			return k.setSecret(secret, compressed, c)
		}
	}
	return p.parseExtended(k, parts)
}

func (k *key) setHex(b []byte, text string, c context) error {
	if len(b) == 65 && (b[0] == 6 || b[0] == 7) {
		return refuse("Hybrid public keys are not allowed")
	}
	if secp.CheckPubKey(b) {
		if len(b) == 65 && !c.uncompressed() {
			return refuse("Uncompressed keys are not allowed")
		}
		k.fixed = b
		return nil
	}
	if len(b) == 32 && c == inTaproot && secp.CheckXOnly(b) {
		k.fixed, k.xOnly = append([]byte{2}, b...), true
		return nil
	}
	return refuse("Pubkey '%s' is invalid", text)
}

func (k *key) setSecret(secret *secp.PrivateKey, compressed bool, c context) error {
	if !compressed && !c.uncompressed() {
		return refuse("Uncompressed keys are not allowed")
	}
	k.private, k.xOnly = true, c == inTaproot
	if compressed {
		pub := secret.PubKey()
		k.fixed = pub[:]
	} else {
		pub := secret.PubKeyUncompressed()
		k.fixed = pub[:]
	}
	return nil
}

// parseExtended reads a BIP32 key of the chain, its path and its range.
func (p *parser) parseExtended(k *key, parts []string) error {
	root, ok := p.extendedKey(parts[0])
	if !ok {
		return refuse("key '%s' is not valid", parts[0])
	}
	public := root
	if root.IsPrivate() {
		var err error
		if public, err = root.Neuter(); err != nil {
			return refuse("key '%s' is not valid", parts[0])
		}
	}
	k.rootText, k.private = public.String(), root.IsPrivate()
	parts = parts[1:]
	if n := len(parts); n > 0 {
		switch parts[n-1] {
		case "*":
			k.step, parts = rangeStep, parts[:n-1]
		case "*h", "*'":
			k.step, k.marker, parts = hardenedRangeStep, parts[n-1][1:], parts[:n-1]
		}
	}
	var err error
	if k.path, err = parsePath(parts, &k.marker); err != nil {
		return err
	}
	parent := root
	for _, i := range k.path {
		if parent, err = derive(parent, i); err == ErrNeedsPrivateKeys {
			return nil // found again, with the same answer, when expanded
		} else if err != nil {
			return err
		}
	}
	k.parent = parent
	return nil
}

// extendedKey reads an xpub or xprv with the prefix of the chain. BIP32 says
// that a key of depth 0 has no parent.
func (p *parser) extendedKey(text string) (*hdkeychain.ExtendedKey, bool) {
	k, err := hdkeychain.NewKeyFromString(text)
	if err != nil {
		return nil, false
	}
	want := p.prefixes.ExtPubKey
	if k.IsPrivate() {
		want = p.prefixes.ExtSecret
	}
	if [4]byte(k.Version()) != want {
		return nil, false
	}
	if k.Depth() == 0 && (k.ParentFingerprint() != 0 || k.ChildIndex() != 0) {
		return nil, false
	}
	return k, true
}

// xOnly drops the parity of a compressed key.
func xOnly(k []byte) [32]byte { return [32]byte(k[1:33]) }

func sha256Of(b []byte) [32]byte { return sha256.Sum256(b) }
