// Package address turns addresses and WIF keys into scripts and secrets and
// back, for every chain: base58check for P2PKH, P2SH and private keys, bech32
// and bech32m for witness programs (BIP173, BIP350).
//
// It owns the prefixes of each chain and the texts that Core's RPC reports for
// a bad address, with the places of the errors. It accepts exactly what Core's
// DecodeDestination and DecodeSecret accept, which is more than the base58 and
// bech32 libraries below it say (blanks around base58, for example) and at
// times less. It never talks to anybody and never stores a key.
//
// Start with decode.go. Output descriptors are in the package below.
package address
