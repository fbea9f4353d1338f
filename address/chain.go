package address

import "fmt"

// Prefixes are what addresses and keys of one chain start with.
type Prefixes struct {
	PubKeyHash byte    // base58 P2PKH
	ScriptHash byte    // base58 P2SH
	SecretKey  byte    // WIF
	ExtPubKey  [4]byte // BIP32 public keys: xpub, tpub
	ExtSecret  [4]byte // BIP32 private keys: xprv, tprv
	HRP        string  // human-readable part of segwit addresses
}

var (
	mainPrefixes = Prefixes{0, 5, 128, [4]byte{4, 0x88, 0xb2, 0x1e}, [4]byte{4, 0x88, 0xad, 0xe4}, "bc"}
	testPrefixes = Prefixes{111, 196, 239, [4]byte{4, 0x35, 0x87, 0xcf}, [4]byte{4, 0x35, 0x83, 0x94}, "tb"}
)

// PrefixesOf returns the prefixes of a chain by Core's name for it: main, test,
// testnet4, signet or regtest.
func PrefixesOf(chain string) (Prefixes, error) {
	switch chain {
	case "main":
		return mainPrefixes, nil
	case "test", "testnet4", "signet":
		return testPrefixes, nil
	case "regtest":
		p := testPrefixes
		p.HRP = "bcrt"
		return p, nil
	}
	return Prefixes{}, fmt.Errorf("unknown chain %q: it is one of main, test, testnet4, signet, regtest", chain)
}
