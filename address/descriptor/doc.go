// Package descriptor reads output descriptors (BIP380 to BIP386): texts such as
// wpkh([d34db33f/84h/0h/0h]xpub.../0/*)#checksum that stand for scripts.
//
// It owns the subset that a node without a wallet needs, for scantxoutset,
// deriveaddresses, getdescriptorinfo, generatetodescriptor and the "desc" field
// of outputs: addr, raw, pk, pkh, wpkh, combo, multi, sortedmulti, sh, wsh, tr
// with a key alone, and rawtr; keys in hex, as WIF, and as BIP32 keys with
// paths and ranges. Script trees and miniscript are refused by name. Refusals
// read as Core's.
//
// It derives and writes public data. A private key in a descriptor is used to
// derive hardened steps, and never printed.
//
// Start with [Parse] and [Descriptor.Expand]; key.go has the key expressions.
package descriptor
