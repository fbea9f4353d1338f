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
	firstGroups = 4 // 1 KiB
)

// hashSet is a bounded set of uniformly distributed hashes: 64 shards with a lock each, in a shard groups of eight
// places. A shard begins with few groups and doubles them when one overflows, up to its share of the bound: what is
// used stays close together, and nothing is used during the initial download. At the bound a full group gives up a
// place that the new hash itself selects, which is random to everyone without the salt.
type hashSet struct {
	most   int // groups of a shard
	shards [cacheShards]cacheShard
}

type cacheShard struct {
	mu     sync.RWMutex
	groups [][cacheWays][32]byte
	_      [32]byte // keeps the locks of two shards off one cache line
}

func newHashSet(maxBytes int) *hashSet {
	return &hashSet{most: max(1, maxBytes/(cacheShards*cacheWays*32))}
}

func (s *hashSet) shard(key *[32]byte) *cacheShard { return &s.shards[int(key[0])%cacheShards] }

// group is where a hash belongs.
func (sh *cacheShard) group(key *[32]byte) *[cacheWays][32]byte {
	return &sh.groups[binary.LittleEndian.Uint64(key[8:])%uint64(len(sh.groups))]
}

func (s *hashSet) has(key *[32]byte) bool {
	sh := s.shard(key)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if len(sh.groups) == 0 {
		return false
	}
	group := sh.group(key)
	for i := range group {
		if group[i] == *key {
			return true
		}
	}
	return false
}

func (s *hashSet) add(key *[32]byte) {
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.groups) == 0 {
		sh.groups = make([][cacheWays][32]byte, min(firstGroups, s.most))
	}
	for !sh.put(key) {
		if len(sh.groups) == s.most {
			sh.group(key)[int(key[1])%cacheWays] = *key
			return
		}
		sh.grow(min(2*len(sh.groups), s.most))
	}
}

// put finds a place, or tells that there is none.
func (sh *cacheShard) put(key *[32]byte) bool {
	group := sh.group(key)
	for i := range group {
		if group[i] == *key || group[i] == ([32]byte{}) {
			group[i] = *key
			return true
		}
	}
	return false
}

// grow makes it so many groups. What finds no place in its new one is forgotten.
func (sh *cacheShard) grow(groups int) {
	old := sh.groups
	sh.groups = make([][cacheWays][32]byte, groups)
	for i := range old {
		for j := range old[i] {
			if old[i][j] != ([32]byte{}) {
				sh.put(&old[i][j])
			}
		}
	}
}
