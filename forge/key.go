package forge

import (
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
)

// Kind is how an output is locked to a key.
type Kind uint8

// The kinds of outputs that a forge makes and spends.
const (
	P2WPKH Kind = iota
	P2PKH
	P2TR // key path, without scripts
	kindCount
)

// String is the name of the output type in wallets.
func (k Kind) String() string { return [kindCount]string{"P2WPKH", "P2PKH", "P2TR"}[k] }

// Key is a key pair with its output scripts. Do not modify the scripts.
type Key struct {
	Secret  *secp.PrivateKey
	tweaked *secp.PrivateKey // signs for P2TR
	pubKey  [33]byte
	scripts [kindCount][]byte
}

func newKey(secret [32]byte) (*Key, error) {
	priv, err := secp.ParsePrivateKey(secret[:])
	if err != nil {
		return nil, err
	}
	tweaked, err := priv.TapTweaked(nil)
	if err != nil {
		return nil, err
	}
	k := &Key{Secret: priv, tweaked: tweaked, pubKey: priv.PubKey()}
	hash, output := script.Hash160(k.pubKey[:]), tweaked.XOnly()
	k.scripts = [kindCount][]byte{
		P2WPKH: script.PayToWitness(0, hash[:]),
		P2PKH:  script.PayToPubKeyHash(hash),
		P2TR:   script.PayToWitness(1, output[:]),
	}
	return k, nil
}

// Script is the output script of that kind.
func (k *Key) Script(kind Kind) []byte { return k.scripts[kind] }

// Mix says how many of the outputs, and so of the inputs that later spend
// them, are of each kind. The numbers are shares of their sum.
type Mix [kindCount]uint64

// DefaultMix is 70 % P2WPKH, 15 % P2PKH and 15 % P2TR, roughly what main has.
var DefaultMix = Mix{P2WPKH: 70, P2PKH: 15, P2TR: 15}

// draw chooses a kind. A mix of nothing is all P2WPKH.
func (m *Mix) draw(d *dice) Kind {
	sum := m[P2WPKH] + m[P2PKH] + m[P2TR]
	if sum == 0 {
		return P2WPKH
	}
	n := d.roll(sum)
	for kind, share := range m {
		if n < share {
			return Kind(kind)
		}
		n -= share
	}
	return P2WPKH
}
