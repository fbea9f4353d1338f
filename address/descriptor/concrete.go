package descriptor

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"github.com/troupe-node/troupe/script"
)

// Output is one of the scripts that a descriptor stands for, with the descriptor
// of this script alone.
type Output struct {
	PkScript []byte
	Desc     string // with checksum; its keys are plain and say where they come from
}

// Outputs is Expand with a descriptor for each script, as Core infers it from the
// keys of the whole: [fingerprint/path] and the public key. Of addr() and raw(),
// which have no keys, it is what [Infer] says.
func (d *Descriptor) Outputs(i uint32, chain string) ([]Output, error) {
	scripts, err := d.Expand(i)
	if err != nil {
		return nil, err
	}
	texts, err := d.root.concrete(i)
	if err != nil {
		return nil, err
	}
	list := make([]Output, len(scripts))
	for n, s := range scripts {
		list[n] = Output{s, Infer(s, chain)}
		if texts != nil {
			list[n].Desc = addChecksum(texts[n])
		}
	}
	return list, nil
}

func (l *literal) concrete(uint32) ([]string, error) { return nil, nil }

func (s *single) concrete(i uint32) ([]string, error) {
	k, pub, err := s.key.concrete(i)
	if err != nil {
		return nil, err
	}
	if s.name == "tr" || s.name == "rawtr" {
		x := xOnly(pub)
		return []string{s.name + "(" + strings.TrimSuffix(k, hex.EncodeToString(pub)) + hex.EncodeToString(x[:]) + ")"}, nil
	}
	if s.name != "combo" {
		return []string{s.name + "(" + k + ")"}, nil
	}
	forms := []string{"pk(" + k + ")", "pkh(" + k + ")"}
	if len(pub) == 33 {
		forms = append(forms, "wpkh("+k+")", "sh(wpkh("+k+"))")
	}
	return forms, nil
}

func (m *multisig) concrete(i uint32) ([]string, error) {
	type named struct {
		text string
		pub  []byte
	}
	keys := make([]named, len(m.keys))
	for n, k := range m.keys {
		text, pub, err := k.concrete(i)
		if err != nil {
			return nil, err
		}
		keys[n] = named{text, pub}
	}
	if m.sorted { // in the script they are in order, and nothing tells why
		slices.SortStableFunc(keys, func(a, b named) int { return bytes.Compare(a.pub, b.pub) })
	}
	var b strings.Builder
	fmt.Fprintf(&b, "multi(%d", m.required)
	for _, k := range keys {
		b.WriteString("," + k.text)
	}
	return []string{b.String() + ")"}, nil
}

func (w *wrapper) concrete(i uint32) ([]string, error) {
	texts, err := w.sub.concrete(i)
	if err != nil || texts == nil {
		return nil, err
	}
	return []string{w.name + "(" + texts[0] + ")"}, nil
}

// concrete is the key at index i behind its origin: the one that was written, or
// that the first key of the path is itself the master.
func (k *key) concrete(i uint32) (text string, pub []byte, err error) {
	if pub, err = k.at(i); err != nil {
		return "", nil, err
	}
	origin := strings.ReplaceAll(strings.Trim(k.origin, "[]"), "'", "h")
	if origin == "" {
		if origin, err = k.fingerprint(); err != nil {
			return "", nil, err
		}
	}
	path := k.path
	switch k.step {
	case rangeStep:
		path = append(slices.Clone(path), i)
	case hardenedRangeStep:
		path = append(slices.Clone(path), i+hardened)
	}
	return "[" + origin + formatPath(path, "h") + "]" + hex.EncodeToString(pub), pub, nil
}

// fingerprint is that of the key that stands in the text.
func (k *key) fingerprint() (string, error) {
	pub := k.fixed
	if pub == nil {
		root, err := hdkeychain.NewKeyFromString(k.rootText)
		if err != nil {
			return "", refuse("key '%s' is not valid", k.text())
		}
		master, err := root.ECPubKey()
		if err != nil {
			return "", refuse("key '%s' is not valid", k.text())
		}
		pub = master.SerializeCompressed()
	}
	id := script.Hash160(pub)
	return hex.EncodeToString(id[:4]), nil
}
