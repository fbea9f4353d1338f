package consensus

import "github.com/troupe-node/troupe/tx"

// bip34ImpliesBIP30Limit is the first height that an old coinbase already
// claims in its script: from there on a coinbase with its height can repeat
// an older one again.
// See https://github.com/bitcoin/bitcoin/pull/12204 and Core's ConnectBlock.
const bip34ImpliesBIP30Limit = 1_983_702

// BIP30Needed tells whether a block on top of prev must be looked through for
// transactions that would overwrite unspent coins (BIP30). Two blocks of main
// net did so before the rule; and where BIP34 is known to have been active,
// coinbases differ by their height, so that the costly look is spared.
func BIP30Needed(hash tx.Hash, prev Ancestry, p *Params) bool {
	height := nextHeight(prev)
	if height >= bip34ImpliesBIP30Limit {
		return true
	}
	if BIP30Repeat(hash, height, p) {
		return false
	}
	bip34 := prev.Ancestor(p.activation[HeightInCoinbase])
	return bip34 == nil || bip34.Hash() != p.bip34Hash
}

// BIP30Repeat tells whether this block's coinbase repeats an older one, whose
// coins it replaces: the number of coins stays what it was.
func BIP30Repeat(hash tx.Hash, height int32, p *Params) bool {
	repeat, ok := p.bip30Repeats[height]
	return ok && repeat == hash
}

// BIP30Unspendable tells whether a later block repeated this block's coinbase
// and took its coins away. Undoing such a block finds its outputs gone, which
// is not an inconsistency.
func BIP30Unspendable(hash tx.Hash, height int32, p *Params) bool {
	known, ok := p.bip30Unspendable[height]
	return ok && known == hash
}

// mainBIP30Blocks are the two blocks of main net whose coinbase repeated an
// older one, and the two whose coins were lost by that.
// See https://github.com/bitcoin/bips/blob/master/bip-0030.mediawiki.
func mainBIP30Blocks() (repeats, unspendable map[int32]tx.Hash) {
	return map[int32]tx.Hash{
			91842: tx.MustHash("00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec"),
			91880: tx.MustHash("00000000000743f190a18c5577a3c2d2a1f610ae9601ac046a38084ccb7cd721"),
		}, map[int32]tx.Hash{
			91722: tx.MustHash("00000000000271a2dc26e7667f8419f2e15416dc6955e5a6c6cdf3f2574dd08e"),
			91812: tx.MustHash("00000000000af0aed4792b1acee3d966af36cf5def14935db8de83d6f9306f2f"),
		}
}
