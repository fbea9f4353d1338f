package descriptor

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
)

// Descriptor is a parsed descriptor. It is immutable and safe for concurrent
// use.
type Descriptor struct {
	root node
	keys []*key
}

// String is the descriptor in its canonical public form, with checksum. Private
// keys are replaced by their public keys.
func (d *Descriptor) String() string { return addChecksum(d.root.text()) }

// IsRange reports whether the descriptor has a "*", and so stands for a
// script per index.
func (d *Descriptor) IsRange() bool {
	return slices.ContainsFunc(d.keys, func(k *key) bool { return k.step != fixedKey })
}

// HasPrivateKeys reports whether the text had a private key.
func (d *Descriptor) HasPrivateKeys() bool {
	return slices.ContainsFunc(d.keys, func(k *key) bool { return k.private })
}

// IsSolvable reports whether the keys and scripts to spend with are known; they
// are not for addr() and raw().
func (d *Descriptor) IsSolvable() bool { return d.root.solvable() }

// Expand returns the output scripts at index i, which only matters for ranges:
// one script, or for combo() up to four. An index has 31 bits.
func (d *Descriptor) Expand(i uint32) ([][]byte, error) {
	if i >= hardened {
		return nil, refuse("Key path value %d is out of range", i)
	}
	return d.root.expand(i)
}

// node is a function of the descriptor language.
type node interface {
	expand(i uint32) ([][]byte, error)
	// concrete describes each of these scripts by its keys; nil when there are none.
	concrete(i uint32) ([]string, error)
	text() string
	solvable() bool
}

// literal is addr() or raw(): a script without keys.
type literal struct {
	name, arg string
	pkScript  []byte
}

func (l *literal) expand(uint32) ([][]byte, error) { return [][]byte{bytes.Clone(l.pkScript)}, nil }
func (l *literal) text() string                    { return l.name + "(" + l.arg + ")" }
func (l *literal) solvable() bool                  { return false }

// single is a function of one key: pk, pkh, wpkh, combo, tr, rawtr.
type single struct {
	name string
	key  *key
}

func (s *single) text() string   { return s.name + "(" + s.key.text() + ")" }
func (s *single) solvable() bool { return true }

func (s *single) expand(i uint32) ([][]byte, error) {
	k, err := s.key.at(i)
	if err != nil {
		return nil, err
	}
	hash := script.Hash160(k)
	switch s.name {
	case "pk":
		return [][]byte{script.PayToPubKey(k)}, nil
	case "pkh":
		return [][]byte{script.PayToPubKeyHash(hash)}, nil
	case "wpkh":
		return [][]byte{script.PayToWitness(0, hash[:])}, nil
	case "combo":
		return combo(k, hash), nil
	}
	x := xOnly(k)
	if s.name == "tr" {
		output, _, ok := secp.TapTweak(&x, nil)
		if !ok {
			return nil, refuse("tr(): key %x cannot be tweaked", x)
		}
		x = output
	}
	return [][]byte{script.PayToWitness(1, x[:])}, nil
}

// combo is every form a wallet without descriptors would look for; the segwit
// ones for compressed keys only.
func combo(k []byte, hash [20]byte) [][]byte {
	scripts := [][]byte{script.PayToPubKey(k), script.PayToPubKeyHash(hash)}
	if len(k) == 33 {
		witness := script.PayToWitness(0, hash[:])
		scripts = append(scripts, witness, script.PayToScriptHash(script.Hash160(witness)))
	}
	return scripts
}

// multisig is multi or sortedmulti.
type multisig struct {
	sorted   bool
	required int
	keys     []*key
}

func (m *multisig) solvable() bool { return true }

func (m *multisig) text() string {
	var b strings.Builder
	if m.sorted {
		b.WriteString("sorted")
	}
	fmt.Fprintf(&b, "multi(%d", m.required)
	for _, k := range m.keys {
		b.WriteString("," + k.text())
	}
	return b.String() + ")"
}

func (m *multisig) expand(i uint32) ([][]byte, error) {
	keys := make([][]byte, len(m.keys))
	for n, k := range m.keys {
		var err error
		if keys[n], err = k.at(i); err != nil {
			return nil, err
		}
	}
	if m.sorted {
		slices.SortFunc(keys, bytes.Compare)
	}
	return [][]byte{script.PayToMultiSig(m.required, keys...)}, nil
}

// wrapper is sh or wsh around a script.
type wrapper struct {
	name string
	sub  node
}

func (w *wrapper) text() string   { return w.name + "(" + w.sub.text() + ")" }
func (w *wrapper) solvable() bool { return w.sub.solvable() }

func (w *wrapper) expand(i uint32) ([][]byte, error) {
	inner, err := w.sub.expand(i)
	if err != nil {
		return nil, err
	}
	if w.name == "wsh" {
		program := sha256Of(inner[0])
		return [][]byte{script.PayToWitness(0, program[:])}, nil
	}
	return [][]byte{script.PayToScriptHash(script.Hash160(inner[0]))}, nil
}

// Infer describes an output script without knowing any key: pk(), multi() and
// rawtr() where the script shows its keys, addr() where it has an address on
// the chain, raw() otherwise. It is the "desc" field of Core's RPC.
func Infer(pkScript []byte, chain string) string {
	class, parts := script.Classify(pkScript)
	switch {
	case class == script.PubKey && plainKey(parts[0]):
		return addChecksum("pk(" + hex.EncodeToString(parts[0]) + ")")
	case class == script.MultiSig && allPlain(parts[1:len(parts)-1]):
		var b strings.Builder
		fmt.Fprintf(&b, "multi(%d", parts[0][0])
		for _, k := range parts[1 : len(parts)-1] {
			b.WriteString("," + hex.EncodeToString(k))
		}
		return addChecksum(b.String() + ")")
	case class == script.WitnessV1Taproot && secp.CheckXOnly(parts[0]):
		return addChecksum("rawtr(" + hex.EncodeToString(parts[0]) + ")")
	}
	if text, ok := address.Encode(pkScript, chain); ok {
		return addChecksum("addr(" + text + ")")
	}
	return addChecksum("raw(" + hex.EncodeToString(pkScript) + ")")
}

// plainKey reports whether a key of valid size is not hybrid.
func plainKey(k []byte) bool { return k[0] == 2 || k[0] == 3 || k[0] == 4 }

func allPlain(keys [][]byte) bool {
	return !slices.ContainsFunc(keys, func(k []byte) bool { return !plainKey(k) })
}
