package script

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/troupe-node/troupe/script/secp"
	"github.com/troupe-node/troupe/tx"
)

// SigCache remembers signatures that verified and transactions whose scripts all verified, so that a block does not
// repeat what the pool already did. It is bounded, safe for concurrent use, and keyed by salted hashes: what it evicts
// cannot be steered from outside. Failures are never remembered. A nil *SigCache remembers nothing.
type SigCache struct {
	salt     [32]byte
	sigs     *hashSet
	scripts  *hashSet
	readOnly bool
}

// NewSigCache makes a cache of about maxBytes of memory, half for signatures and half for scripts (Core's
// -maxsigcachesize, 32 MiB by default). The salt must be random and is never shown.
func NewSigCache(maxBytes int, salt [32]byte) *SigCache {
	return &SigCache{salt: salt, sigs: newHashSet(maxBytes / 2), scripts: newHashSet(maxBytes / 2)}
}

// ReadOnly is the same cache, which looks signatures up but remembers none: for blocks, whose signatures nobody asks
// for again.
func (c *SigCache) ReadOnly() *SigCache {
	if c == nil {
		return nil
	}
	reader := *c
	reader.readOnly = true
	return &reader
}

// sigKind is the first byte of a key, so that entries of different kinds cannot meet.
type sigKind byte

const (
	kindECDSA   sigKind = 'E'
	kindSchnorr sigKind = 'S'
	kindScripts sigKind = 'T'
)

// verify checks a signature, or remembers having done so.
func (c *SigCache) verify(kind sigKind, hash *[32]byte, pubKey, sig []byte) bool {
	if c == nil {
		return verifySignature(kind, hash, pubKey, sig)
	}
	key := c.sigKey(kind, hash, pubKey, sig)
	if c.sigs.has(&key) {
		return true
	}
	if !verifySignature(kind, hash, pubKey, sig) {
		return false
	}
	if !c.readOnly {
		c.sigs.add(&key)
	}
	return true
}

func verifySignature(kind sigKind, hash *[32]byte, pubKey, sig []byte) bool {
	if kind == kindSchnorr {
		return secp.VerifySchnorr(pubKey, sig, hash)
	}
	return secp.VerifyECDSA(pubKey, sig, hash)
}

func (c *SigCache) sigKey(kind sigKind, hash *[32]byte, pubKey, sig []byte) [32]byte {
	var buf [256]byte
	b := append(buf[:0], c.salt[:]...)
	b = append(b, byte(kind), byte(len(pubKey)))
	b = append(b, hash[:]...)
	b = append(b, pubKey...)
	b = append(b, sig...)
	return sha256.Sum256(b)
}

// ScriptsVerified reports whether all inputs of the transaction are known to have verified under exactly these flags.
// The witness id stands for the spent outputs too: it commits to their outpoints, and an outpoint to its output.
func (c *SigCache) ScriptsVerified(wtxid tx.Hash, flags Flags) bool {
	if c == nil {
		return false
	}
	key := c.scriptsKey(wtxid, flags)
	return c.scripts.has(&key)
}

// RememberScripts records that all inputs of the transaction verified under these flags.
func (c *SigCache) RememberScripts(wtxid tx.Hash, flags Flags) {
	if c == nil {
		return
	}
	key := c.scriptsKey(wtxid, flags)
	c.scripts.add(&key)
}

func (c *SigCache) scriptsKey(wtxid tx.Hash, flags Flags) [32]byte {
	var buf [32 + 1 + 32 + 4]byte
	b := append(buf[:0], c.salt[:]...)
	b = append(b, byte(kindScripts))
	b = append(b, wtxid[:]...)
	return sha256.Sum256(binary.LittleEndian.AppendUint32(b, uint32(flags)))
}

const (
	cacheShards = 64
	cacheWays   = 8
)

// hashSet is a bounded set of uniformly distributed hashes: 64 shards with a lock each, in a shard groups of eight
// places. A full group gives up a place that the new hash itself selects, which is random to everyone without the salt.
// A shard has no memory before its first hash: during the initial download there is none.
type hashSet struct {
	perShard int // groups
	shards   [cacheShards]struct {
		mu     sync.RWMutex
		groups [][cacheWays][32]byte
		_      [32]byte // keeps the locks of two shards off one cache line
	}
}

func newHashSet(maxBytes int) *hashSet {
	return &hashSet{perShard: max(1, maxBytes/(cacheShards*cacheWays*32))}
}

// place splits a hash into its shard and its group there.
func (s *hashSet) place(key *[32]byte) (shard, group int) {
	shard = int(key[0]) % cacheShards
	return shard, int(binary.LittleEndian.Uint64(key[8:]) % uint64(s.perShard))
}

func (s *hashSet) has(key *[32]byte) bool {
	shard, group := s.place(key)
	sh := &s.shards[shard]
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if sh.groups == nil {
		return false
	}
	for i := range sh.groups[group] {
		if sh.groups[group][i] == *key {
			return true
		}
	}
	return false
}

func (s *hashSet) add(key *[32]byte) {
	shard, group := s.place(key)
	sh := &s.shards[shard]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.groups == nil {
		sh.groups = make([][cacheWays][32]byte, s.perShard)
	}
	victim := int(key[1]) % cacheWays
	for i := range sh.groups[group] {
		if sh.groups[group][i] == *key {
			return
		}
		if sh.groups[group][i] == ([32]byte{}) {
			victim = i
			break
		}
	}
	sh.groups[group][victim] = *key
}
