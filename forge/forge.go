package forge

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/troupe-node/troupe/consensus"
)

// keyCount is how many keys a forge has. Wallets use keys again, too, but less: where it
// matters that a node remembers keys, docs/performance.md says by how much.
const keyCount = 256

// Forge makes blocks and transactions from a seed. It is immutable and safe
// for concurrent use.
type Forge struct {
	params *consensus.Params
	seed   [32]byte
	keys   [keyCount]*Key
}

// New makes a forge. The parameters must be of a chain whose proof of work
// costs nothing and never changes, which is regtest.
func New(seed string, p *consensus.Params) (*Forge, error) {
	if !p.NoRetargeting || p.Signet {
		return nil, fmt.Errorf("cannot forge blocks on %q: its blocks need work or a signature; use regtest", p.Name)
	}
	f := &Forge{params: p, seed: sha256.Sum256([]byte("troupe forge " + seed))}
	for i := range f.keys {
		key, err := newKey(f.derive("key", uint64(i)))
		if err != nil {
			return nil, fmt.Errorf("key %d of seed %q: %w", i, seed, err)
		}
		f.keys[i] = key
	}
	return f, nil
}

// Params are the parameters that the forge was made with.
func (f *Forge) Params() *consensus.Params { return f.params }

// Key returns one of the forge's keys. Every number has one; they repeat.
func (f *Forge) Key(i uint64) *Key { return f.keys[i%keyCount] }

// derive gives 32 bytes that depend on the seed, a purpose and a number.
func (f *Forge) derive(purpose string, i uint64) [32]byte {
	buf := append(make([]byte, 0, 64), f.seed[:]...)
	buf = append(buf, purpose...)
	return sha256.Sum256(binary.LittleEndian.AppendUint64(buf, i))
}

// dice is a small generator of numbers (splitmix64). Its state is its value, so
// that a chain can be copied in the middle.
type dice uint64

func (f *Forge) dice(purpose string, i uint64) dice {
	b := f.derive(purpose, i)
	return dice(binary.LittleEndian.Uint64(b[:]))
}

// roll returns a number in [0, n).
func (d *dice) roll(n uint64) uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return (z ^ z>>31) % n
}
